// Which request methods change nothing.

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Whether a method changes nothing (RFC 9110, section 9.2.1), and so needs no protection against forgery. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Whether a request reads a page: a response that gets lost costs nothing then, and a cookie may be replaced by it. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
