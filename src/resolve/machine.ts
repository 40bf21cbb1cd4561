// The edge: the only place that looks at this process and machine.
import { url as inspectorUrl } from 'node:inspector';
import { dirname } from 'node:path';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type { Signs } from '../config/profile.js';
import { RUNNER_PACKAGES } from '../config/runner-packages.js';
import { isFolder, isThere } from '../disk/read.js';
import { systemClock } from '../process/clock.js';
import { packageIn, startedFile } from '../process/started.js';
import { type ClockReading, monotonicClock, privateClock } from './monotonic-clock.js';

/** What a resolution is made from. Everything in it can be handed in, so that any machine can be simulated. */
export interface Machine {
  /** The working directory, or where the caller says that the app is. Paths in variables begin there. */
  readonly cwd: string;
  /** The folder of the file that was started: see `config/place.ts`. Undefined where the caller says where the app is. */
  readonly entry?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a file that `--env-file` names sets besides: only where an old secret is asked for by its variable. */
  readonly others?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signs: Signs;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What a clock shows that nobody sets. */
  readonly monotonic: () => ClockReading;
}

/** The machine that this process runs on, with parts of it replaced. */
export function thisMachine(
  instead: { readonly [Part in keyof Machine]?: Machine[Part] | undefined } = {},
): Machine {
  return {
    cwd: instead.cwd ?? process.cwd(),
    entry: 'entry' in instead ? instead.entry : instead.cwd === undefined ? entryFolder() : undefined,
    env: instead.env ?? process.env,
    signs: instead.signs ?? readSigns(),
    now: instead.now ?? systemClock,
    monotonic: instead.monotonic ?? (instead.now === undefined ? monotonicClock : privateClock(instead.now)),
  };
}

function readSigns(): Signs {
  return {
    terminal: process.stdin.isTTY === true || process.stdout.isTTY === true,
    debugger: inspectorUrl() !== undefined,
    // Where Node may not look there, it is not known to be one.
    container: isThere('/.dockerenv') || isThere('/run/.containerenv'),
    testRunner: testRunner(process.execArgv, startedFile()),
    started: startedFile(),
  };
}

const ENTRY = 'keyturn/entry';

/** Worker threads have a file of their own, and it may be one of a package that runs them: they are of the same app. */
function entryFolder(): string | undefined {
  if (!isMainThread) {
    const told = getEnvironmentData(ENTRY);
    if (typeof told === 'string') return told;
  }
  const started = startedFile();
  if (started === undefined) return undefined;
  // `node apps/web` starts the package that is there.
  const folder = isFolder(started) ? started : dirname(started);
  if (isMainThread) setEnvironmentData(ENTRY, folder);
  return folder;
}

/**
 * A test runner that sets no variable is known by what was started.
 *
 * @param options of Node itself
 * @param started the file, without symbolic links
 */
export function testRunner(options: readonly string[], started: string | undefined): string | undefined {
  if (options.includes('--test')) return 'node --test';
  const name = started === undefined ? undefined : packageIn(started);
  return name !== undefined && RUNNER_PACKAGES.includes(name) ? name : undefined;
}

export { thisProcess } from '../disk/identity.js';

/** What `KEYTURN_INSTANCE` calls the place that this process runs in; undefined where it says nothing. */
export function unitIn(env: Machine['env']): string | undefined {
  return env.KEYTURN_INSTANCE?.trim() || undefined;
}

/** Standard error: where talk goes, so that standard output stays free for data. */
export function writeToStderr(line: string): void {
  process.stderr.write(line);
}

const hangupListeners = new Set<() => void>();

/**
 * Calls `listener` on SIGHUP, which means "read your configuration again" to a server. At a terminal it means
 * that the terminal is gone, and the process must end as usual: there nothing is listened for. Nor is it on Windows,
 * where the signal means that a console was closed, and ten seconds later the process is ended all the same.
 *
 * @returns a function that stops listening
 */
export function onHangup(listener: () => void): () => void {
  const meansEnd =
    process.platform === 'win32' || process.stdin.isTTY === true || process.stdout.isTTY === true;
  if (meansEnd) return () => {};
  if (hangupListeners.size === 0) process.on('SIGHUP', callHangupListeners);
  hangupListeners.add(listener);
  return () => {
    hangupListeners.delete(listener);
    // Without a listener the signal ends the process again, as it should.
    if (hangupListeners.size === 0) process.off('SIGHUP', callHangupListeners);
  };
}

function callHangupListeners(): void {
  for (const listener of hangupListeners) listener();
}
