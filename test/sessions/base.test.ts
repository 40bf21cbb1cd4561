// Data of a session are compared as values where that is enough, and the answer is always the one that writing them gives.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openHttpCore } from '../../src/http/open-http-core.js';
import { Visit } from '../../src/http/visit.js';
import { Base } from '../../src/sessions/base.js';
import { dataText, fill } from '../../src/sessions/data.js';
import type { SessionValues } from '../../src/sessions/session.js';
import { testKeyturn } from '../support/keyturn.js';
import { cookiesOf, requestOf } from '../support/visits.js';

const dataOf = (text: string) => JSON.parse(text) as SessionValues;

function opened(text: string) {
  const base = new Base(text, dataOf(text));
  const session: SessionValues = {};
  fill(session, base.given(dataOf(text)));
  return { base, session };
}

/** What an app does to a value of its session. */
const EDITS: ReadonlyArray<readonly [string, (session: SessionValues) => void]> = [
  ['nothing', () => {}],
  ['a value more', (session) => Object.assign(session, { more: 1 })],
  ['undefined, which is not written', (session) => Object.assign(session, { more: undefined })],
  ['one less', (session) => void delete session.a],
  ['another order', (session) => Object.assign(session, { a: take(session, 'a') })],
  ['a list that grows', (session) => void (session.list as unknown[])?.push(1)],
  ['a list as an object', (session) => Object.assign(session, { list: { ...(session.list as unknown[]) } })],
  ['a list with a hole', (session) => Object.assign(session, { list: Object.assign([], { 1: 2 }) })],
  ['deep inside', (session) => Object.assign((session.inner ?? {}) as object, { deep: [2] })],
  ['a date', (session) => Object.assign(session, { a: new Date(0) })],
  ['a map for an empty object', (session) => Object.assign(session, { empty: new Map() })],
  ['a number in an object', (session) => Object.assign(session, { empty: Object(5) })],
  ['a text in an object', (session) => Object.assign(session, { empty: Object('') })],
  [
    'a method that writes itself',
    (session) => Object.assign((session.inner ?? {}) as object, { toJSON: () => 5 }),
  ],
  [
    'one that is hidden',
    (session) =>
      void Object.defineProperty(session.empty ?? {}, 'toJSON', { value: () => 5, configurable: true }),
  ],
  ['minus zero', (session) => Object.assign(session, { zero: -0 })],
  ['not a number', (session) => Object.assign(session, { a: Number.NaN })],
  ['an equal value', (session) => Object.assign(session, { list: structuredClone(session.list) })],
];

function take(session: SessionValues, name: string): unknown {
  const value = session[name];
  delete session[name];
  return value;
}

describe('whatever an app does', () => {
  const START = JSON.stringify({
    a: 'x',
    list: [1, [2]],
    inner: { deep: { deeper: null } },
    empty: {},
    zero: 0,
  });

  test.each(EDITS)('%s', (_name, edit) => {
    const { base, session } = opened(START);
    edit(session);
    expect(base.textOf(session)).toBe(dataText(session));
  });

  test('any data, any edits', () => {
    const data = fc.dictionary(fc.constantFrom('a', 'list', 'inner', 'empty', '7', 'b'), fc.jsonValue());
    const edits = fc.array(fc.integer({ min: 0, max: EDITS.length - 1 }), { maxLength: 3 });
    fc.assert(
      fc.property(data, edits, (values, chosen) => {
        const { base, session } = opened(JSON.stringify(values));
        for (const at of chosen) {
          try {
            EDITS[at]?.[1](session);
          } catch {
            // Where the data have another shape there is nothing to edit so.
          }
        }
        expect(base.textOf(session)).toBe(dataText(session));
      }),
    );
  });

  test('it has copies: the values stay as they were', () => {
    const text = '{"list":[{"a":[1]}],"__proto__x":{"b":{}},"inner":{"__proto__":{"c":1}}}';
    const values = dataOf(text);
    const base = new Base(text, values);
    const session: SessionValues = {};
    fill(session, base.given(values));
    expect(JSON.stringify(session)).toBe(text);
    (session.list as [{ a: number[] }])[0].a.push(2);
    delete session.inner;
    expect(JSON.stringify(values)).toBe(text);
    expect(Object.getPrototypeOf(session.__proto__x)).toBe(Object.prototype);
  });

  test('data nested as deeply as a cookie can hold', () => {
    for (const depth of [1000, 2030, 100_000]) {
      const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      expect(() => opened(text)).not.toThrow();
    }
  });
});

test.each([
  ['signed', {}],
  ['sealed', { sealed: true }],
  ['with an epoch', { epoch: true }],
] as const)('what a request does to its session and does not save, no other with the same cookie sees: %s', async (...row) => {
  const [, { sealed = false, epoch = false }] = row as [string, { sealed?: boolean; epoch?: boolean }];
  const data = { list: [{ n: 1 }], inner: { a: {} } };
  const spoil = (values: SessionValues) => {
    (values.list as [{ n: number }])[0].n = 99;
    (values.list as unknown[]).push('mine');
    (values.inner as { a: { b?: number } }).a.b = 2;
    delete values.inner;
    return 1;
  };
  const options = epoch ? { epoch: spoil } : {};
  const core = await openHttpCore(await testKeyturn({ config: { session: { sealed } } }), options);
  const open = async (cookie?: string) => {
    const visit = new Visit(core, requestOf({ cookie }));
    await visit.before();
    return visit;
  };
  const first = await open();
  Object.assign(first.session, structuredClone(data));
  const [sent] = await cookiesOf(first);
  for (let request = 0; request < 5; request++) {
    const { session } = await open(sent?.split(';')[0]);
    expect({ ...session }).toEqual(data);
    spoil(session);
  }
});
