// @ts-check
// What the drivers of Fetch adapters share.

/** @import { HttpContractReply } from '../../../src/testing/index.js' */

/**
 * @param {HttpContractReply} reply
 * @returns {Response}
 */
export function responseOf(reply) {
  if ('redirect' in reply) return new Response(null, { status: 303, headers: { location: reply.redirect } });
  if ('status' in reply) return new Response(null, { status: reply.status });
  if ('stream' in reply) {
    const pieces = reply.stream[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => void pieces.return?.(),
    });
    return new Response(body, { headers: { 'content-type': 'text/plain' } });
  }
  return new Response(JSON.stringify(reply.json) ?? 'null', {
    headers: { 'content-type': 'application/json' },
  });
}

/** @param {Request} request */
export async function bodyOf(request) {
  const type = request.headers.get('content-type') ?? '';
  if (type.includes('json')) return await request.json();
  return Object.fromEntries(new URLSearchParams(await request.text()));
}
