// Simulated machines and real temporary folders for tests of the resolver.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Signs } from '../../src/config/profile.js';
import { KeyturnError } from '../../src/errors.js';
import { Material } from '../../src/keyring/key.js';
import type { Keyturn } from '../../src/keyturn.js';
import type { Machine } from '../../src/resolve/machine.js';
import { type Resolution, resolve } from '../../src/resolve/resolve.js';
import type { LogMethod } from '../../src/runtime/log.js';
import { startKeyturn } from '../../src/start/start.js';
import { tempDir } from './temp-dir.js';

export { tempDir };

export const NOW: number = Date.parse('2026-11-20T12:00:00Z');
export const DAY = 86_400_000;

export const SECRET = 'KEYTURN_SECURITY__SIGNING_SECRET';
export const FILE = `${SECRET}_FILE`;
export const COMMAND = `${SECRET}_COMMAND`;
export const PREVIOUS = `${SECRET}__PREVIOUS_SECRETS`;
export const NEXT = `${SECRET}__NEXT_SECRETS`;
export const REVOKED = `${SECRET}__REVOKED_KIDS`;
export const ACCEPT_WEAK = `${SECRET}__ACCEPT_WEAK`;

/** Strong secrets, each a different one. */
export const STRONG: string = '7a10d95ce3f8462b90b7c4e1683fd52a0e4b9f76c81da3507d62f9138ec45ab0';
export const OLDER: string = '8e03b5d94f7a1c62e0d7395ab8f4c21d6075e9a3bc184df20e5b96c7d318af42';
export const OLDEST: string = '17fa40c2d69e3b850cd1e7f42a986b5d03ec87f19ab5d2460fe3719c8ad5b6e0';
export const COMING: string = 'b96d0e2f7a51c8430de9f6b4172ca58d39e07c4b61fa8d25e3907bc16fd4a280';

export interface Simulated {
  readonly cwd?: string;
  /** The folder of the file that was started. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signs?: Partial<Signs>;
  readonly now?: number;
}

/** Writes files, by relative path, into a temporary folder. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const cwd = tempDir();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  }
  return cwd;
}

/** A machine with nothing on it: no variables, no terminal, no container, an empty folder. */
export function machine(simulated: Simulated = {}): Machine {
  return {
    cwd: simulated.cwd ?? tempDir(),
    entry: simulated.entry,
    env: simulated.env ?? {},
    signs: { terminal: false, debugger: false, container: false, ...simulated.signs },
    now: () => simulated.now ?? NOW,
    monotonic: () => ({ clock: 'simulated', shows: simulated.now ?? NOW }),
  };
}

/** Resolves as a start does: a missing development secret is made. */
export async function resolveOn(
  simulated: Simulated,
  options: { readonly config?: Record<string, unknown>; readonly create?: boolean } = {},
): Promise<Resolution> {
  return await resolve({ machine: machine(simulated), create: true, ...options });
}

export interface LogLine {
  readonly level: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Starts as `createKeyturn` does, and keeps what is logged. */
export async function startOn(
  simulated: Simulated,
  config?: Record<string, unknown>,
): Promise<{ readonly keyturn: Keyturn; readonly log: readonly LogLine[] }> {
  const log: LogLine[] = [];
  const method =
    (level: string): LogMethod =>
    (facts, message) => {
      log.push({ level, facts, message });
    };
  const logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
  const keyturn = await startKeyturn(
    { logger, ...(config === undefined ? {} : { config }) },
    machine(simulated),
  );
  return { keyturn, log };
}

/** The error with which a start is refused. */
export async function refusalOn(
  simulated: Simulated,
  config?: Record<string, unknown>,
): Promise<KeyturnError> {
  const error = await startOn(simulated, config).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof KeyturnError))
    throw new Error('the start was not refused by a KeyturnError', { cause: error });
  return error;
}

/** The code, message and hint of every problem of one severity. */
export function problemsOf(resolution: Resolution, severity: 'error' | 'warning'): string[] {
  return resolution.problems
    .filter((problem) => problem.severity === severity)
    .map(({ error }) => `${error.code}: ${error.message} (${error.hint})`);
}

/** The keys in force as `secret:state`, for readable expectations. */
export function keysOf(resolution: Resolution): string[] {
  return (resolution.keyring?.keys ?? []).map(
    (key) => `${key.material?.revealSecret() ?? key.id}:${key.state}`,
  );
}

export function kidOf(secret: string): string {
  return new Material(secret).kid;
}

/** Everything that an error could be printed as, its causes included. */
export function printed(error: unknown): string {
  const parts: string[] = [
    inspect(error, { depth: 10, showHidden: true }),
    String(error),
    JSON.stringify(error) ?? '',
  ];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    parts.push(at.message, at.stack ?? '', JSON.stringify({ ...at }), inspect(at));
    if (at instanceof KeyturnError) parts.push(at.code, at.hint);
  }
  return parts.join('\n');
}

/** That no error, printed in whatever way, holds the secret or a good part of it. */
export function expectNoLeak(errors: readonly unknown[], secret: string): void {
  const part = secret.slice(0, Math.max(8, Math.ceil(secret.length / 2)));
  for (const error of errors) expect(printed(error)).not.toContain(part);
}
