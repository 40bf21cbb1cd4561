// What bindings share that get a Fetch request and give a response.
import type { ConsoleAnswer, ConsoleRequest } from '../contract.js';
import { readForm } from './form.js';

export function fetchParts(
  request: Request,
): Pick<ConsoleRequest, 'method' | 'form' | 'lastEventId' | 'signal'> {
  return {
    method: request.method,
    form: async () =>
      request.bodyUsed ? undefined : await readForm(request.headers.get('content-type'), bytesOf(request)),
    lastEventId: request.headers.get('last-event-id') ?? undefined,
    signal: request.signal,
  };
}

async function* bytesOf({ body }: Request): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel();
  }
}

/** Where and with what a request was asked for. */
export function urlOf({ url }: Request): { readonly path: string; readonly originalUrl: string } {
  const { pathname, search } = new URL(url);
  return { path: pathname, originalUrl: pathname + search };
}

export function responseOf({ status, headers, body }: ConsoleAnswer, method: string): Response {
  const isEmpty = method === 'HEAD' || (status >= 300 && status < 400);
  const written = isEmpty ? null : typeof body === 'string' ? body : streamOf(body);
  return new Response(written, { status, headers });
}

/** Cancelled when the browser has gone: whoever makes the events hears of it. */
function streamOf(events: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = events[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void (await iterator.return?.()),
  });
}
