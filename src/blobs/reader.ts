// A part of an open file as a stream: one chunk in memory at a time, and the file is closed whatever happens.
import { Readable } from 'node:stream';
import type { OpenBlob } from './files.js';

const CHUNK = 65_536;

/** What is needed of an open file. */
type OpenFile = Pick<OpenBlob['file'], 'read' | 'close'>;

/** A part of a blob: both ends are included, as in HTTP. */
export interface ByteRange {
  /** The first byte, from 0 on. */
  readonly start: number;
  /** The last byte, which is part of it. */
  readonly end: number;
}

export class FileReader extends Readable {
  readonly #open: () => Promise<OpenFile>;
  #file: OpenFile | undefined;
  #at: number;
  readonly #stop: number;

  constructor(open: () => Promise<OpenFile>, { start, end }: ByteRange) {
    super({ highWaterMark: CHUNK });
    this.#open = open;
    this.#at = start;
    this.#stop = end + 1;
  }

  override _construct(done: (error?: Error | null) => void): void {
    this.#open().then((file) => {
      this.#file = file;
      done();
    }, done);
  }

  override _read(): void {
    const length = Math.min(CHUNK, this.#stop - this.#at);
    if (length <= 0) {
      this.push(null);
      return;
    }
    const chunk = Buffer.allocUnsafeSlow(length);
    (this.#file as OpenFile).read(chunk, 0, length, this.#at).then(
      ({ bytesRead }) => {
        if (bytesRead === 0) {
          this.destroy(new Error('the file of a blob ends before its time'));
          return;
        }
        this.#at += bytesRead;
        this.push(bytesRead === length ? chunk : chunk.subarray(0, bytesRead));
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Closing waits for a read that is under way.
    (this.#file?.close() ?? Promise.resolve()).then(
      () => done(error),
      (closing: Error) => done(error ?? closing),
    );
  }
}
