// Locker as an operator runs it: a real process in a folder of its own, with no variables but PATH and those named.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

export const MAIN: string = resolve('examples/locker/dist/main.js');
export const NPM_START: string = resolve('scripts/start.js');

export type Variables = Readonly<Record<string, string>>;

export interface Run {
  readonly program?: string;
  readonly cwd?: string;
  readonly env?: Variables;
}

/** What the tests of a file leave behind. */
const leftovers: Array<() => void> = [];

afterAll(() => {
  for (const remove of leftovers.reverse()) remove();
});

/** A folder of its own, gone after the tests of the file. */
export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'locker-test-'));
  leftovers.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process with all that it has written. */
export class Process {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<void>;

  constructor({ program = MAIN, cwd = newFolder(), env = {} }: Run) {
    const child = spawn(process.execPath, [program], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.child = child;
    this.#closed = once(child, 'close').then(() => undefined);
    leftovers.push(() => child.kill('SIGKILL'));
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits for the end, and for the last of the output. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }

  /** @returns the exit code; null when the signal ended it */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return await this.ended();
  }
}

/** Starts Locker and waits until it says that it listens. */
export async function startLocker(run: Run = {}): Promise<Process & { readonly url: string }> {
  const locker = new Process({ ...run, env: { PORT: '0', ...run.env } });
  const closed = locker.ended();
  for (;;) {
    const url = /listening on (http:\S+)\n/.exec(locker.stdout)?.[1];
    if (url !== undefined) return Object.assign(locker, { url });
    const progress = locker.child.stdout === null ? closed : once(locker.child.stdout, 'data');
    await Promise.race([progress, closed]);
    if (!locker.running) throw new Error(`Locker did not start:\n${locker.output}`);
  }
}

/** A port that is free at present. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

/** Whether something listens there. */
export async function isOpen(port: string): Promise<boolean> {
  const tries = ['127.0.0.1', '::1'].map(
    (host) =>
      new Promise<boolean>((done) => {
        const socket = connect(Number(port), host);
        const settle = (open: boolean) => () => {
          socket.destroy();
          done(open);
        };
        socket.once('connect', settle(true)).once('error', settle(false));
      }),
  );
  return (await Promise.all(tries)).includes(true);
}
