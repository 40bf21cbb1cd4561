// Real processes that start at the same moment in an empty folder, with the compiled package.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kidOf, tempDir } from '../support/machine.js';

const PACKAGE = pathToFileURL(join(import.meta.dirname, '../../dist/index.js')).href;

/** Each line on standard input is a folder and a moment; at that moment it starts there and answers with the kid. */
const STARTER = `
import { createInterface } from 'node:readline';
import { createKeyturn } from ${JSON.stringify(PACKAGE)};
const silent = { debug() {}, info() {}, warn() {}, error() {} };
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const { cwd, at } = JSON.parse(line);
  while (Date.now() < at);
  try {
    const keyturn = await createKeyturn({ cwd, env: { KEYTURN_ENV: 'dev' }, logger: silent });
    const token = keyturn.signer('password-reset').sign(1);
    console.log(JSON.stringify({ kid: keyturn.keyring.keys[0].id, token }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
`;

interface Answer {
  readonly kid?: string;
  readonly token?: string;
  readonly error?: string;
}

class Starter {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string) {
    this.#child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('the starter ended');
    return next.value;
  }

  async start(cwd: string, at: number): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify({ cwd, at })}\n`);
    return JSON.parse(await this.line()) as Answer;
  }

  stop(): void {
    this.#child.kill();
  }
}

let folder = '';
let starters: Starter[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-starter-'));
  const path = join(folder, 'starter.mjs');
  writeFileSync(path, STARTER);
  starters = Array.from({ length: 8 }, () => new Starter(path));
  for (const starter of starters) expect(await starter.line()).toBe('ready');
});

afterAll(() => {
  for (const starter of starters) starter.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('processes that start together in an empty folder', () => {
  test.each([2, 8])('%d of them end with the same secret, every time', async (count) => {
    for (let round = 0; round < 30; round++) {
      const cwd = tempDir();
      const at = Date.now() + 15;
      const answers = await Promise.all(starters.slice(0, count).map((starter) => starter.start(cwd, at)));
      const stored = readFileSync(join(cwd, '.keyturn/secret'), 'utf8');
      expect(stored).toMatch(/^[0-9a-f]{128}\n$/);
      expect(answers.map(({ error }) => error)).toEqual(answers.map(() => undefined));
      expect(answers.map(({ kid }) => kid)).toEqual(answers.map(() => kidOf(stored.trim())));
      expect(readdirSync(join(cwd, '.keyturn')).sort()).toEqual(['.gitignore', 'secret']);
    }
  });

  test('fresh processes, not only warm ones, agree as well', async () => {
    const cwd = tempDir();
    const path = join(tempDir(), 'starter.mjs');
    writeFileSync(path, STARTER);
    const fresh = Array.from({ length: 8 }, () => new Starter(path));
    try {
      const answers = await Promise.all(
        fresh.map(async (starter) => {
          await starter.line();
          return await starter.start(cwd, 0);
        }),
      );
      expect(new Set(answers.map(({ kid }) => kid ?? 'none')).size).toBe(1);
      expect(answers[0]?.kid).toMatch(/^[\w-]{8}$/);
    } finally {
      for (const starter of fresh) starter.stop();
    }
  });
});
