// Starts and talks to a running process (replica.mjs).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { DEV } from './ring.js';

const SCRIPT = fileURLToPath(new URL('./replica.mjs', import.meta.url));

const running: ChildProcessWithoutNullStreams[] = [];

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export class Replica {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(cwd: string, env: Readonly<Record<string, string>> = DEV): Promise<Replica> {
    const child = spawn(process.execPath, [SCRIPT], { cwd, env: { PATH: process.env.PATH, ...env } });
    running.push(child);
    const replica = new Replica(child);
    await replica.hear('ready');
    return replica;
  }

  /** The next thing it says of a kind. */
  async hear(kind: 'ready' | 'changed' | 'token' | 'verified'): Promise<any> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error('the replica has ended');
      const said = JSON.parse(value);
      if (kind in said) return said[kind];
    }
  }

  async sign(): Promise<string> {
    this.child.stdin.write('sign\n');
    return await this.hear('token');
  }

  async verify(token: string): Promise<{ ok: boolean; reason?: string }> {
    this.child.stdin.write(`${token}\n`);
    return await this.hear('verified');
  }

  /** Ends it with a goodbye. */
  async stop(): Promise<void> {
    const closed = new Promise((done) => this.child.once('close', done));
    this.child.stdin.end();
    await closed;
  }
}
