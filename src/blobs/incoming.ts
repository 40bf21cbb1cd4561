// What a client uploads, as it comes in.
import type { Readable } from 'node:stream';

/** The body of a request. A refusal in the middle leaves the stream as it is: the connection has to carry the answer. */
export class Incoming implements AsyncIterable<Uint8Array | string> {
  /** What the client failed with. */
  failure: unknown;
  readonly #body: AsyncIterable<Uint8Array | string> | undefined;

  constructor(body: AsyncIterable<Uint8Array | string> | undefined) {
    this.#body = body;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | string> {
    if (this.#body === undefined) return;
    const readable = this.#body as Partial<Readable>;
    const chunks = readable.iterator?.({ destroyOnReturn: false }) ?? this.#body;
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await iterator.next().catch((error: unknown) => {
          this.failure = error;
          throw error;
        });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
}
