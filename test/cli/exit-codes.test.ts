// Exit codes and JSON errors of every command, in one table: 0 fine, or done already; 1 refused, or findings; 2 wrong
// usage; 3 not yet safe. With --json an error is JSON too, on standard output, beside its two lines for people.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { parseDocument } from '../../src/keyring/document.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { COMING, kidOf, OLDER, SECRET, STRONG } from '../support/machine.js';
import { DEV, newFolder, RING, ringFolder, textOf } from './ring.js';
import { keyturn, type Ran, TWO_LINES } from './run.js';

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];
const ACTIVE = { secret: STRONG, state: 'active' } as const;
const STAGED = { secret: COMING, state: 'staged' } as const;
const JUST_STAGED = { ...STAGED, daysAgo: 0 } as const;
const RETIRING = { secret: OLDER, state: 'retiring' } as const;
const JUST_RETIRING = { ...RETIRING, daysAgo: 0 } as const;

type Folder = () => string | Promise<string>;

const EMPTY: Folder = newFolder;
const ONE: Folder = () => ringFolder(ACTIVE);
const READY: Folder = () => ringFolder(STAGED, ACTIVE, RETIRING);
const EARLY: Folder = () => ringFolder(JUST_STAGED, ACTIVE, JUST_RETIRING);
const ROLLED_BACK: Folder = async () => {
  const cwd = await READY();
  for (const step of ['promote', 'rollback']) await keyturn([step], { cwd, env: DEV });
  return cwd;
};
const GONE: Folder = async () => {
  const cwd = await READY();
  await keyturn(['retire', OLD], { cwd, env: DEV });
  await keyturn(['revoke', NEW, '--reason', 'x'], { cwd, env: DEV });
  return cwd;
};
/** Whatever the time is: a process says that it cannot, or that it goes by something else. */
const reporting =
  (folder: Folder, changes: Partial<ReplicaReport>): Folder =>
  async () => {
    const cwd = await folder();
    const report = reportOf({ verifies: [K], signs: K, ...changes });
    await writeReport(join(cwd, RING), report, parseDocument(textOf(cwd), RING));
    return cwd;
  };
const BEHIND = reporting(READY, {});
const SIGNS_OLD = reporting(READY, { verifies: [K, OLD, NEW], signs: OLD });
const ELSEWHERE = reporting(READY, { ring: undefined, verifies: [K, NEW] });
const OTHER_RULES = reporting(READY, { profile: 'prod', verifies: [K, NEW] });

/** A slow machine is no reason for a wait to be over. */
const ENV = { ...DEV, KEYTURN_SECURITY__KEYRING__MAX_LAG: '1h' };

const WHY = ['--reason', 'x'];

// biome-ignore format: a table
const TABLE: ReadonlyArray<readonly [code: 0 | 1 | 2 | 3, error: string | undefined, args: readonly string[], folder: Folder]> = [
  [0, undefined, ['init'], EMPTY],
  [0, undefined, ['init', '--if-missing'], ONE],
  [1, 'keyring_exists', ['init'], ONE],
  [1, 'keyring_not_document', ['init', '--replaces', 'x'], EMPTY],
  [2, 'usage', ['init', '--replaces', 'x', '--if-missing'], EMPTY],
  [0, undefined, ['doctor'], ONE],
  [1, undefined, ['doctor', '--strict'], EMPTY],
  [1, 'wordlist_unreadable', ['doctor', '--wordlist', 'nowhere'], ONE],
  [2, 'usage', ['doctor', 'now'], ONE],
  [0, undefined, ['generate'], EMPTY],
  [2, 'usage', ['generate', '--frobnicate'], EMPTY],
  [0, undefined, ['import', RING], ONE],
  [1, 'refused', ['import', 'nowhere'], EMPTY],
  [1, 'refused', ['import', '--variable', 'NOT_SET'], EMPTY],
  [2, 'usage', ['import'], EMPTY],
  [0, undefined, ['status'], ONE],
  [1, 'secret_missing', ['status'], EMPTY],
  [2, 'usage', ['status', 'now'], ONE],
  [0, undefined, ['rotate'], ONE],
  [0, undefined, ['rotate', '--wait'], READY],
  [1, 'stage_pending', ['rotate'], READY],
  [1, 'refused', ['rotate', '--out', 'x'], ONE],
  [2, 'usage', ['rotate', '--timeout', '1s'], ONE],
  [3, 'too_early', ['rotate', '--wait', '--timeout', '1s'], EARLY],
  [3, 'replica_behind', ['rotate', '--wait', '--timeout', '1s'], BEHIND],
  [3, 'too_early', ['rotate', '--activate-in', '1s'], ONE],
  [0, undefined, ['stage'], ONE],
  [0, undefined, ['stage', '--dry-run'], ONE],
  [1, 'stage_pending', ['stage'], READY],
  [1, 'profile_differs', ['stage', '--env', 'dev'], reporting(ONE, { profile: 'prod' })],
  [1, 'refused', ['stage', '--from', 'nowhere'], ONE],
  [2, 'usage', ['stage', '--activate-in', 'soon'], ONE],
  [3, 'too_early', ['stage', '--activate-in', '1s'], ONE],
  [0, undefined, ['promote'], READY],
  [0, undefined, ['promote', K], READY],
  [1, 'key_unknown', ['promote'], ONE],
  [1, 'key_unknown', ['promote'], ROLLED_BACK],
  [1, 'key_state', ['promote', OLD], GONE],
  [1, 'profile_differs', ['promote'], OTHER_RULES],
  [2, 'usage', ['promote', '--replicas', 'all'], READY],
  [3, 'too_early', ['promote'], EARLY],
  [3, 'replica_behind', ['promote'], BEHIND],
  [3, 'source_differs', ['promote'], ELSEWHERE],
  [0, undefined, ['rollback'], async () => { const cwd = await READY(); await keyturn(['promote'], { cwd, env: DEV }); return cwd; }],
  [0, undefined, ['rollback'], ROLLED_BACK],
  [1, 'rollback_impossible', ['rollback'], ONE],
  [2, 'usage', ['rollback', K], READY],
  [0, undefined, ['retire'], READY],
  [0, undefined, ['retire'], ONE],
  [0, undefined, ['retire', OLD], GONE],
  [0, undefined, ['retire', NEW], READY],
  [1, 'key_state', ['retire', K], READY],
  [1, 'key_state', ['retire', NEW], GONE],
  [1, 'key_unknown', ['retire', 'abcdefgh'], READY],
  [2, 'usage', ['retire', 'a', 'b'], READY],
  [3, 'too_early', ['retire'], EARLY],
  [3, 'too_early', ['retire', OLD], EARLY],
  [3, 'replica_behind', ['retire'], SIGNS_OLD],
  [0, undefined, ['revoke', OLD, ...WHY], READY],
  [0, undefined, ['revoke', K, ...WHY, '--dry-run'], READY],
  [0, undefined, ['revoke', NEW, ...WHY], GONE],
  [1, 'key_unknown', ['revoke', 'abcdefgh', ...WHY], READY],
  [2, 'usage', ['revoke', K], READY],
  [2, 'usage', ['revoke'], READY],
  [0, undefined, ['impact'], EMPTY],
  [0, undefined, ['impact', 'revoke', K], READY],
  [1, 'key_unknown', ['impact', 'revoke', 'abcdefgh'], READY],
  [1, 'key_state', ['impact', 'retire', K], READY],
  [2, 'usage', ['impact', 'destroy'], READY],
  [0, undefined, ['history'], ONE],
  [1, 'secret_missing', ['history'], EMPTY],
  [2, 'usage', ['history', 'now'], ONE],
  [1, undefined, ['inspect', 'nonsense'], ONE],
  [2, 'usage', ['inspect'], ONE],
  [0, undefined, ['adopt'], ONE],
  [2, 'usage', ['adopt', 'a word'], ONE],
  [2, 'usage', ['frobnicate'], ONE],

  [0, undefined, ['console', '--idle', '1s'], ONE],
  [2, 'usage', ['console', '--port', 'http'], ONE],

  [2, 'usage', ['demo', '--frobnicate'], EMPTY],
];

describe('for people', () => {
  test.concurrent.each(TABLE)('%d %s: %j', async (code, error, args, folder) => {
    const ran = await keyturn(args, { cwd: await folder(), env: ENV });
    expect(ran.code).toBe(code);
    if (error === undefined) expect(ran.stderr).not.toContain('error:');
    else expect(lastTwo(ran)).toMatch(TWO_LINES);
    if (code === 2) expect(ran.stdout).toBe('');
  });
});

describe('for programs', () => {
  test.concurrent.each(TABLE)('%d %s: %j --json', async (code, error, args, folder) => {
    const ran = await keyturn([...args, '--json'], { cwd: await folder(), env: ENV });
    expect(ran.code).toBe(code);
    expect(ran.stdout).toMatch(/^\{.*\}\n$/);
    const told = JSON.parse(ran.stdout);
    if (error === undefined) {
      expect(told).not.toHaveProperty('error');
      return;
    }
    expect(Object.keys(told)).toEqual(['error']);
    expect(Object.keys(told.error)).toEqual(['code', 'message', 'hint', 'safeAt']);
    expect(told.error).toMatchObject({
      code: error,
      message: expect.stringMatching(/./),
      hint: expect.stringMatching(/./),
    });
    // The same as for people, and a moment only where time alone decides.
    expect(lastTwo(ran)).toMatch(TWO_LINES);
    expect(lastTwo(ran)).toContain(`error: ${told.error.message}\n`);
    if (error === 'too_early') expect(Date.parse(told.error.safeAt)).toBeGreaterThan(Date.now() - 60_000);
    else expect(told.error.safeAt).toBeNull();
  });
});

test('every command is in the table, with each way that it can end', () => {
  const files = readdirSync(new URL('../../src/cli/commands/', import.meta.url));
  const names = new Set(TABLE.map(([, , [name]]) => `${name}.ts`));
  for (const file of files) expect(names).toContain(file);
});

test.concurrent('a pipe holds a document, or nothing', async () => {
  const cwd = await EARLY();
  for (const args of [['promote'], ['promote', '--json'], ['promote', '--frobnicate']]) {
    const ran = await keyturn([...args, '--ring', '-'], { cwd, env: ENV, input: textOf(cwd) });
    expect(ran).toMatchObject({ code: args.length === 1 ? 3 : 2, stdout: '' });
  }
});

test.concurrent('a refusal in production has the same form', async () => {
  const ran = await keyturn(['promote', '--json'], {
    cwd: newFolder(),
    env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG },
  });
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'keyring_not_document', safeAt: null } });
});

test('the docs have the four codes', () => {
  const docs = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
  for (const code of [0, 1, 2, 3]) expect(docs).toMatch(new RegExp(`^\\| ${code} \\| `, 'm'));
});

/** Talk may come before an error. */
function lastTwo({ stderr }: Ran): string {
  return stderr.slice(stderr.lastIndexOf('keyturn: error:'));
}
