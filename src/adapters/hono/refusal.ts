// How Hono hears of what a client is to hear of.
import { HTTPException } from 'hono/http-exception';
import { KeyturnError } from '../../errors.js';

/** Waits for work, and refuses as Hono does. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw forHono(error);
  }
}

/** Hono's own error where a client is to hear of it: 403, 409, 503. Any other is the app's to see as it is. */
export function forHono(error: unknown): unknown {
  if (!(error instanceof KeyturnError) || error.statusCode === 500) return error;
  const { message, statusCode, headers } = error;
  const res = new Response(message, { status: statusCode, ...(headers === undefined ? {} : { headers }) });
  return new HTTPException(statusCode as 403, { res, message, cause: error });
}
