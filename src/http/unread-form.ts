// A form on Node whose token nobody can see yet: its body has not been read.
import type { IncomingMessage } from 'node:http';
import type { HttpCore } from './core.js';
import type { Visit } from './visit.js';

/**
 * Refuses a forged request by its header or its parsed body. Where a form was refused unread the log says what to write.
 *
 * @param body as the body parser has left it; undefined where none has
 * @param hint what puts it right, in the words of the framework
 * @throws KeyturnError `csrf_refused`
 */
export function protectParsed(
  core: HttpCore,
  visit: Visit,
  {
    request,
    body,
    hint,
  }: { readonly request: IncomingMessage; readonly body: unknown; readonly hint: string },
): void {
  try {
    visit.protect(body);
  } catch (error) {
    if (visit.wantsForm && isUnread(request)) core.log.bodyUnread(hint);
    throw error;
  }
}

function isUnread(request: IncomingMessage): boolean {
  const type = request.headers['content-type'] ?? '';
  return (
    /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type) && !request.readableDidRead
  );
}
