// The app that the replicas of the demo run: a page for whoever is signed in, another one for everybody else. It is all
// that docs/adapters.md builds on node:http, and knows nothing of rotations.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type HttpVisit, holdUntilSaved, type KeyturnHttp, nodeRequest } from '../adapters/http/index.js';

export const SIGN_IN = '/sign-in';
/** Says that the replica answers; needs no session. */
export const HEALTH = '/healthz';
/** The page of whoever is not signed in. */
export const SIGNED_OUT = 'You are signed out.';

export function signedInAs(name: string): string {
  return `You are signed in as ${name}.`;
}

export function demoApp(http: KeyturnHttp): RequestListener {
  return async (request, response) => {
    if (request.url === HEALTH) {
      response.end('fine');
      return;
    }
    const visit = http.visit(nodeRequest(request));
    const failed = (error: unknown): void => {
      response.statusCode = (error as { statusCode?: number }).statusCode ?? 500;
      response.end('Something went wrong.');
    };
    holdUntilSaved(response, () => visit, failed);
    try {
      await visit.before();
      const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : undefined;
      visit.protect(form === undefined ? undefined : Object.fromEntries(form));
      answer(visit, request, form, response);
    } catch (error) {
      if (!response.headersSent) failed(error);
    }
  };
}

function answer(
  { session }: HttpVisit,
  { url }: IncomingMessage,
  form: URLSearchParams | undefined,
  response: ServerResponse,
): void {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  const name = form?.get('name');
  if (url === SIGN_IN && typeof name === 'string') {
    session.regenerate();
    session.user = name;
  }
  const { user } = session;
  if (typeof user !== 'string') response.statusCode = 401;
  response.end(typeof user === 'string' ? signedInAs(user) : SIGNED_OUT);
}
