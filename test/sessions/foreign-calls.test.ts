// A worker says less of a call as other libraries have it; it takes and refuses the same.
import { describe, expect, test } from 'vitest';
import * as whole from '../../src/sessions/foreign-calls.js';
import * as short from '../../src/sessions/foreign-calls-short.js';

const outcome = (run: () => unknown) => {
  try {
    return { gives: run() };
  } catch (error) {
    return { refuses: (error as { code: string }).code };
  }
};

const VALUES = [
  undefined,
  null,
  '',
  'cart',
  '14d',
  0,
  7,
  true,
  false,
  [],
  ['cart'],
  ['cart', 1],
  {},
  { keep: true },
  { keep: false },
  { keep: ['cart'] },
  { keep: ['cart', null] },
  { keep: 'cart' },
  { keep: 1 },
  { keep: ['cart'], epoch: 2 },
  { epoch: 'x' },
  { kept: true },
  () => {},
];
const GIVEN: ReadonlyArray<readonly unknown[]> = [
  ...VALUES.map((value) => [value]),
  [{}, () => {}],
  ['14d', {}],
  [undefined, undefined],
];

describe.each([
  ['regenerateOptions', short.regenerateOptions, whole.regenerateOptions],
  ['rememberLength', short.rememberLength, whole.rememberLength],
] as const)('%s', (_name, ofWorker, ofAll) => {
  test.each(GIVEN.map((given) => [given] as const))('takes or refuses %o in both', (given) => {
    expect(outcome(() => ofWorker(given))).toEqual(outcome(() => ofAll(given)));
  });
});

test('the worker names every call that the other names', () => {
  expect(Object.keys(short).sort()).toEqual(Object.keys(whole).sort());
  const codes = (module: Pick<typeof whole, keyof typeof whole>) =>
    [
      module.notNeeded('save'),
      module.notHere('cookie'),
      module.cannotBeSet('id'),
      module.withoutName('get'),
      module.withoutValue(),
      module.misread([() => {}], 'destroy'),
    ].map(({ code, message }) => [code, /save|cookie|id|get|set|destroy/.exec(message)?.[0]]);
  expect(codes(short)).toEqual(codes(whole));
});
