// Looks keys up in a list of the operator's, one guess a line. Only the ids of the keys that are on it are told.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { KeyturnError } from '../errors.js';
import type { Key } from '../keyring/key.js';
import { fold } from '../secret/published.js';

export interface WordlistFacts {
  /** What the operator called it. */
  readonly name: string;
  readonly lines: number;
  /** The ids of the keys whose secrets are on it. */
  readonly found: ReadonlySet<string>;
}

const CHUNK_BYTES = 1024 * 1024;
const LINE_END = 0x0a;
/** In bytes. No guess is longer, and a file without line ends is not kept in memory. */
const LONGEST_LINE = 4096;
const LIMIT_GIB = 16;

/**
 * Reads the list once, a chunk at a time.
 *
 * @throws KeyturnError `wordlist_unreadable`
 */
export async function searchWordlist(
  path: string,
  name: string,
  keys: readonly Key[],
): Promise<WordlistFacts> {
  const file = await openList(path, name);
  try {
    const search = new Search(keys);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      search.add(chunk.subarray(0, bytesRead));
    }
    search.end();
    return { name, lines: search.lines, found: search.found };
  } catch (error) {
    throw unreadable(name, (error as NodeJS.ErrnoException).code ?? 'unknown');
  } finally {
    await file.close();
  }
}

/** Only a file is read: a pipe or a device may never end. O_NONBLOCK, since opening a pipe would wait for a writer. */
async function openList(path: string, name: string): Promise<FileHandle> {
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(name, error.code ?? 'unknown');
  });
  const found = await file.stat();
  if (found.isFile() && found.size <= LIMIT_GIB * 2 ** 30) return file;
  await file.close();
  throw unreadable(name, found.isFile() ? 'EFBIG' : 'it is not a file');
}

function unreadable(name: string, why: string): KeyturnError {
  return new KeyturnError(
    'wordlist_unreadable',
    `the word list ${name} cannot be read (${why})`,
    `name a text file of at most ${LIMIT_GIB} GiB, with one guess a line`,
  );
}

class Search {
  readonly found = new Set<string>();
  lines = 0;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #shortest: number;
  /** The start of a line whose end has not come yet; undefined while one that is too long passes. */
  #begun: Buffer | undefined = Buffer.alloc(0);

  constructor(keys: readonly Key[]) {
    this.#ids = new Map(keys.map((key) => [guessOf(key.material?.revealSecret() ?? ''), key.id]));
    this.#shortest = Math.min(...[...this.#ids.keys()].map((guess) => guess.length));
  }

  add(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      this.#more(chunk.subarray(from, end));
      this.#line();
      from = end + 1;
    }
    this.#more(chunk.subarray(from));
  }

  end(): void {
    if (this.#begun === undefined || this.#begun.length > 0) this.#line();
  }

  #more(bytes: Buffer): void {
    if (this.#begun === undefined) return;
    const length = this.#begun.length + bytes.length;
    if (length > LONGEST_LINE) this.#begun = undefined;
    else this.#begun = this.#begun.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#begun, bytes]);
  }

  #line(): void {
    const line = this.#begun;
    this.#begun = Buffer.alloc(0);
    this.lines++;
    // Most lines of most lists are shorter than any secret.
    if (line === undefined || line.length < this.#shortest) return;
    const id = this.#ids.get(guessOf(line.toString('utf8')));
    if (id !== undefined) this.found.add(id);
  }
}

/** Case, separators and quotes do not matter. A guess of symbols alone is left as it is: nothing of it would remain. */
function guessOf(text: string): string {
  return fold(text) || text.trim();
}
