// What `keyturn impact` says is what happens: each of its lines is held against real cookies, links and tokens of an
// app in production, through the real commands. World and probes: see world.ts and probes.ts.
import { describe, expect, test } from 'vitest';
import { Everything, PROBES, Visitor } from './probes.js';
import { World } from './world.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const KINDS: ReadonlyArray<readonly [kind: string, settings: Readonly<Record<string, string>>]> = [
  ['sessions signed in the cookie', {}],
  ['sessions sealed in the cookie', { KEYTURN_SESSION__SEALED: 'true' }],
  ['sessions in memory', { KEYTURN_SESSION__BACKEND: 'memory' }],
  ['daily keys', { KEYTURN_SECURITY__KEYRING__EPOCH: 'day' }],
];

type Impact = Awaited<ReturnType<World['impact']>>;

/** Does a step, and checks each line of its impact on what the key that it is about has signed. */
async function expectTrue(
  impact: Impact,
  held: Everything,
  { signed = true }: { readonly signed?: boolean },
  step: () => Promise<unknown>,
): Promise<void> {
  const row = (purpose: string) => {
    const found = impact.rows.find((candidate) => candidate.purpose === purpose);
    if (found === undefined) throw new Error(`impact has no line for ${purpose}`);
    return found;
  };
  expect(impact.rows.map(({ purpose }) => purpose).sort()).toEqual(Object.keys(PROBES).sort());
  const before = await held.alive();
  // `none` says that no token of the key can be alive; those of others stay as they are.
  const nothingToLose = (purpose: string) => row(purpose).effect === 'none' && signed;
  expect(before).toEqual(held.expected((purpose) => !nothingToLose(purpose)));
  await step();
  const after = await held.alive();
  expect(after).toEqual(
    held.expected((purpose) => row(purpose).effect !== 'refused' && !nothingToLose(purpose)),
  );
  const sees = await held.sees();
  for (const [name, seen] of Object.entries(sees)) {
    const { effect, sees: said } = row(name.split(':')[0] as string);
    // What expired before the step is not of its doing.
    if (effect !== 'none' || !signed) expect([name, seen]).toEqual([name, said]);
    if (effect !== 'refused') expect([name, said]).toEqual([name, 'nothing']);
  }
}

const effectsOf = ({ rows }: Impact) => [...new Set(rows.map(({ effect }) => effect))];
const all = (held: Everything, alive: boolean) => held.expected(() => alive);

test('every line of impact has a probe, and every probe a line', async () => {
  const world = await World.open();
  const lines = (await world.impact()).rows.map(({ purpose }) => purpose);
  expect(lines.sort()).toEqual(Object.keys(PROBES).sort());
});

describe.concurrent.each(KINDS)('%s', (kind, settings) => {
  test('tokens live as long as it says, to the second', async () => {
    const world = await World.open(settings);
    const { rows } = await world.impact();
    const held = await Everything.make(world);
    const start = world.clock.now;
    const lives = (purpose: string) => rows.find((row) => row.purpose === purpose)?.maxAge ?? 0;
    for (const age of [...new Set(rows.map(({ maxAge }) => maxAge))].sort((a, b) => a - b)) {
      world.clock.now = start + (age - 1) * 1000;
      expect(await held.alive()).toEqual(held.expected((purpose) => lives(purpose) >= age));
      world.advance(1);
      expect(await held.alive()).toEqual(held.expected((purpose) => lives(purpose) > age));
    }
  });

  test('their state is where it says: only what is in a store means nothing to another process', async () => {
    const world = await World.open(settings);
    const { rows } = await world.impact();
    const held = await Everything.make(world);
    const stored = (purpose: string) =>
      rows.find((row) => row.purpose === purpose)?.state.startsWith('in a store');
    expect(rows.some(({ purpose }) => stored(purpose))).toBe(true);
    expect(stored('session')).toBe(kind === 'sessions in memory');
    const elsewhere = await held.alive(await world.replica());
    // The token of a form is bound to its session: without that it is worth nothing.
    const reachable = (purpose: string) =>
      !stored(purpose) && !(purpose === 'csrf' && stored('session') === true);
    expect(elsewhere).toEqual(held.expected(reachable));
  });

  test('rotate: stage, promote, rollback and promote again', async () => {
    const world = await World.open(settings);
    const impact = await world.impact('rotate');
    expect(effectsOf(impact)).toEqual(['continues']);
    const former = world.signs;
    const early = await Everything.make(world);
    await expectTrue(impact, early, {}, () => world.step('stage'));
    const staged = await Everything.make(world);
    world.advance(MINUTE);
    await expectTrue(impact, staged, {}, () => world.step('promote'));
    expect(world.signs).not.toBe(former);
    const promoted = await Everything.make(world);
    await expectTrue(impact, promoted, {}, () => world.step('rollback'));
    expect(world.signs).toBe(former);
    const back = await Everything.make(world);
    const [newer] = world.main.keyturn.keyring.keys.filter(({ state }) => state === 'retiring');
    await expectTrue(impact, back, {}, () => world.step('promote', '--', newer?.id as string));
    for (const held of [early, staged, promoted, back]) expect(await held.alive()).toEqual(all(held, true));
  });

  test('retire', async () => {
    const world = await World.open(settings);
    const { refused, ...active } = await refusal(world, 'impact', 'retire', '--', world.signs);
    expect({ refused, ...active }).toEqual({ refused: true, because: expect.stringContaining('signs') });
    await world.step('stage');
    world.advance(MINUTE);
    // Made at the last moment, so that they live as long as any token of the key.
    const held = await Everything.make(world);
    const former = world.signs;
    await world.step('promote');
    for (const later of [0, 2 * HOUR, 8 * DAY, 12 * DAY]) {
      world.advance(later);
      expect(Object.values(await held.alive())).toContain(true);
      expect((await refusal(world, 'retire', '--', former)).refused).toBe(true);
    }
    const impact = await world.impact('retire', former);
    expect(effectsOf(impact)).toEqual(['none']);
    world.clock.now = Date.parse(impact.safeAt as string) - 1000;
    expect((await refusal(world, 'retire', '--', former)).refused).toBe(true);
    world.advance(1);
    const newer = await Everything.make(world);
    expect(await world.impact('retire', former)).toEqual({ ...impact, safeAt: null });
    await expectTrue(impact, held, {}, () => world.step('retire', '--', former));
    expect(await newer.alive()).toEqual(all(newer, true));
  });

  test('revoke, of the key that signs', async () => {
    const world = await World.open(settings);
    const held = await Everything.make(world);
    const impact = await world.impact('revoke', world.signs);
    expect(effectsOf(impact)).toEqual(['refused']);
    await expectTrue(impact, held, {}, () => world.step('revoke', '--reason', 'leaked', '--', world.signs));
    const next = await Everything.make(world);
    expect(await next.alive()).toEqual(all(next, true));
    // The log knows why, for each of them.
    const refusals = world.logger.records.filter(({ facts }) => facts.event === 'token.refused');
    const known = refusals.filter(({ facts }) => facts.reason === 'revoked_key');
    const purposes = new Set(known.map(({ facts }) => facts.purpose));
    expect(Object.keys(PROBES).filter((purpose) => !purposes.has(purpose))).toEqual([]);
  });

  test('revoke, of a key that turned retiring just now: who came back since goes on', async () => {
    const world = await World.open(settings);
    const held = await Everything.make(world);
    const regular = await new Visitor(world.main.app).signIn();
    const former = await world.rotate();
    const newer = await Everything.make(world);
    const impact = await world.impact('revoke', former);
    expect(effectsOf(impact)).toEqual(['refused']);
    expect(await regular.user()).toBe('ada');
    await expectTrue(impact, held, {}, () => world.step('revoke', '--reason', 'leaked', '--', former));
    expect(await newer.alive()).toEqual(all(newer, true));
    expect(await regular.user()).toBe('ada');
  });
});

describe.concurrent.each(KINDS.slice(0, 2))('%s, a retiring key', (_kind, settings) => {
  // After each of these some purposes have expired, with what clocks may differ, and the others have not.
  test.each([
    ['25 minutes', 25 * MINUTE, ['flash']],
    ['80 minutes', 80 * MINUTE, ['flash', 'jwt', 'download']],
    ['three hours', 3 * HOUR, ['flash', 'jwt', 'download', 'draft']],
    ['25 hours', 25 * HOUR, ['flash', 'jwt', 'download', 'draft', 'password-reset']],
    [
      'eight days',
      8 * DAY,
      [
        ...['flash', 'jwt', 'download', 'draft', 'password-reset'],
        ...['session', 'csrf', 'csrf-id', 'url', 'email-verification'],
      ],
    ],
    ['31 days', 31 * DAY, Object.keys(PROBES)],
  ] as const)('revoked after %s', async (_after, seconds, expired) => {
    const world = await World.open(settings);
    await world.step('stage');
    world.advance(MINUTE);
    const held = await Everything.make(world);
    const former = world.signs;
    await world.step('promote');
    world.advance(seconds);
    const newer = await Everything.make(world);
    const impact = await world.impact('revoke', former);
    const none = impact.rows.filter(({ effect }) => effect === 'none').map(({ purpose }) => purpose);
    expect(none.sort()).toEqual([...expired].sort());
    await expectTrue(impact, held, {}, () => world.step('revoke', '--reason', 'leaked', '--', former));
    expect(await newer.alive()).toEqual(all(newer, true));
  });
});

describe.concurrent.each(KINDS.slice(0, 1))('%s, a staged key', (_kind, settings) => {
  test.each([
    ['revoke', ['--reason', 'typed in the wrong window']],
    ['retire', []],
  ] as const)('%s', async (step, options) => {
    const world = await World.open(settings);
    await world.step('stage');
    const held = await Everything.make(world);
    const staged = world.main.keyturn.keyring.keys.find(({ state }) => state === 'staged')?.id as string;
    const impact = await world.impact(step, staged);
    expect(effectsOf(impact)).toEqual(['none']);
    expect(impact.safeAt).toBeNull();
    await expectTrue(impact, held, { signed: false }, () => world.step(step, ...options, '--', staged));
    expect(world.main.keyturn.keyring.keys.find(({ id }) => id === staged)?.state).toMatch(/^re(tir|vok)ed$/);
  });

  test('takes over when the one that signs is revoked', async () => {
    const world = await World.open(settings);
    const held = await Everything.make(world);
    const former = world.signs;
    await world.step('stage');
    const staged = world.main.keyturn.keyring.keys.find(({ state }) => state === 'staged')?.id;
    const impact = await world.impact('revoke', former);
    await expectTrue(impact, held, {}, () => world.step('revoke', '--reason', 'leaked', '--', former));
    expect(world.signs).toBe(staged);
    // Gone already: nothing is left to break.
    expect(effectsOf(await world.impact('revoke', former))).toEqual(['none']);
  });
});

async function refusal(world: World, ...args: readonly string[]) {
  const { code, stderr } = await world.run(...args);
  return { refused: code === 3 || code === 1, because: stderr };
}
