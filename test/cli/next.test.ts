// What a step and status name as the next command: only what can work here.
import { describe, expect, test } from 'vitest';
import { thisMachine } from '../../src/resolve/machine.js';
import { Rotation } from '../../src/rotation/rotation.js';
import type { KeyStatus } from '../../src/rotation/status.js';
import { nextOf, stepOf } from '../../src/words/next-step.js';
import { ageOf, knownSince } from '../../src/words/view.js';
import { HOUR, kidAt, NOW, world } from '../console/made.js';
import { COMING, kidOf, OLDER, PREVIOUS, SECRET, STRONG } from '../support/machine.js';
import { DEV, newFolder, ringFolder, ringIn, run, type WrittenKey } from './ring.js';
import { keyturn } from './run.js';

const ACTIVE = { secret: STRONG, state: 'active' } as const;
const STAGED = { secret: COMING, state: 'staged' } as const;
const RETIRING = { secret: OLDER, state: 'retiring' } as const;

async function opened(cwd: string, env: Record<string, string> = DEV) {
  const signs = { terminal: false, debugger: false, container: false };
  const rotation = await Rotation.open({ machine: thisMachine({ cwd, env, signs }) });
  return { status: await rotation.status(), resolution: rotation.resolution };
}

describe('the options of this command are those of the next', () => {
  test.concurrent('the folder and the profile', async () => {
    const cwd = await ringFolder(STAGED, ACTIVE);
    const ran = await keyturn(['status', '--cwd', cwd, '--env', 'dev'], { cwd: newFolder() });
    expect(ran.stdout).toContain(`\nnext: keyturn promote --cwd ${cwd} --env dev  # safe to promote now\n`);
    const piped = await keyturn(['rotate', '--env', 'dev', '--json'], { cwd: await ringFolder(ACTIVE) });
    expect(JSON.parse(piped.stdout).next.command).toBe('keyturn promote --env dev');
  });

  test.concurrent('of the command that waits, too', async () => {
    const cwd = await ringFolder({ ...STAGED, daysAgo: 0 }, ACTIVE);
    const env = { KEYTURN_SECURITY__KEYRING__MAX_LAG: '1h' };
    const ran = await keyturn(['status', '--cwd', cwd, '--env', 'dev'], { cwd: newFolder(), env });
    expect(ran.stdout).toContain(
      `\nnext: keyturn rotate --cwd ${cwd} --env dev --wait  # waits, and promotes it: `,
    );
  });

  test.concurrent('as one word of a shell', async () => {
    const { status, resolution } = await opened(await ringFolder(ACTIVE));
    expect(nextOf(status, resolution, { options: " --cwd 'a b'" }).command).toBe(
      "keyturn rotate --cwd 'a b' --wait",
    );
  });
});

describe('a document that is mounted read-only is changed where it comes from', () => {
  test.concurrent.each([
    [[ACTIVE], 'keyturn rotate --ring -'],
    [[STAGED, ACTIVE], 'keyturn promote --ring -'],
    [[ACTIVE, RETIRING], 'keyturn retire --ring -'],
  ] as ReadonlyArray<readonly [readonly WrittenKey[], string]>)('%j: %s', async (keys, command) => {
    const { status, resolution } = await opened(await ringFolder(...keys));
    expect(status.writable).toBe(true);
    expect(nextOf({ ...status, writable: false }, resolution, { options: '' }).command).toBe(command);
  });
});

test.concurrent.each([
  ['stage'],
  ['rotate'],
  ['retire'],
  ['promote'],
])('a dry run of %s: the step itself comes next, and no key is named that will not be', async (step) => {
  const keys = step === 'promote' ? [STAGED, ACTIVE] : [ACTIVE, RETIRING];
  const cwd = await ringFolder(...keys);
  const ran = await keyturn([step, '--dry-run'], { cwd, env: DEV });
  expect(ran.stdout).toMatch(/^dry run, nothing is changed: /);
  expect(ran.stdout).toMatch(/\nnext: the same without --dry-run\n$/);
  const known = [STRONG, COMING, OLDER].map(kidOf);
  const named = [...ran.stdout.matchAll(/\b(?:keys: |, |staged |promoted |retired )([\w-]{8})(?= |:|,)/g)];
  for (const [, kid] of named) expect(known).toContain(kid);
  const json = JSON.parse((await keyturn([step, '--dry-run', '--json'], { cwd, env: DEV })).stdout);
  expect(json).toMatchObject({ dryRun: true, changed: false, next: { command: null } });
  if (step === 'stage' || step === 'rotate') {
    expect(json.kid).toBeNull();
    expect(json.keys[0]).toMatchObject({ kid: null, state: 'staged' });
    expect(ran.stdout).toContain('staged a fresh key: ');
  }
});

test.concurrent('a token that was accepted is not called one that should have expired where nothing says when', async () => {
  const env = { ...DEV, [SECRET]: STRONG, [PREVIOUS]: OLDER };
  const { status } = await opened(newFolder(), env);
  const [key] = status.keys.filter(({ state }) => state === 'retiring');
  const used = { ...(key as NonNullable<typeof key>), lastVerifiedAt: status.now };
  expect(stepOf(used, status)).toBe('');
  // Where it is known it is said.
  const document = await opened(await ringFolder(ACTIVE, RETIRING));
  const [old] = document.status.keys.filter(({ state }) => state === 'retiring');
  const late = { ...(old as NonNullable<typeof old>), lastVerifiedAt: document.status.now };
  expect(stepOf(late, document.status)).toContain('a token of it was accepted that should have expired');
});

test.concurrent('the age of a key is told, and that a secret which was taken over may be older', async () => {
  const cwd = await ringFolder({ ...STAGED, daysAgo: 3 }, { ...ACTIVE, daysAgo: 80 });
  const { stdout } = await keyturn(['status'], { cwd, env: DEV });
  expect(stdout).toMatch(new RegExp(`^${kidOf(COMING)} +staged +\\S+ \\S+ \\S+ \\(3 d ago\\) +3 d `, 'm'));
  expect(stdout).toMatch(
    new RegExp(`^${kidOf(STRONG)} +active +\\S+ \\S+ \\S+ \\(80 d ago\\) +80 d or more`, 'm'),
  );
  const { keys } = JSON.parse((await keyturn(['status', '--json'], { cwd, env: DEV })).stdout);
  expect(keys.map(({ knownSince }: { knownSince: string }) => knownSince)).toEqual([
    keys[0].since,
    keys[1].since,
  ]);
});

test.concurrent('a key that signs again after a rollback is as old as before', async () => {
  const [begun, left, back] = [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR];
  const { view } = await world({
    keys: [{ state: 'active', dates: { retiring: left, active: back } }],
    history: [
      { at: begun, what: 'init', kid: kidAt(0) },
      { at: back, what: 'rollback', kid: kidAt(0) },
    ],
  });
  const [key] = view.status.keys as [KeyStatus];
  expect(knownSince(key, view)).toBe(begun);
  expect(ageOf(key, view)).toBe('3 h or more');
  // The history may be shorter than the life of a key.
  expect(knownSince(key, { history: view.history.slice(1) })).toBe(left);
});

test.concurrent('a revocation of the key that signs is a change of that key, and of another one is not', async () => {
  const cwd = await ringFolder(STAGED, ACTIVE, RETIRING);
  const rotatedAt = async () => JSON.parse((await run(cwd, 'status', '--json')).stdout).rotatedAt;
  expect(await run(cwd, 'revoke', kidOf(OLDER), '--reason', 'leaked')).toMatchObject({ code: 0 });
  expect(await rotatedAt()).toBeNull();
  expect(await run(cwd, 'revoke', kidOf(STRONG), '--reason', 'leaked')).toMatchObject({ code: 0 });
  expect(await rotatedAt()).toBe(ringIn(cwd).history.at(-1)?.at);
});
