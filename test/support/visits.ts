// Requests and their responses without a framework.
import type { HttpRequest } from '../../src/http/contract.js';
import type { Visit } from '../../src/http/visit.js';

/** What a request says; header fields by their names in lower case. */
export interface RequestFacts extends Partial<Omit<HttpRequest, 'header'>> {
  readonly cookie?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export function requestOf({ cookie, headers = {}, ...facts }: RequestFacts = {}): HttpRequest {
  const fields = new Headers(headers);
  if (cookie !== undefined) fields.set('cookie', cookie);
  const header = (name: string) => fields.get(name) ?? undefined;
  return { method: 'GET', host: 'localhost', https: false, ...facts, header };
}

/** Ends a visit: the `Set-Cookie` fields of its response. */
export async function cookiesOf(visit: Visit): Promise<readonly string[]> {
  const headers = new Headers();
  await visit.finish(headers);
  return headers.getSetCookie();
}
