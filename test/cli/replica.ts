// Starts and talks to a running process (replica.mjs).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { DEV } from './ring.js';

const SCRIPT = fileURLToPath(new URL('./replica.mjs', import.meta.url));

const running: ChildProcessWithoutNullStreams[] = [];

afterAll(endReplicas);

/** Ends all that still run, and waits until they have: what they report in is removed then. */
export async function endReplicas(): Promise<void> {
  const ended = running.splice(0).map((child) => {
    if (child.exitCode !== null || child.signalCode !== null) return undefined;
    const closed = new Promise((done) => child.once('close', done));
    child.kill('SIGKILL');
    return closed;
  });
  await Promise.all(ended);
}

export class Replica {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #unheard: Array<Record<string, unknown>> = [];

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

  /** The next thing it says of a kind. What else it says meanwhile can be heard later. */
  async hear(kind: 'ready' | 'changed' | 'token' | 'verified'): Promise<any> {
    const before = this.#unheard.findIndex((said) => kind in said);
    if (before >= 0) return this.#unheard.splice(before, 1)[0]?.[kind];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error('the replica has ended');
      const said = JSON.parse(value);
      if (kind in said) return said[kind];
      this.#unheard.push(said);
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
