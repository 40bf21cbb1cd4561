// Where browsers drop a cookie with `Secure`: in an answer to a request that came by http.
import type { HttpRequest } from './contract.js';

const SIGNS_OF_A_PROXY = [
  'x-forwarded-proto',
  'x-forwarded-for',
  'x-forwarded-host',
  'forwarded',
  'via',
  'x-real-ip',
] as const;

/**
 * Whether the browser that sent a request drops cookies with `Secure`. Behind a proxy it is the proxy that knows how the
 * browser came, and from localhost browsers take them all the same.
 */
export function dropsSecureCookies(request: HttpRequest): boolean {
  return !request.https && !cameThroughProxy(request) && !isLocal(request.host);
}

/** Whether a proxy has left a sign of itself: the browser may have come by https all the same. */
function cameThroughProxy(request: HttpRequest): boolean {
  return SIGNS_OF_A_PROXY.some((name) => request.header(name) !== undefined);
}

/** Where browsers take a `Secure` cookie by http too. */
function isLocal(host: string | undefined): boolean {
  return (
    host === undefined ||
    /^(?:[\w.-]+\.)?localhost(?::\d+)?$|^127(?:\.\d+){3}(?::\d+)?$|^\[::1\](?::\d+)?$/i.test(host)
  );
}
