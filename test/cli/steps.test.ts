// keyturn stage, promote, rollback, retire, revoke and history on a keyring document.
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { proven } from '../../src/fleet/ended-processes.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { parseDocument } from '../../src/keyring/document.js';
import { writeReport } from '../support/file-reports.js';
import { reportOf } from '../support/heard.js';
import { COMING, kidOf, OLDER, OLDEST, SECRET, STRONG } from '../support/machine.js';
import { ringOf } from '../support/ring-file.js';
import {
  DEV,
  documentOf,
  newFolder,
  overwrite,
  RING,
  ringFolder,
  ringIn,
  run,
  statesOf,
  textOf,
} from './ring.js';
import { keyturn, type Ran, TWO_LINES } from './run.js';

const [K, OLD, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(COMING)];
const WHEN = String.raw`(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)? (UTC|[+-]\d\d:\d\d) \(in \d+ (s|min|h|d)( \d+ (s|min|h))?\)`;

const SAFE = new RegExp(`it is safe at ${WHEN}`);

/** As if a machine that nobody finds again had staged it years ago. */
function stagedLongAgo(text: string): string {
  return text
    .replace(/"staged": "[^"]*"/, '"staged": "2020-01-01T00:00:00Z"')
    .replace(/"clocks": \{[^}]*\}/, '"clocks": {}');
}

function expectNotYet(ran: Ran, error: string | RegExp, hint: string | RegExp): void {
  expectRefused(ran, error, hint, 3);
}

function expectRefused(ran: Ran, error: string | RegExp, hint: string | RegExp, code = 1): void {
  expect(ran).toMatchObject({ code, stdout: '' });
  expect(ran.stderr).toMatch(TWO_LINES);
  const [first, second] = ran.stderr.split('\n');
  expect(first).toMatch(error);
  expect(second).toMatch(hint);
}

test.concurrent('a whole rotation, step by step: each says what changed, the keys, and what comes next', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const staged = await run(cwd, 'stage', '--reason', 'quarterly');
  const kid = ringIn(cwd).keys[0]?.kid as string;
  expect(staged).toMatchObject({ code: 0, stderr: '' });
  expect(staged.stdout.split('\n')).toEqual([
    expect.stringMatching(
      new RegExp(`^staged ${kid}: it verifies and does not sign yet; safe to promote at ${WHEN}$`),
    ),
    `keys: ${kid} staged, ${K} active (generation 2)`,
    expect.stringMatching(/^next: keyturn rotate --wait {2}# waits, and promotes it: safe to promote at .*$/),
    '',
  ]);

  // A minute, as in production: two seconds may be over before the next command is there.
  const slow = { ...DEV, KEYTURN_SECURITY__KEYRING__MAX_LAG: '1min' };
  const early = await keyturn(['promote'], { cwd, env: slow });
  expectNotYet(early, `not every replica is known to verify with ${kid} yet`, SAFE);
  overwrite(cwd, stagedLongAgo(textOf(cwd)));
  const promoted = await run(cwd, 'promote');
  expect(promoted).toMatchObject({ code: 0, stderr: '' });
  expect(promoted.stdout).toMatch(
    new RegExp(`^promoted ${kid}: it signs now; ${K} turned retiring, safe to retire at ${WHEN}\n`),
  );
  expect(promoted.stdout).toMatch(/\nnext: wait, then keyturn retire: safe to retire at .*\n$/);

  expectNotYet(await run(cwd, 'retire'), `tokens of the key ${K} may still be alive`, SAFE);

  const back = await run(cwd, 'rollback', '--reason', 'too many errors');
  expect(back.stdout).toMatch(
    new RegExp(`^rolled back to ${K}: it signs again; ${kid} turned retiring, safe to retire at`),
  );
  expect((await run(cwd, 'promote', kid)).stdout).toContain(
    `promoted ${kid}: it signs now; ${K} turned retiring`,
  );

  overwrite(cwd, textOf(cwd).replaceAll(/"retiring": "[^"]*"/g, '"retiring": "2020-01-01T00:00:00Z"'));
  const retired = await run(cwd, 'retire');
  expect(retired.stdout.split('\n')).toEqual([
    `retired ${K}: its secret is gone, its id stays in the history`,
    `keys: ${kid} active, ${K} retired (generation 6)`,
    'next: keyturn rotate --wait  # whenever a new key is due',
    '',
  ]);
  expect(textOf(cwd)).not.toContain(STRONG);

  const { stdout } = await run(cwd, 'history', '--json');
  const { history } = JSON.parse(stdout);
  expect(history).toEqual(ringIn(cwd).history);
  expect(history.map(({ what, kid: id }: { what: string; kid: string }) => `${what} ${id}`)).toEqual([
    `stage ${kid}`,
    `promote ${kid}`,
    `rollback ${K}`,
    `promote ${kid}`,
    `retire ${K}`,
  ]);
  expect(history[0]).toMatchObject({ who: expect.any(String), why: 'quarterly' });
  const shown = (await run(cwd, 'history')).stdout;
  expect(shown).toMatch(/^WHEN +WHAT +KEY +WHO +WHY\n/);
  expect(shown).toMatch(new RegExp(`^\\d{4}-.*Z .*rollback +from \\S+ to ${K} .*too many errors$`, 'm'));
});

describe('stage', () => {
  test.concurrent('--from takes a secret from a file, and no secret is typed', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    writeFileSync(join(cwd, 'new'), `${COMING}\n`);
    expect((await run(cwd, 'stage', '--from', 'new')).stdout).toContain(`staged ${NEW}:`);
    expect(statesOf(ringIn(cwd))).toEqual([`${NEW} staged`, `${K} active`]);
  });

  test.concurrent.each([
    ['a weak secret', 'changeme', 'too weak: 0 of 32 bytes count', 'keyturn generate'],
    ['an array', JSON.stringify([COMING]), 'holds JSON, where one secret belongs', 'keyturn import'],
    ['two lines', `${COMING}\n${OLDER}`, 'a line end', 'one line'],
    ['nothing', '\n', 'is empty', 'put one there'],
    [
      'the secret of a key in the keyring',
      STRONG,
      `the key ${K} is in the keyring already`,
      'stage a new secret',
    ],
  ])('--from a file with %s is refused', async (_, content, error, hint) => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    writeFileSync(join(cwd, 'new'), content);
    const before = textOf(cwd);
    expectRefused(await run(cwd, 'stage', '--from', 'new'), error, hint);
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('--activate-in lets it sign by itself, and not too soon', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    expectNotYet(
      await run(cwd, 'stage', '--activate-in', '1s'),
      'cannot be scheduled to sign before every replica',
      SAFE,
    );
    const ran = await run(cwd, 'stage', '--activate-in', '2h');
    expect(ran.stdout).toMatch(/; signs by itself from .* \(in (120 min|2 h)\)/);
    expect(ran.stdout).toContain('next: nothing to do: ');
    const { activates, kid } = ringIn(cwd).keys[0] as { activates: string; kid: string };
    expect(Date.parse(activates) - Date.now()).toBeGreaterThan(7_100_000);
    // Its time has come: the same file now has another key that signs.
    overwrite(cwd, textOf(cwd).replace(activates, new Date(Date.now() - 1000).toISOString()));
    const status = JSON.parse((await run(cwd, 'status', '--json')).stdout);
    expect(status.keys.map((key: { kid: string; state: string }) => `${key.kid} ${key.state}`)).toEqual([
      `${kid} active`,
      `${K} retiring`,
    ]);
  });

  test.concurrent('a second one is refused', async () => {
    const cwd = await ringFolder({ secret: COMING, state: 'staged' }, { secret: STRONG, state: 'active' });
    expectRefused(
      await run(cwd, 'stage'),
      `the key ${NEW} is staged already`,
      'promote it, or retire it first',
    );
  });
});

describe('refusals', () => {
  test.concurrent.each([
    ['nothing is staged', ['promote'], 'no key is staged', 'keyturn stage'],
    ['nobody knows the key', ['promote', 'abcdefgh'], 'no key with this id', 'keyturn status lists the keys'],
    ['nothing came before', ['rollback'], 'no key signed before', 'stage a new key'],
    ['the key signs', ['retire', K], `${K} signs`, 'promote another one first'],
    ['there is no such key', ['retire', 'abcdefgh'], 'no key with this id', 'keyturn status'],
    [
      'nobody knows the key',
      ['revoke', 'abcdefgh', '--reason', 'x'],
      'no key with this id',
      'keyturn status',
    ],
  ])('%s: %j', async (_, args, error, hint) => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    expectRefused(await run(cwd, ...args), error, hint);
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('retire takes every key that is safe, and says which are not; a staged one goes at once', async () => {
    const cwd = await ringFolder(
      { secret: COMING, state: 'staged', daysAgo: 0 },
      { secret: STRONG, state: 'active' },
      { secret: OLDER, state: 'retiring' },
      { secret: OLDEST, state: 'retiring', daysAgo: 1 },
    );
    const dry = await run(cwd, 'retire', '--dry-run');
    expect(dry.stdout).toContain(`dry run, nothing is changed: retired ${OLD}:`);
    const ran = await run(cwd, 'retire');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(
      new RegExp(
        `^retired ${OLD}: its secret is gone, its id stays in the history\nkept ${kidOf(OLDEST)}: safe to retire at ${WHEN}\n`,
      ),
    );
    const again = await run(cwd, 'retire', '--json');
    expect(again.code).toBe(3);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'too_early' } });
    expect((await run(cwd, 'retire', NEW)).code).toBe(0);
    const two = await ringFolder(
      { secret: STRONG, state: 'active' },
      { secret: OLDER, state: 'retiring' },
      { secret: OLDEST, state: 'retiring', daysAgo: 400 },
    );
    const both = JSON.parse((await run(two, 'retire', '--json')).stdout);
    expect(both).toMatchObject({ retired: [OLD, kidOf(OLDEST)], kept: [], generation: 3 });
  });

  test.concurrent('rollback does not toggle, and promote offers the key that was rolled back', async () => {
    const cwd = await ringFolder(
      { secret: COMING, state: 'staged' },
      { secret: STRONG, state: 'active', daysAgo: 400 },
    );
    await run(cwd, 'promote');
    const back = await run(cwd, 'rollback');
    expect(back.stdout).toMatch(
      new RegExp(
        `\nnext: keyturn promote ${NEW}  # when the cause of the rollback is mended; or retire ${NEW}: `,
      ),
    );
    const rolledBack = textOf(cwd);
    const twice = await run(cwd, 'rollback');
    expect(twice.code).toBe(0);
    expect(twice.stdout).toMatch(
      new RegExp(
        `^nothing is changed: the key ${K} signs again already, since .*; to promote ${NEW} again: keyturn promote ${NEW}\n`,
      ),
    );
    expectRefused(await run(cwd, 'promote'), 'no key is staged', `keyturn promote ${NEW}`);
    expect(textOf(cwd)).toBe(rolledBack);
    expect((await run(cwd, 'promote', NEW)).code).toBe(0);
    // Gone forward by name, it can be gone back from once more.
    expect((await run(cwd, 'rollback')).stdout).toContain(`rolled back to ${K}`);
  });

  test.concurrent('the former key is gone: there is no way back', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' }, { secret: OLDER, state: 'retiring' });
    expect((await run(cwd, 'retire')).code).toBe(0);
    expectRefused(await run(cwd, 'rollback'), `${OLD} is retired: its secret is gone`, 'stage a new key');
  });

  test.concurrent.each([
    ['a broken document', '{"keyturn": 1', 'is not valid JSON', 'restore it from a copy'],
    ['a document of a newer version', '{"keyturn": 2}', 'newer Keyturn', 'update'],
  ])('%s gives the two lines that a start gives', async (_, text, error, hint) => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    overwrite(cwd, text);
    for (const args of [['stage'], ['status'], ['history'], ['impact'], ['rotate', '--wait']]) {
      expectRefused(await run(cwd, ...args), error, hint);
    }
    expect(textOf(cwd)).toBe(text);
  });

  test.concurrent('a variable that hides the document is named', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    const ran = await keyturn(['stage'], { cwd, env: { ...DEV, [SECRET]: OLDER } });
    expectRefused(
      ran,
      `${SECRET} holds a secret, and not a keyring document`,
      'it hides security.signing_secret.file in keyturn.toml: take it away',
    );
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('a document that hides another is changed, and both are named', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const env = { ...DEV, [`${SECRET}_FILE`]: 'other.json' };
    writeFileSync(join(cwd, 'other.json'), documentOf({ secret: OLDER, state: 'active' }), { mode: 0o600 });
    const before = textOf(cwd);
    const ran = await keyturn(['stage'], { cwd, env });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toBe(
      `keyturn: note: ${SECRET}_FILE is in force, and hides security.signing_secret.file in keyturn.toml\n`,
    );
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent.each([
    ['one line', STRONG],
    ['an array', JSON.stringify([STRONG, OLDER])],
  ])('a file with %s: import it, or stage through NEXT_SECRETS', async (what, content) => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'keys'), content);
    const env = { ...DEV, [`${SECRET}_FILE`]: 'keys' };
    for (const args of [['stage'], ['rotate'], ['rotate', '--wait'], ['promote'], ['rollback'], ['retire']]) {
      expectRefused(
        await keyturn(args, { cwd, env }),
        `${SECRET}_FILE names a file with ${what}`,
        `keyturn import ${join(cwd, 'keys')}; until then stage through ${SECRET}__NEXT_SECRETS`,
      );
    }
    expectRefused(
      await keyturn(['revoke', OLD, '--reason', 'x'], { cwd, env }),
      'not a keyring document',
      `${SECRET}__REVOKED_KIDS`,
    );
  });

  test.runIf(process.platform !== 'win32' && process.getuid?.() !== 0)(
    'a folder that cannot be written',
    async () => {
      const cwd = await ringFolder({ secret: STRONG, state: 'active' });
      chmodSync(join(cwd, '.keyturn'), 0o500);
      expectRefused(await run(cwd, 'stage'), 'cannot be changed', 'run this as the user');
      chmodSync(join(cwd, '.keyturn'), 0o700);
    },
  );
});

describe('--dry-run', () => {
  const keys = [
    { secret: COMING, state: 'staged' },
    { secret: STRONG, state: 'active' },
    { secret: OLDER, state: 'retiring' },
  ] as const;

  test.concurrent.each([
    [['promote'], `promoted ${NEW}: it signs now`],
    [['promote', OLD], `promoted ${OLD}: it signs now`],
    [['rollback'], `rolled back to ${OLD}: it signs again`],
    [['retire'], `retired ${OLD}: its secret is gone`],
    [
      ['revoke', K, '--reason', 'leaked'],
      `revoked ${K}: everything that it signed is refused from now on; ${NEW} signs now`,
    ],
  ])('%j changes not a byte', async (args, sentence) => {
    const cwd = await ringFolder(...keys);
    const before = textOf(cwd);
    const { mtimeNs } = statSync(join(cwd, RING), { bigint: true });
    const ran = await run(cwd, ...args, '--dry-run');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`dry run, nothing is changed: ${sentence}`);
    expect(textOf(cwd)).toBe(before);
    expect(statSync(join(cwd, RING), { bigint: true }).mtimeNs).toBe(mtimeNs);
    // And the step itself says and does the same.
    const real = await run(cwd, ...args);
    expect(real.stdout).toContain(sentence);
    expect(ringIn(cwd).generation).toBe(2);
  });

  test.concurrent('stage and rotate too, and a refusal is one', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    for (const name of ['stage', 'rotate']) {
      expect((await run(cwd, name, '--dry-run')).stdout).toMatch(/^dry run, nothing is changed: staged /);
    }
    expectRefused(await run(cwd, 'promote', '--dry-run'), 'no key is staged', 'stage one first');
    expect(textOf(cwd)).toBe(before);
  });
});

test.concurrent('a dry run of revoke names no key that it made up', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const args = ['revoke', K, '--reason', 'a test', '--dry-run'];
  const { stdout } = await run(cwd, ...args);
  expect(stdout).toMatch(/; a fresh key signs now\n/);
  expect(stdout).toContain(`keys: a fresh key active, ${K} revoked`);
  const seen = JSON.parse((await run(cwd, ...args, '--json')).stdout);
  expect(seen).toMatchObject({ signs: null, keys: [{ kid: null, state: 'active' }, { kid: K }] });
});

describe('revoke', () => {
  test.concurrent('the active key: says what breaks, a fresh one takes over, the reason stands in the history', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const ran = await run(cwd, 'revoke', K, '--reason', 'leaked in a log');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(
      new RegExp(`^keyturn: revoking ${K} breaks tokens of it for session, csrf, .*\n$`),
    );
    const read = ringIn(cwd);
    const fresh = read.keys.find(({ state }) => state === 'active')?.kid;
    expect(ran.stdout).toMatch(new RegExp(`^revoked ${K}: .* refused from now on; ${fresh} signs now\n`));
    expect(ran.stdout).toMatch(/^ {2}session +they are signed out$/m);
    expect(statesOf(read)).toContain(`${K} revoked`);
    expect(textOf(cwd)).not.toContain(STRONG);
    expect(read.history).toMatchObject([{ what: 'revoke', kid: K, why: 'leaked in a log' }]);
    const before = textOf(cwd);
    const again = await run(cwd, 'revoke', K, '--reason', 'again');
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(`nothing is changed: the key ${K} is revoked already\n`);
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('a key whose tokens have all expired breaks nothing', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' }, { secret: OLDER, state: 'retiring' });
    const ran = await run(cwd, 'revoke', OLD, '--reason', 'tidy');
    expect(ran.stdout).toContain('broken: nothing, no token of it can be alive');
    expect(statesOf(ringIn(cwd))).toEqual([`${K} active`, `${OLD} revoked`]);
  });
});

describe('--json', () => {
  test.concurrent('is one line for every step', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const stage = JSON.parse((await run(cwd, 'stage', '--json')).stdout);
    const { kid } = stage;
    expect(stage).toEqual({
      step: 'stage',
      dryRun: false,
      changed: true,
      kid: expect.stringMatching(/^[\w-]{8}$/),
      generation: 2,
      keys: [
        { kid, state: 'staged', safeAt: expect.stringMatching(/Z$/), scheduledFor: null },
        { kid: K, state: 'active', safeAt: null, scheduledFor: null },
      ],
      next: { command: 'keyturn promote', remark: expect.any(String), safeAt: expect.stringMatching(/Z$/) },
    });
    overwrite(cwd, stagedLongAgo(textOf(cwd)));
    const all = [['promote'], ['rollback'], ['revoke', kid, '--reason', 'x']];
    for (const args of all) {
      const { code, stdout } = await run(cwd, ...args, '--json');
      expect(code).toBe(0);
      expect(stdout.trimEnd()).not.toContain('\n');
      expect(JSON.parse(stdout)).toMatchObject({ step: args[0], dryRun: false, kid: expect.any(String) });
    }
    expect(ringIn(cwd).generation).toBe(5);
  });

  test.concurrent('of revoke has the impact', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const ran = JSON.parse((await run(cwd, 'revoke', K, '--reason', 'x', '--json')).stdout);
    expect(ran.impact[0]).toEqual({
      purpose: 'session',
      about: 'the session cookie',
      state: 'in the cookie',
      maxAge: 604800,
      effect: 'refused',
      sees: 'they are signed out',
    });
    expect(ran.signs).not.toBe(K);
  });
});

test.concurrent('a key id that begins with a dash can be typed, and is printed so that it can', async () => {
  // The 40th of these has such an id.
  let secret = '';
  for (let number = 0; !kidOf(secret || 'x').startsWith('-'); number++) secret = `${STRONG}${number}`;
  const kid = kidOf(secret);
  const cwd = await ringFolder(
    { secret: STRONG, state: 'active' },
    { secret, state: 'retiring' },
    { secret: OLDER, state: 'retiring', daysAgo: 1 },
  );
  const status = await run(cwd, 'status');
  expect(status.stdout).toContain(`next: keyturn retire  # ${kid} is safe to retire now`);
  expect((await run(cwd, 'retire', '--dry-run', kid)).code).toBe(kid[1] === '-' ? 2 : 0);
  expect((await run(cwd, 'retire', '--', kid)).code).toBe(0);
});

test.concurrent('a scheduled promotion that is due is told as what was so before the step', async () => {
  const cwd = await ringFolder({ secret: COMING, state: 'staged' }, { secret: STRONG, state: 'active' });
  const ring = JSON.parse(textOf(cwd));
  ring.keys[0].activates = new Date(Date.now() - 60_000).toISOString();
  overwrite(cwd, JSON.stringify(ring));
  const { code, stdout } = await run(cwd, 'rollback');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^rolled back to ${K}: it signs again; ${NEW} turned retiring, safe to`));
});

test.concurrent('an empty document in a pipe is named as such', async () => {
  const ran = await keyturn(['stage', '--ring', '-'], { cwd: newFolder(), env: DEV, input: '\n' });
  expectRefused(ran, /standard input is empty/, /pipe the document in/);
});

describe('processes that know better', () => {
  /** Runs a command whose patience of ten seconds is over after half a second. */
  const soon = (cwd: string, ...args: readonly string[]) => {
    const monotonic = () => ({ clock: 'a fast one', shows: performance.now() * 20 });
    return keyturn(args, { cwd, env: DEV, monotonic });
  };
  const keysIn = (cwd: string) => parseDocument(textOf(cwd), 'the document');

  async function reporting(cwd: string, changes: Partial<ReplicaReport>): Promise<void> {
    const report = reportOf({ verifies: [K], signs: K, ...changes });
    await writeReport(join(cwd, RING), report, keysIn(cwd));
  }

  test.concurrent('a document that was put back to an older one is not built upon', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    await reporting(cwd, { generation: 9 });
    for (const args of [['stage'], ['rotate'], ['stage', '--dry-run']]) {
      expectRefused(
        await run(cwd, ...args),
        /web-1-7-aaaa has generation 9 of the keyring in force, and what is kept is generation 1$/,
        /put the newest one back/,
      );
    }
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('nothing but revoke is done to a ring that did not come from the one that a process holds', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    for (const [theirs, what] of [
      [
        { ring: 'another', generation: 1 },
        /web-1-7-aaaa holds the keyring another, and what is kept is ring-/,
      ],
      [
        { mark: 'x'.repeat(16) },
        /has a generation 1 of the keyring that what is kept, generation 1, has not come/,
      ],
    ] as const) {
      await reporting(cwd, theirs);
      for (const args of [['stage'], ['rotate'], ['promote'], ['retire'], ['rollback']])
        expectRefused(await run(cwd, ...args), what, /keyturn import/);
      expect(textOf(cwd)).toBe(before);
    }
    const revoked = await soon(cwd, 'revoke', K, '--reason', 'leaked');
    expect(ringIn(cwd).keys.find(({ kid }) => kid === K)).toMatchObject({ state: 'revoked' });
    expect(revoked.stdout).toContain(K);
  });

  test.concurrent('one that a process holds an ancestor of is', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const { mark } = parseDocument(textOf(cwd), RING);
    await reporting(cwd, { mark });
    expect((await run(cwd, 'stage')).code).toBe(0);
    expect((await run(cwd, 'retire', '--', ringIn(cwd).keys[0]?.kid ?? '')).code).toBe(0);
  });

  test.concurrent('nothing stops a revocation, and who has not obeyed is named', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    await reporting(cwd, { generation: 9, profile: 'prod' });
    const ran = await soon(cwd, 'revoke', K, '--reason', 'leaked', '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ step: 'revoke', kid: K, disobedient: ['web-1-7-aaaa'] });
    expect(JSON.parse(ran.stdout).notFollowing).toEqual(['web-1-7-aaaa']);
    expect(ran.stderr).toContain(
      'note: web-1-7-aaaa has generation 9 of the keyring in force, and what is kept is generation 2, so that this one is not followed there; put the newest keyring back',
    );
    expect(ran.stderr).toContain('not obeyed within 10 s by web-1-7-aaaa');
    expect(ringIn(cwd).keys.find(({ kid }) => kid === K)?.state).toBe('revoked');
  });

  test.concurrent('an operator knows that one has ended, and the history notes it', async () => {
    const cwd = await ringFolder(
      { secret: COMING, state: 'staged', daysAgo: 1 },
      { secret: STRONG, state: 'active' },
    );
    await reporting(cwd, {});
    expectNotYet(await run(cwd, 'promote'), /web-1-7-aaaa cannot verify with the key/, /./);
    expectNotYet(await run(cwd, 'promote', '--gone', 'web-9'), /web-1-7-aaaa cannot verify/, /./);
    expect((await run(cwd, 'promote', '--gone', 'web-1-7-aaaa')).code).toBe(0);
    expect(ringIn(cwd).history.at(-1)).toMatchObject({ what: 'promote', gone: ['web-1-7-aaaa'] });
    expect((await run(cwd, 'history')).stdout).toContain('said to be gone: web-1-7-aaaa');
    const status = JSON.parse((await run(cwd, 'status', '--json')).stdout);
    expect(status.replicas).toEqual([]);
    // What it may have signed until now is kept.
    expect(readFileSync(join(cwd, `${RING}.fleet/ended.json`), 'utf8')).toContain(K);
  });

  test.concurrent('a longer lag and longer lifetimes than this command knows of count', async () => {
    const day = 86_400;
    const cwd = await ringFolder(
      { secret: COMING, state: 'staged', daysAgo: 1 / 24 },
      { secret: STRONG, state: 'active' },
    );
    const both = { verifies: [K, NEW], lifetimes: { 'their-own': 400 * day } };
    await reporting(cwd, { ...both, maxLag: 2 * 3600 });
    expectNotYet(await run(cwd, 'promote'), /not every replica is known/, SAFE);
    await reporting(cwd, both);
    expect((await run(cwd, 'promote')).code).toBe(0);
    const former = ringIn(cwd).keys.find(({ kid }) => kid === K) as { lifetimes?: Record<string, number> };
    expect(former.lifetimes).toMatchObject({ 'their-own': 400 * day });
  });

  test.concurrent('what an ended process signed last holds up a retirement', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' }, { secret: OLDER, state: 'retiring' });
    mkdirSync(join(cwd, `${RING}.fleet`));
    writeFileSync(
      join(cwd, `${RING}.fleet/ended.json`),
      JSON.stringify(proven({ [OLD]: Date.now() - 1000 }, keysIn(cwd))),
    );
    expectNotYet(await run(cwd, 'retire'), new RegExp(`tokens of the key ${OLD} may still be alive`), SAFE);
  });

  test.concurrent('rules other than theirs: status says so, and steps are refused', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    await reporting(cwd, { profile: 'prod' });
    const { stdout } = await run(cwd, 'status');
    expect(stdout).toContain(
      'replicas: web-1-7-aaaa runs by the prod profile, and this command by dev; see to it that all go by one',
    );
    expectRefused(await run(cwd, 'stage'), /runs by the prod profile, and this command by dev/, /--env prod/);
    expect((await run(cwd, 'stage', '--env', 'prod')).code).toBe(0);
  });
});

describe.concurrent.each([
  ['a line', `${COMING}\n`],
  ['an array', JSON.stringify([COMING, OLDER])],
])('%s where a document was, at the place where import writes one', (_, text) => {
  async function overwritten(): Promise<{ cwd: string; path: string }> {
    const cwd = newFolder();
    await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'prod', [SECRET]: STRONG } });
    const path = join(cwd, '.keyturn', 'keyring.json');
    const { id, generation, fingerprint } = parseDocument(readFileSync(path, 'utf8'), 'it');
    const says = { ring: id, generation, fingerprint, signs: K, verifies: [K], profile: 'prod' };
    await writeReport(path, reportOf(says), ringOf(1, [[STRONG, 'active']]));
    writeFileSync(path, text);
    return { cwd, path };
  }
  const run = async (cwd: string, ...args: readonly string[]) =>
    await keyturn(args, { cwd, env: { KEYTURN_ENV: 'prod' } });

  test('while a process holds the document, that is what comes first', async () => {
    const { cwd, path } = await overwritten();
    const what = `web-1-7-aaaa holds a keyring document, and ${path} is not one any more`;
    for (const args of [['stage'], ['retire'], ['import', path], ['init'], ['init', '--if-missing']])
      expectRefused(await run(cwd, ...args), what, 'put the document back from a copy');
    expect((await run(cwd, 'status')).stdout).toContain('\nnext: first put the document back from a copy');
    const { checks } = JSON.parse((await run(cwd, 'doctor', '--json')).stdout);
    expect(checks.find(({ name }: { name: string }) => name === 'fleet')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(what),
    });
  });

  test('without one, what is said to be run can be run', async () => {
    const { cwd, path } = await overwritten();
    rmSync(`${path}.fleet`, { recursive: true });
    const then = `mv ${path} ${path}.old, then keyturn import ${path}.old`;
    expect((await run(cwd, 'status')).stdout).toContain(`\nnext: ${then}: turns it into a keyring document`);
    expectRefused(await run(cwd, 'stage'), 'and not a keyring document', then);
    expectRefused(await run(cwd, 'import', path), 'that is where import writes one', then);
    renameSync(path, `${path}.old`);
    expect(await run(cwd, 'import', `${path}.old`)).toMatchObject({ code: 0 });
    expect((await run(cwd, 'stage')).code).toBe(0);
  });
});

test.concurrent('a dry run refuses what cannot be written', async () => {
  const cwd = await ringFolder({ secret: STRONG, state: 'active' });
  const path = join(cwd, RING);
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(/"generation":\s*\d+/, `"generation": ${2 ** 53 - 1}`),
  );
  const real = await run(cwd, 'stage');
  expectRefused(real, 'generation', /./);
  expect(await run(cwd, 'stage', '--dry-run')).toEqual(real);
});
