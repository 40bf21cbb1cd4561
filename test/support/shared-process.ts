// Starts and talks to a process that shares a keyring (shared-replica.mjs).
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterwards } from './ring-file.js';
import { machineOf, type ReplicaStart, type SharedPlace } from './shared-ring.js';

const SCRIPT = fileURLToPath(new URL('./shared-replica.mjs', import.meta.url));

export class SharedProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(place: SharedPlace, start: ReplicaStart = {}): Promise<SharedProcess> {
    const { cwd, env } = machineOf(place, start);
    const child = spawn(process.execPath, [SCRIPT], { cwd, env: { PATH: process.env.PATH, ...env } });
    afterwards(() => child.kill('SIGKILL'));
    const started = new SharedProcess(child);
    await started.#hear();
    return started;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async #hear(): Promise<any> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the process has ended');
    return JSON.parse(value);
  }

  /** @param order "health", "sign", or a token to verify */
  async ask(order: string): Promise<any> {
    this.#child.stdin.write(`${order}\n`);
    return await this.#hear();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Ends it with a goodbye. */
  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
