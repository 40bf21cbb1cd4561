// A demo as whoever runs it has it: the program that is compiled, in a process and a temporary folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/waiting.js';

const MAIN = resolve('dist/cli/main.js');

export class RunningDemo {
  /** Where temporary folders are made: whatever is in it at the end is left behind. */
  readonly place: string = tempDir();
  readonly #child: ReturnType<typeof spawn>;
  readonly #ended: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [MAIN, 'demo', '--fast', ...args], {
      cwd: this.place,
      env: { PATH: process.env.PATH, TMPDIR: this.place, ...env },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.#ended = once(this.#child, 'close');
  }

  /** @returns its exit code; null where a signal has ended it */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** Waits until a step is told of, and sends a signal then. */
  async kill(signal: NodeJS.Signals, step: string): Promise<void> {
    await until(() => this.stdout.includes(step) || this.#child.exitCode !== null);
    this.#child.kill(signal);
  }

  /** The same signal once more, when the first has been heard. */
  async again(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this.#child;
    const caught = () =>
      /^SigPnd:\t0+$[\s\S]*^ShdPnd:\t0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    await until(() => !existsSync('/proc/self/status') || caught());
    this.#child.kill(signal);
  }

  /** The processes that have been started by it and still run. The system tells that of Linux alone. */
  get replicas(): readonly string[] {
    if (!existsSync('/proc/self/environ')) return [];
    return readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(this.place);
      } catch {
        return false;
      }
    });
  }

  get files(): readonly string[] {
    return readdirSync(this.place);
  }

  get isGone(): boolean {
    return this.replicas.length === 0 && this.files.length === 0;
  }
}
