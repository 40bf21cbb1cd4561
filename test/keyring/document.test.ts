import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { looksLikeDocument } from '../../src/keyring/document-text.js';
import { KEY_STATES, Key, type KeyDates, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { COMING, expectNoLeak, kidOf, OLDER, printed, STRONG } from '../support/machine.js';

type Json = Record<string, unknown>;

const ACTIVE: Json = {
  kid: kidOf(STRONG),
  state: 'active',
  secret: STRONG,
  dates: { active: '2026-01-31T12:00:00.000Z' },
};
const RETIRING: Json = { kid: kidOf(OLDER), state: 'retiring', secret: OLDER };
const REVOKED: Json = { kid: 'AAAAAAAA', state: 'revoked' };
const ENTRY: Json = {
  at: '2026-01-31T12:00:00.000Z',
  what: 'stage',
  kid: 'AAAAAAAA',
  who: 'ann',
  why: 'due',
};

function documentOf(changes: Json = {}): Json {
  return {
    keyturn: 1,
    id: 'ring',
    generation: 4,
    keys: [ACTIVE, RETIRING, REVOKED],
    history: [ENTRY],
    ...changes,
  };
}

function parse(document: unknown): Keyring {
  return parseDocument(typeof document === 'string' ? document : JSON.stringify(document), 'ring.json');
}

function refusal(document: unknown): KeyturnError {
  try {
    parse(document);
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  throw new Error('the document was taken');
}

/** Everything that a ring is made of, in comparable form. */
function content(ring: Keyring): unknown {
  return {
    id: ring.id,
    generation: ring.generation,
    history: ring.history,
    keys: ring.keys.map((key) => [key.id, key.state, key.dates, key.material?.revealSecret()]),
  };
}

describe('a keyring document', () => {
  test('is read with everything in it', () => {
    const ring = parse(documentOf());
    expect(content(ring)).toEqual({
      id: 'ring',
      generation: 4,
      history: [
        { at: Date.parse('2026-01-31T12:00:00Z'), what: 'stage', kid: 'AAAAAAAA', who: 'ann', why: 'due' },
      ],
      keys: [
        [kidOf(STRONG), 'active', { active: Date.parse('2026-01-31T12:00:00Z') }, STRONG],
        [kidOf(OLDER), 'retiring', {}, OLDER],
        ['AAAAAAAA', 'revoked', {}, undefined],
      ],
    });
    expect(ring.active.id).toBe(kidOf(STRONG));
    expect(ring.live.map(({ id }) => id)).toEqual([kidOf(STRONG), kidOf(OLDER)]);
  });

  test('may leave out history and dates', () => {
    const { history: _, ...without } = documentOf({ keys: [{ ...ACTIVE, dates: undefined }] });
    expect(content(parse(without))).toMatchObject({
      history: [],
      keys: [[kidOf(STRONG), 'active', {}, STRONG]],
    });
  });

  test('may begin with a byte-order mark and blanks', () => {
    expect(parse(`\uFEFF \n${JSON.stringify(documentOf())}\n`).generation).toBe(4);
  });

  test('cleans its secrets as every other source does, so that the key id stays', () => {
    const keys = [{ ...ACTIVE, secret: ` ${STRONG}\n` }];
    expect(parse(documentOf({ keys })).active.id).toBe(kidOf(STRONG));
  });

  test('written and read again is the same ring', () => {
    const moment = fc.integer({ min: 0, max: 253_402_300_799_999 });
    const dates = fc.record(
      Object.fromEntries(KEY_STATES.map((state) => [state, moment])) as Record<KeyState, typeof moment>,
      { requiredKeys: [] },
    );
    const secret = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    const entry = fc.record(
      { at: moment, what: text, kid: text, who: text, why: text },
      { requiredKeys: ['at', 'what', 'kid'] },
    );
    const ring = fc
      .record({
        secrets: fc.uniqueArray(fc.tuple(secret, fc.constantFrom(...KEY_STATES), dates), {
          selector: ([made]) => made,
          minLength: 1,
          maxLength: 6,
        }),
        id: text,
        generation: fc.nat(),
        history: fc.array(entry, { maxLength: 4 }),
      })
      .map(({ secrets, ...facts }) => {
        const keys = secrets.map(([made, state, at], index) => {
          const one = index === 0 ? 'active' : state === 'active' ? 'staged' : state;
          const gone = one === 'retired' || one === 'revoked';
          return new Key(gone ? kidOf(made) : new Material(made), one, { dates: at as KeyDates });
        });
        return new Keyring(keys, facts);
      });
    fc.assert(
      fc.property(ring, (before) => {
        const written = writeDocument(before);
        expect(looksLikeDocument(written)).toBe(true);
        const after = parse(written);
        expect(content(after)).toEqual(content(before));
        expect(after.fingerprint).toBe(before.fingerprint);
        expect(writeDocument(after)).toBe(written);
      }),
      { numRuns: 300 },
    );
  });

  test('holds no material of keys that are gone', () => {
    const ring = new Keyring([new Key(new Material(STRONG), 'active'), new Key(kidOf(OLDER), 'retired')], {
      id: 'ring',
    });
    const written = JSON.parse(writeDocument(ring)) as { keys: Json[] };
    expect(written.keys.map((key) => Object.hasOwn(key, 'secret'))).toEqual([true, false]);
  });
});

test.each<[field: Json, message: string]>([
  [{ state: 'paused' }, 'must be one of staged, active, retiring, retired, revoked'],
  [{ state: 'revoked' }, 'must be gone: the key is revoked'],
  [{ state: 'revoked', secret: undefined, kid: 'A' }, 'must be 8 base64url characters'],
  [{ kid: 'AAAAAAAA' }, 'does not belong to the secret beside it'],
])('a key that is not as it must be: the error says how it must be (%j)', (field, message) => {
  expect(refusal(documentOf({ keys: [{ ...ACTIVE, ...field }] })).message).toContain(message);
});

describe('what is no keyring document', () => {
  const key = (changes: Json): Json => documentOf({ keys: [{ ...ACTIVE, ...changes }] });

  test.each<[what: string, document: unknown, place: string]>([
    ['a list', [documentOf()], 'the document'],
    ['null', 'null', 'the document'],
    ['no id', documentOf({ id: undefined }), 'id'],
    ['an empty id', documentOf({ id: '' }), 'id'],
    ['no generation', documentOf({ generation: undefined }), 'generation'],
    ['a negative generation', documentOf({ generation: -1 }), 'generation'],
    ['half a generation', documentOf({ generation: 1.5 }), 'generation'],
    ['a generation beyond counting', documentOf({ generation: 2 ** 53 }), 'generation'],
    ['a generation as text', documentOf({ generation: '1' }), 'generation'],
    ['no keys', documentOf({ keys: undefined }), 'keys'],
    ['keys that are no list', documentOf({ keys: {} }), 'keys'],
    ['a key that is a text', documentOf({ keys: [STRONG] }), 'keys[0]'],
    ['a key that is null', documentOf({ keys: [ACTIVE, null] }), 'keys[1]'],
    ['an unknown state', key({ state: 'paused' }), 'keys[0].state'],
    ['a state that every object inherits', key({ state: 'constructor' }), 'keys[0].state'],
    ['no state', key({ state: undefined }), 'keys[0].state'],
    ['no key id', key({ kid: undefined }), 'keys[0].kid'],
    ['the key id of another secret', key({ kid: kidOf(OLDER) }), 'keys[0].kid'],
    ['a live key without secret', key({ secret: undefined }), 'keys[0].secret'],
    ['a secret that is a number', key({ secret: 5 }), 'keys[0].secret'],
    [
      'a revoked key with secret',
      documentOf({ keys: [ACTIVE, { ...RETIRING, state: 'revoked' }] }),
      'keys[1].secret',
    ],
    [
      'a retired key with secret',
      documentOf({ keys: [ACTIVE, { ...RETIRING, state: 'retired' }] }),
      'keys[1].secret',
    ],
    [
      'a revoked key with no proper id',
      documentOf({ keys: [ACTIVE, { ...REVOKED, kid: 'A' }] }),
      'keys[1].kid',
    ],
    ['dates that are a list', key({ dates: [] }), 'keys[0].dates'],
    ['a date of no state', key({ dates: { paused: '2026-01-31' } }), 'keys[0].dates.paused'],
    ['a date that is none', key({ dates: { active: 'then' } }), 'keys[0].dates.active'],
    ['a date as a number', key({ dates: { active: 5 } }), 'keys[0].dates.active'],
    ['a history that is no list', documentOf({ history: {} }), 'history'],
    ['a history entry without date', documentOf({ history: [{ ...ENTRY, at: undefined }] }), 'history[0].at'],
    [
      'a history entry without verb',
      documentOf({ history: [ENTRY, { ...ENTRY, what: '' }] }),
      'history[1].what',
    ],
    [
      'a history entry with a number for a name',
      documentOf({ history: [{ ...ENTRY, who: 5 }] }),
      'history[0].who',
    ],
    ['an unknown field', documentOf({ extra: 1 }), 'extra'],
    ['an unknown field of a key', key({ note: 'x' }), 'keys[0].note'],
    ['an unknown field of an entry', documentOf({ history: [{ ...ENTRY, ip: 'x' }] }), 'history[0].ip'],
    [
      'a field that would be a prototype',
      JSON.stringify(documentOf()).replace('{', '{"__proto__":{},'),
      '__proto__',
    ],
    ['a field that every object inherits', documentOf({ constructor: 1 }), 'constructor'],
  ])('%s: the error names the place and shows no content', (_, document, place) => {
    const error = refusal(document);
    expect(error.code).toBe('document_invalid');
    expect(error.message.startsWith(`${place} in ring.json `)).toBe(true);
    expectNoLeak([error], STRONG);
    expectNoLeak([error], OLDER);
  });

  test.each([
    ['cut off', JSON.stringify(documentOf()).slice(0, -1)],
    ['empty', ''],
    ['followed by something', `${JSON.stringify(documentOf())}x`],
  ])('text that is %s is no JSON, and the parser, who would quote it, is not quoted', (_, text) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'document_invalid', message: 'ring.json is not valid JSON' });
    expect(error.cause).toBeUndefined();
    expect(printed(error)).not.toContain(STRONG.slice(0, 8));
  });

  test.each([undefined, 0, '1', null, true])('the version %j is none of ours', (keyturn) => {
    expect(refusal(documentOf({ keyturn })).code).toBe('document_invalid');
  });

  test('a newer version is told as such, whatever else is in it', () => {
    expect(refusal({ keyturn: 2, rings: [] })).toMatchObject({
      code: 'document_version',
      hint: 'update this Keyturn',
    });
  });

  test.each([
    ['no key', []],
    ['no active key', [RETIRING, REVOKED]],
    ['two active keys', [ACTIVE, { ...RETIRING, state: 'active' }]],
    ['a key twice', [ACTIVE, RETIRING, RETIRING]],
    ['a key live and revoked', [ACTIVE, RETIRING, { kid: RETIRING.kid, state: 'revoked' }]],
  ])('%s makes no ring', (_, keys) => {
    expect(refusal(documentOf({ keys })).code).toBe('keyring_invalid');
  });

  test.each([
    ['', 'document_invalid'],
    [' ', 'secret_empty'],
    [`${COMING}\n${COMING}`, 'secret_malformed'],
    [`${COMING}\u0000`, 'secret_malformed'],
  ])('the secret %j is refused by its place', (secret, code) => {
    const error = refusal(key({ secret }));
    expect(error.code).toBe(code);
    expect(error.message).toContain('keys[0].secret in ring.json');
    expectNoLeak([error], COMING);
  });
});

describe('whether a text is meant as a document', () => {
  test.each(['{', '{}', ' \n{"a"', '\uFEFF{', '\uFEFF\n {'])('%j is', (text) => {
    expect(looksLikeDocument(text)).toBe(true);
  });

  test.each(['', '[{}]', 'a{', STRONG])('%j is not', (text) => {
    expect(looksLikeDocument(text)).toBe(false);
  });
});
