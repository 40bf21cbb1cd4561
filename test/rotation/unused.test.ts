// Built-in purposes that keep keys for longer than what an app uses does: what the doctor and keyturn impact tell of them.
import { expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { PurposeRegistry } from '../../src/purposes/registry.js';
import { impactOf } from '../../src/rotation/impact.js';
import { unusedBuiltIn, unusedInWords, withoutUnused } from '../../src/rotation/unused.js';

const DAY = 86_400;
const PROGRAM = { layer: 'program', name: 'the program' } as const;

function of(purposes: object) {
  const { settings } = applyLayers('prod', [{ origin: PROGRAM, tree: { purposes } }], {});
  return { settings, registry: new PurposeRegistry(settings, true) };
}

const bridge = { 'express-session': { max_age: '14d' } };
const uses = (...purposes: readonly string[]) => ({
  uses: purposes.map((purpose) => ({
    kid: 'UZt9ceUk',
    purpose,
    signed: 1,
    signedAt: 1,
    verified: 0,
    verifiedAt: 0,
  })),
});

test.for<
  readonly [what: string, purposes: object, used: readonly string[], builtin?: string[], days?: number]
>([
  ['bridges alone', bridge, ['express-session'], [], 14],
  ['sessions of its own, too', bridge, ['express-session', 'csrf-id'], ['session'], 14],
  ['sessions alone', {}, ['session', 'flash'], ['session'], 7],
  ['one that is declared may be used any day', { ...bridge, invitation: { max_age: '30d' } }, ['session']],
  ['refresh tokens, which live as long', bridge, ['refresh']],
  ['a purpose that lives longer', { report: { max_age: '60d' } }, ['report']],
  ['what has been said', { ...bridge, builtin: ['refresh'] }, ['express-session']],
  ['nothing, as of processes that have just started', bridge, []],
  ['what this configuration does not know', {}, ['made-up']],
])('%s', ([, purposes, used, builtin, days = 0], { expect }) => {
  const { settings, registry } = of(purposes);
  const found = unusedBuiltIn(registry, settings, [uses(), uses(...used)]);
  expect(found).toEqual(
    builtin && {
      purposes: ['refresh', 'invitation'],
      lifetime: 30 * DAY,
      without: days * DAY,
      builtin,
      processes: 2,
    },
  );
  if (found === undefined) return;
  // What it says to write does what it says.
  const after = of({ ...purposes, builtin });
  expect(Math.max(...Object.values(after.registry.lifetimes))).toBe(found.without);
});

test('in words', () => {
  const { settings, registry } = of(bridge);
  const found = unusedBuiltIn(registry, settings, [uses('express-session')]);
  expect(found && [unusedInWords(found), withoutUnused(found)]).toEqual([
    'a key is kept for 30d because of refresh and invitation, which the process that reports has not used since it started; what is used would keep it for 14d',
    'if the app never does, say so before the next rotation: builtin = [] under [purposes]',
  ]);
});

test('the impact of a rotation tells it', () => {
  const { settings, registry } = of(bridge);
  const facts = { now: 0, maxLag: 60, skew: 300, replicas: [], lifetimes: registry.lifetimes };
  const found = { settings, movingIn: new Map(), heard: [uses('express-session') as never] };
  expect(impactOf({ step: 'rotate' }, undefined, registry, facts, found).unused).toMatchObject({
    builtin: [],
  });
});
