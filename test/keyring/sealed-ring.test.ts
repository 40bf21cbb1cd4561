// The shared keyring as an engine keeps it: who can open it, and that nobody can pass anything else for it.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import {
  openRing,
  type RingPlace,
  type Seal,
  sealRing as sealFor,
  sealUnder as sealToo,
} from '../../src/keyring/sealed-ring.js';
import { everyFormOf, LeakSearch } from '../support/leaks.js';
import { COMING, OLDER, OLDEST, STRONG } from '../support/machine.js';

interface Sealed {
  keyturn: number;
  id: string;
  generation: number;
  roots: Record<string, string>;
  ring: string;
}

interface Vector {
  readonly roots: ReadonlyArray<{ readonly secret: string; readonly kid: string }>;
  readonly document: string;
  readonly dataKey: string;
  readonly nonces: Readonly<Record<string, string>>;
  readonly sealed: string;
}

const vector = JSON.parse(
  readFileSync(new URL('../vectors/sealed-ring.json', import.meta.url), 'utf8'),
) as Vector;

const R1 = new Material('f3a94d0c6be1827590cd4e3bf7a21865d40b9e7c18f3526ad9e074bc51a8e367');
const R2 = new Material('Planted_w7QkT2vXz9LmR4sB8nYc1HdJ6pGf3-KuA5eZtVoC');
const R3 = new Material('51c7e90ab8d2f46313e6a5f0947bd82c6e1f03da9c7584b2e0f6193ad7c84b25');
const STRANGER = new Material('28e6b1fd90c57a43e8d13f06b7c9a254108e5d7fb3c64a92f05d7e81c36ba9d4');
const ROOTS = [R1, R2];

const AT = Date.UTC(2026, 0, 31, 12);

/** A ring with a key in every state. */
function ringOf(generation = 4, id = 'a-ring'): Keyring {
  return new Keyring(
    [
      new Key(new Material(COMING), 'staged', { dates: { staged: AT }, scheduledFor: AT + 60_000 }),
      new Key(new Material(STRONG), 'active', { dates: { active: AT }, lifetimes: { session: 604_800 } }),
      new Key(new Material(OLDER), 'retiring', { dates: { retiring: AT } }),
      new Key(new Material(OLDEST), 'revoked', { dates: { revoked: AT } }),
    ],
    { id, generation, history: [{ at: AT, what: 'stage', kid: 'AAAAAAAA', who: 'ann', why: 'düe' }] },
  );
}

const RING = ringOf();
const PLACE: RingPlace = { prefix: 'keyturn:', name: 'default' };
const sealOf = (roots: readonly Material[], place = PLACE): Seal => ({ place, roots });
const sealRing = (ring: Keyring, roots: readonly Material[], former?: string) =>
  sealFor(ring, sealOf(roots), former);
const sealUnder = (text: string, where: string, roots: readonly Material[]) =>
  sealToo(text, where, sealOf(roots));
const open = (text: string, roots: readonly Material[] = ROOTS, place = PLACE) =>
  openRing(text, 'Redis (ring)', sealOf(roots, place));
const fieldsOf = (text: string) => JSON.parse(text) as Sealed;
/** A sealed ring with some fields changed. */
const altered = (text: string, change: (fields: Sealed) => object) =>
  JSON.stringify({ ...fieldsOf(text), ...change(fieldsOf(text)) });

function refusal(text: string, roots?: readonly Material[], place?: RingPlace): KeyturnError {
  try {
    open(text, roots, place);
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

describe('a sealed ring', () => {
  test('opens as what it was', () => {
    const { ring, roots } = open(sealRing(RING, ROOTS));
    expect(writeDocument(ring)).toBe(writeDocument(RING));
    expect(roots).toEqual([R1.kid, R2.kid]);
  });

  test('is opened by every root alone, and by any among others', () => {
    const text = sealRing(RING, [R1, R2, R3]);
    for (const roots of [[R1], [R2], [R3], [STRANGER, R2], [R3, STRANGER]])
      expect(open(text, roots).ring.fingerprint).toBe(RING.fingerprint);
  });

  test('is opened by no other: told are the ids of the secrets alone', () => {
    const error = refusal(sealRing(RING, ROOTS), [STRANGER, R3]);
    expect(error.code).toBe('keyring_sealed');
    expect(error.message).toBe(
      `the keyring in Redis (ring) is sealed under ${R1.kid}, ${R2.kid}, and the signing secret here is ${STRANGER.kid}, ${R3.kid}`,
    );
    expect(search.find(everyFormOf(error))).toEqual([]);
    expect(refusal(sealRing(RING, ROOTS), []).code).toBe('keyring_sealed');
  });

  test('names eight of the secrets that it is sealed under, and how many more there are', () => {
    const roots = Array.from({ length: 11 }, (_, n) => new Material(`a root of this test, number ${n}`));
    const named = (text: string) =>
      / under (.*), and the signing secret/.exec(refusal(text, [R1]).message)?.[1];
    const kids = roots.map(({ kid }) => kid);
    expect(named(sealRing(RING, roots))).toBe(`${kids.slice(0, 8).join(', ')}, 3 more`);
    expect(named(sealRing(RING, roots.slice(0, 8)))).toBe(kids.slice(0, 8).join(', '));
  });

  test('whoever cannot open it is told what to do', () => {
    expect(refusal(sealRing(RING, ROOTS), [R3]).hint).toContain('the same signing secret');
    expect(refusal('{}')).toMatchObject({
      code: 'document_invalid',
      message: expect.stringContaining('what Redis (ring) holds is not a valid sealed keyring of this place'),
      hint: expect.stringContaining('find out who else writes there'),
    });
    expect(refusal(JSON.stringify({ moved: true }))).toMatchObject({
      code: 'document_invalid',
      message: expect.stringContaining('the keyring in Redis (ring) has moved'),
      hint: expect.stringContaining('set app'),
    });
    for (const moved of [false, 1, 'true']) {
      expect(refusal(JSON.stringify({ moved })).message).toContain('not a valid sealed keyring');
    }
  });

  test('shows nothing of what is inside, nor of the roots', () => {
    const text = sealRing(RING, ROOTS);
    expect(search.find(text)).toEqual([]);
    const { roots, ring } = fieldsOf(text);
    for (const part of [...Object.values(roots), ring]) {
      const bytes = Buffer.from(part, 'base64url');
      expect(search.find(`${bytes.toString('latin1')} ${bytes.toString('hex')}`)).toEqual([]);
    }
    for (const word of ['staged', 'session', 'history', 'ann']) expect(text).not.toContain(word);
  });

  test('is another each time: no two have a part of the encrypted in common', () => {
    const seals = Array.from({ length: 50 }, () => fieldsOf(sealRing(RING, ROOTS)));
    const parts = seals.flatMap(({ roots, ring }) => [...Object.values(roots), ring]);
    const pieces = parts.flatMap((part) => part.match(/.{12}/g) ?? []);
    expect(new Set(pieces).size).toBe(pieces.length);
  });

  test('of a kid that has the name of something that every object has', () => {
    // "toString" is such; nobody can make a secret for it, and nobody is taken for its holder.
    const text = altered(sealRing(RING, [R1]), ({ roots }) => ({ roots: { ...roots, toString: 'AAAA' } }));
    expect(open(text, [R1]).roots).toEqual([R1.kid, 'toString']);
    const other = { kid: 'toString', derive: () => new Uint8Array(32) } as unknown as Material;
    expect(refusal(sealRing(RING, [R1]), [other]).code).toBe('keyring_sealed');
    expect(refusal(text, [other]).code).toBe('document_invalid');
  });

  test('that would be too long to be read is not made', () => {
    const history = Array.from({ length: 12_000 }, () => ({
      at: AT,
      what: 'stage',
      kid: 'AAAAAAAA',
      why: 'x'.repeat(100),
    }));
    const large = new Keyring(RING.keys, { id: 'a-ring', generation: 4, history });
    expect(() => sealRing(large, ROOTS)).toThrow(expect.objectContaining({ code: 'keyring_unwritable' }));
  });
});

describe('sealed under more roots', () => {
  test('it opens by those too, and by those that it was sealed under before', () => {
    const text = sealUnder(sealRing(RING, [R1, R2]), 'here', [R2, R3]);
    for (const root of [R1, R2, R3]) expect(open(text, [root]).ring.generation).toBe(4);
    expect(open(text).roots).toEqual([R1.kid, R2.kid, R3.kid]);
    // Who has none of them can do nothing.
    expect(() => sealUnder(sealRing(RING, [R1]), 'here', [R3])).toThrow(
      expect.objectContaining({ code: 'keyring_sealed' }),
    );
  });

  test('what is altered is not made genuine', () => {
    const text = altered(sealRing(RING, ROOTS), () => ({ generation: 5 }));
    expect(() => sealUnder(text, 'here', [R1, R3])).toThrow(
      expect.objectContaining({ code: 'document_invalid' }),
    );
  });
});

describe('a ring that was copied to another place opens for nobody there', () => {
  test.each<[string, RingPlace]>([
    ['of another name', { ...PLACE, name: 'admin' }],
    ['under another prefix', { ...PLACE, prefix: 'staging:' }],
    ['of another app', { ...PLACE, app: 'admin' }],
    ['whose name and prefix only look the same together', { prefix: 'keyturn', name: ':default' }],
  ])('%s', (_, place) => {
    expect(refusal(sealRing(RING, ROOTS), ROOTS, place).code).toBe('document_invalid');
  });
});

describe('a writer that does not hold every root', () => {
  test('locks nobody out, generation after generation', () => {
    // In the middle of a root rotation: some have the former secret alone, some the next one.
    const between = sealRing(ringOf(4), [R1, R2]);
    const revoked = sealRing(ringOf(5), [R2], between);
    const again = sealRing(ringOf(6), [R2, R3], revoked);
    for (const root of [R1, R2, R3]) expect(open(again, [root]).ring.generation).toBe(6);
    expect(open(again, [R3]).roots).toEqual([R1.kid, R2.kid, R3.kid]);
    const { roots: before } = fieldsOf(between);
    const { roots: after } = fieldsOf(again);
    expect([after[R1.kid], after[R2.kid]]).toEqual([before[R1.kid], before[R2.kid]]);
  });

  test('one that holds them all makes a fresh data key: a former root opens what comes no more', () => {
    const between = sealRing(ringOf(4), [R1, R2]);
    const { roots } = fieldsOf(between);
    const next = sealRing(ringOf(5), [R1, R2], between);
    expect(fieldsOf(next).roots[R1.kid]).not.toBe(roots[R1.kid]);
    const mixed = altered(next, (fields) => ({ roots: { ...fields.roots, [R1.kid]: roots[R1.kid] } }));
    expect(refusal(mixed, [R1]).code).toBe('document_invalid');
  });

  test('keys of another ring are not carried over', () => {
    const next = sealRing(ringOf(1, 'b-ring'), [R1], sealRing(RING, [R1, R2]));
    expect(open(next, [R1]).roots).toEqual([R1.kid]);
  });
});

describe('what was altered is refused', () => {
  const text = sealRing(RING, ROOTS);
  const other = sealRing(RING, ROOTS);
  const earlier = sealRing(ringOf(3), ROOTS);

  test.each<[string, (fields: Sealed) => object]>([
    ['another id', () => ({ id: 'b-ring' })],
    ['no id', () => ({ id: '' })],
    ['a later generation', () => ({ generation: 5 })],
    ['an earlier generation', () => ({ generation: 3 })],
    ['a generation below', () => ({ generation: -4 })],
    ['a generation and a half', () => ({ generation: 4.5 })],
    ['a generation in words', () => ({ generation: '4' })],
    ['the content of another seal', () => ({ ring: fieldsOf(other).ring })],
    ['the data keys of another seal', () => ({ roots: fieldsOf(other).roots })],
    [
      'the data key of one root from another seal',
      ({ roots }) => ({ roots: { ...roots, [R1.kid]: fieldsOf(other).roots[R1.kid] } }),
    ],
    [
      'the data keys of two roots exchanged',
      ({ roots }) => ({ roots: { [R1.kid]: roots[R2.kid], [R2.kid]: roots[R1.kid] } }),
    ],
    ['the content of generation 3 as that of 4', () => ({ ring: fieldsOf(earlier).ring })],
    ['all of generation 3 under the number 4', () => ({ ...fieldsOf(earlier), generation: 4 })],
    [
      'all of another ring under this name',
      () => ({ ...fieldsOf(sealRing(ringOf(4, 'b-ring'), ROOTS)), id: 'a-ring' }),
    ],
    ['a data key in the place of the content', ({ roots }) => ({ ring: roots[R1.kid] })],
    [
      'the content in the place of a data key',
      ({ roots, ring }) => ({ roots: { ...roots, [R1.kid]: ring } }),
    ],
    ['a content that is cut off', ({ ring }) => ({ ring: ring.slice(0, -24) })],
    ['a content that goes on', ({ ring }) => ({ ring: `${ring}AAAA` })],
    ['no content', () => ({ ring: '' })],
    [
      'a data key that is cut off',
      ({ roots }) => ({ roots: { ...roots, [R1.kid]: roots[R1.kid]?.slice(0, 20) } }),
    ],
    ['an empty data key', ({ roots }) => ({ roots: { ...roots, [R1.kid]: '' } })],
  ])('%s', (_, change) => {
    const error = refusal(altered(text, change));
    expect(error.code).toBe('document_invalid');
    expect(search.find(everyFormOf(error))).toEqual([]);
  });

  test('any bit of any encrypted part, whichever root opens it', () => {
    const flipped = (part: string, at: number, bit: number) => {
      const bytes = Buffer.from(part, 'base64url');
      bytes[at] = (bytes[at] as number) ^ (1 << bit);
      return bytes.toString('base64url');
    };
    const { roots, ring } = fieldsOf(text);
    const length = (part: string) => Buffer.from(part, 'base64url').length;
    for (const root of ROOTS) {
      const wrapped = roots[root.kid] as string;
      for (let at = 0; at < length(wrapped); at++)
        for (let bit = 0; bit < 8; bit++) {
          const changed = { roots: { ...roots, [root.kid]: flipped(wrapped, at, bit) } };
          expect(
            refusal(
              altered(text, () => changed),
              [root],
            ).code,
          ).toBe('document_invalid');
        }
    }
    for (let at = 0; at < length(ring); at++)
      expect(refusal(altered(text, () => ({ ring: flipped(ring, at, at % 8) }))).code).toBe(
        'document_invalid',
      );
  });

  test('the same bytes written in another way', () => {
    const { ring, roots } = fieldsOf(text);
    const wrapped = roots[R1.kid] as string;
    // 60 bytes are 80 characters to the last bit; 61 leave some over.
    expect(wrapped).toHaveLength(80);
    for (const written of [
      `${wrapped}=`,
      `${wrapped}\n`,
      ` ${wrapped}`,
      wrapped.replace(/^./, '$&!'),
      `${wrapped}A`,
    ])
      expect(refusal(altered(text, () => ({ roots: { ...roots, [R1.kid]: written } }))).code).toBe(
        'document_invalid',
      );
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const last of alphabet.replace(ring.at(-1) as string, ''))
      expect(refusal(altered(text, () => ({ ring: ring.slice(0, -1) + last }))).code).toBe(
        'document_invalid',
      );
    expect(
      refusal(altered(text, () => ({ ring: `${Buffer.from(ring, 'base64url').toString('base64')}==` }))).code,
    ).toBe('document_invalid');
  });

  test('at random: it is what it was, or a KeyturnError; never anything else', () => {
    const whole = writeDocument(RING);
    const codes = new Set<string>();
    const mutation = fc.record({
      at: fc.nat(text.length - 1),
      remove: fc.nat(20),
      insert: fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 20 })),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const mutated = mutations.reduce(
          (was, { at, remove, insert }) => was.slice(0, at) + insert + was.slice(at + remove),
          text,
        );
        try {
          expect(writeDocument(open(mutated).ring)).toBe(whole);
        } catch (error) {
          if (!(error instanceof KeyturnError)) throw error;
          codes.add(error.code);
          expect(search.find(`${error.message} ${error.hint} ${error.stack}`)).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
    for (const code of codes)
      expect(['document_invalid', 'keyring_sealed', 'document_version']).toContain(code);
  });

  test('and so is a genuine seal of what is no ring', () => {
    const sealed = (document: string) =>
      sealPlain({
        roots: [{ secret: R1.revealSecret(), kid: R1.kid }],
        document,
        dataKey: '00'.repeat(32),
        nonces: { [R1.kid]: '00'.repeat(12), ring: '00'.repeat(12) },
      });
    expect(open(sealed(writeDocument(RING)), [R1]).ring.generation).toBe(4);
    const { id, generation } = RING;
    for (const document of [
      '{}',
      JSON.stringify({ id, generation }),
      JSON.stringify({ id, generation, keyturn: 1, keys: [] }),
    ])
      expect(['document_invalid', 'keyring_invalid']).toContain(refusal(sealed(document), [R1]).code);
    // The document inside must be of the same id and generation.
    const fields = { roots: [{ secret: R1.revealSecret(), kid: R1.kid }], dataKey: '00'.repeat(32) };
    const nonces = { [R1.kid]: '00'.repeat(12), ring: '00'.repeat(12) };
    for (const outer of [
      { id, generation: 5 },
      { id: 'b-ring', generation },
    ]) {
      const text = sealPlain({ ...fields, nonces, document: writeDocument(RING) }, outer);
      expect(refusal(text, [R1]).code).toBe('document_invalid');
    }
  });
});

describe('what is no sealed ring at all', () => {
  const text = sealRing(RING, ROOTS);

  const changed = (change: (fields: Sealed) => object) => altered(text, change);

  test.each<[string, string]>([
    ['nothing', ''],
    ['a space', ' '],
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"text"'],
    ['a list', '[]'],
    ['an object', '{}'],
    ['the version alone', '{"keyturn":1}'],
    ['one that is cut off', text.slice(0, -1)],
    ['one that goes on', `${text}x`],
    ['a list of one', `[${text}]`],
    ['a keyring document', writeDocument(RING)],
    ['a control character', '\u0000'],
    ['half a character', '\ud800'],
    ['version 0', changed(() => ({ keyturn: 0 }))],
    ['version -1', changed(() => ({ keyturn: -1 }))],
    ['version 1.5', changed(() => ({ keyturn: 1.5 }))],
    ['a version in words', changed(() => ({ keyturn: '1' }))],
    ['no version', changed(() => ({ keyturn: null }))],
    ['no roots', changed(() => ({ roots: null }))],
    ['an object without roots', changed(() => ({ roots: {} }))],
    ['a list without roots', changed(() => ({ roots: [] }))],
    ['a list of roots', changed(() => ({ roots: ['x'] }))],
    ['a root with a short id', changed(() => ({ roots: { short: 'AAAA' } }))],
    ['a root with a line end', changed(({ roots }) => ({ roots: { ...roots, 'AAAAAAA\n': 'AAAA' } }))],
    ['a number for a data key', changed(({ roots }) => ({ roots: { ...roots, AAAAAAAA: 1 } }))],
    ['no ring', changed(() => ({ ring: null }))],
    ['no id', changed(() => ({ id: null }))],
    ['a generation beyond all', changed(() => ({ generation: 1e300 }))],
  ])('%s', (_, nonsense) => {
    expect(refusal(nonsense).code).toBe('document_invalid');
  });

  test('one from a newer version says so, whatever its form', () => {
    for (const newer of [altered(text, () => ({ keyturn: 2 })), '{"keyturn":7}', '{"keyturn":2,"roots":[]}'])
      expect(refusal(newer).code).toBe('document_version');
  });

  test('what is very large is not even read, and does not fill a log', () => {
    expect(refusal(`${text}${' '.repeat(64 * 1024 * 1024)}`).code).toBe('document_invalid');
    expect(refusal('['.repeat(1024 * 1024)).code).toBe('document_invalid');
    expect(refusal(altered(text, () => ({ ring: 'A'.repeat(1024 * 1024) }))).code).toBe('document_invalid');
    const kids = Array.from({ length: 50_000 }, (_, n) => [`k${String(n).padStart(7, '0')}`, 'A']);
    const error = refusal(altered(text, () => ({ roots: Object.fromEntries(kids) })));
    expect(error.code).toBe('keyring_sealed');
    expect(error.message.length).toBeLessThan(500);
  });
});

describe('the format', () => {
  test('is frozen: what was made by hand opens, by either root', () => {
    for (const { secret, kid } of vector.roots) {
      const material = new Material(secret);
      expect(material.kid).toBe(kid);
      expect(writeDocument(open(vector.sealed, [material]).ring)).toBe(vector.document);
    }
  });

  test('the same by hand: node:crypto, and docs/shared-keyring.md', () => {
    expect(sealPlain(vector)).toBe(vector.sealed);
    for (const { secret } of vector.roots) expect(openPlain(vector.sealed, secret)).toBe(vector.document);
  });

  test('what is sealed here opens by hand', () => {
    const text = sealUnder(sealRing(RING, [R1, R2]), 'here', [R2, R3]);
    for (const root of [R1, R2, R3]) expect(openPlain(text, root.revealSecret())).toBe(writeDocument(RING));
  });
});

const search = new LeakSearch(
  {
    'a root': R1.revealSecret(),
    'another root': R2.revealSecret(),
    'a stranger': STRANGER.revealSecret(),
    'the staged key': COMING,
    'the active key': STRONG,
    'the retiring key': OLDER,
    'the revoked key': OLDEST,
  },
  [],
);

// The format once more, without any code of src/.

/** No app, a prefix and a name. */
const HERE = ['', 'keyturn:', 'default'];

const derive = (secret: string, info: string, length: number) =>
  Buffer.from(hkdfSync('sha256', secret, '', info, length));
const kidOf = (secret: string) => derive(secret, 'keyturn/v1/kid', 6).toString('base64url');

function openPlain(text: string, secret: string): string {
  const decrypt = (key: Uint8Array, part: string, associated: unknown[]) => {
    const bytes = Buffer.from(part, 'base64url');
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    cipher.setAAD(Buffer.from(JSON.stringify(associated))).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
  };
  const { id, generation, roots, ring } = fieldsOf(text);
  const kid = kidOf(secret);
  const wrapping = derive(secret, 'keyturn/v1/ring/wrap', 32);
  const dataKey = decrypt(wrapping, roots[kid] as string, ['keyturn/v1/ring/key', ...HERE, id, kid]);
  return decrypt(dataKey, ring, ['keyturn/v1/ring/content', ...HERE, id, generation]).toString();
}

/** @param outer what stands in the clear, where it is to be something else than in the document */
function sealPlain({ roots, document, dataKey, nonces }: Omit<Vector, 'sealed'>, outer?: object): string {
  const encrypt = (key: Uint8Array, nonce: string | undefined, associated: unknown[], plain: Uint8Array) => {
    const start = Buffer.from(nonce ?? '', 'hex');
    const cipher = createCipheriv('aes-256-gcm', key, start).setAAD(Buffer.from(JSON.stringify(associated)));
    return Buffer.concat([start, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    );
  };
  const { id, generation } = { ...JSON.parse(document), ...outer };
  const key = Buffer.from(dataKey, 'hex');
  const wrapped = roots.map(({ secret, kid }) => {
    const wrapping = derive(secret, 'keyturn/v1/ring/wrap', 32);
    return [kid, encrypt(wrapping, nonces[kid], ['keyturn/v1/ring/key', ...HERE, id, kid], key)];
  });
  const content = ['keyturn/v1/ring/content', ...HERE, id, generation];
  const ring = encrypt(key, nonces.ring, content, Buffer.from(document));
  return JSON.stringify({ keyturn: 1, id, generation, roots: Object.fromEntries(wrapped), ring });
}
