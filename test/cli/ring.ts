// Keyring documents for tests of the commands: written by hand, with dates of long ago where a wait is to be over.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { kidOf } from '../support/machine.js';
import { keyturn, type Ran } from './run.js';

export const RING = '.keyturn/keyring.json';
export const DEV: Readonly<Record<string, string>> = { KEYTURN_ENV: 'dev' };

const TOML = `[security.signing_secret]\nfile = "${RING}"\n`;
const DAY_MS = 86_400_000;

export interface WrittenKey {
  readonly secret: string;
  readonly state: 'staged' | 'active' | 'retiring';
  /** How many days ago it entered its state; default: a year, when every wait is over. */
  readonly daysAgo?: number;
}

/** A document as it could have been written over the years. */
export function documentOf(...keys: readonly WrittenKey[]): string {
  return `${JSON.stringify({
    keyturn: 1,
    id: 'ring-of-the-tests',
    generation: 1,
    keys: keys.map(({ secret, state, daysAgo = 365 }) => ({
      kid: kidOf(secret),
      state,
      secret,
      dates: { [state]: new Date(Date.now() - daysAgo * DAY_MS).toISOString() },
    })),
    history: [],
  })}\n`;
}

/** Tests may run at the same time, so folders go when all of a file have ended. */
const ROOT = mkdtempSync(join(tmpdir(), 'keyturn-ring-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** A folder of its own. */
export function newFolder(): string {
  return mkdtempSync(join(ROOT, 'folder-'));
}

/** A folder with a document, which its keyturn.toml names. */
export async function ringFolder(...keys: readonly WrittenKey[]): Promise<string> {
  const cwd = newFolder();
  mkdirSync(join(cwd, '.keyturn'), { mode: 0o700 });
  writeFileSync(join(cwd, RING), documentOf(...keys), { mode: 0o600 });
  writeFileSync(join(cwd, 'keyturn.toml'), TOML);
  return cwd;
}

export interface Read {
  readonly generation: number;
  readonly keys: ReadonlyArray<{ kid: string; state: string; secret?: string; activates?: string }>;
  readonly history: ReadonlyArray<{ at: string; what: string; kid: string; who?: string; why?: string }>;
}

export function textOf(cwd: string): string {
  return readFileSync(join(cwd, RING), 'utf8');
}

export function ringIn(cwd: string): Read {
  return JSON.parse(textOf(cwd)) as Read;
}

/** "kid state" of every key, in the order of the file. */
export function statesOf(read: Read): string[] {
  return read.keys.map(({ kid, state }) => `${kid} ${state}`);
}

/** Puts a document in place as editors do not: for tests that no process follows. */
export function overwrite(cwd: string, text: string): void {
  writeFileSync(join(cwd, RING), text);
}

/** Runs a command in development, in a folder. */
export async function run(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return await keyturn(args, { cwd, env: DEV });
}

/** Tries again until it holds, for a minute: a limit against hanging, and no measure. */
export async function until(holds: () => void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      holds();
      return;
    } catch (error) {
      if (tries >= 1200) throw error;
    }
    await sleep(50);
  }
}
