import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { cleanSecret } from '../../src/secret/text.js';
import type { RefusalReason } from '../../src/signing/result.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';
import { anyText, bench, material, outcome, ring, seeded, T0, withCharacter } from './helpers.js';

interface Vectors {
  readonly secrets: ReadonlyArray<{
    readonly name: string;
    readonly stored: string;
    readonly material: string;
    readonly kid: string;
    readonly keys: Readonly<Record<string, { readonly sign: string; readonly bind: string }>>;
  }>;
  readonly refusedSecrets: ReadonlyArray<{ readonly name: string; readonly stored: string }>;
  readonly ring: { readonly live: string[]; readonly retired: string[]; readonly revoked: string[] };
  readonly tokens: ReadonlyArray<
    Attempt & {
      readonly json: string;
      readonly kid: string;
      readonly issuedAt: number;
      readonly expiresAt: number;
    }
  >;
  readonly refused: ReadonlyArray<Attempt & { readonly reason: RefusalReason }>;
}

interface Attempt {
  readonly name: string;
  readonly purpose: string;
  readonly now: number;
  readonly bind?: string | null;
  readonly token: string;
}

describe('the frozen vectors of version 1', () => {
  const file = new URL('../vectors/tokens-v1.json', import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
  const materials = new Map(
    vectors.secrets.map(({ name, stored }) => [name, new Material(cleanSecret(stored, name))]),
  );
  const named = (name: string): Material => materials.get(name) as Material;
  const keyring = new Keyring([
    ...vectors.ring.live.map((name, index) => new Key(named(name), index === 0 ? 'active' : 'retiring')),
    ...vectors.ring.retired.map((name) => new Key(named(name), 'retired')),
    ...vectors.ring.revoked.map((name) => new Key(named(name), 'revoked')),
  ]);

  function signer(purpose: string, now: number, of: Keyring = keyring): TokenSigner {
    return new TokenSigner({
      purpose,
      maxAge: 3600,
      ring: new LiveKeyring(of, () => 0),
      usage: new Usage(),
      epoch: 'none',
      apps: [undefined] as const,
      clock: () => now,
      onRefusal: () => {},
    });
  }

  function verify({ purpose, now, token, bind }: Attempt) {
    // A function, since that is how a state comes that may not exist.
    return signer(purpose, now).verify(token, bind === undefined ? {} : { bind: () => bind });
  }

  it.each(vectors.secrets)('secret $name: material, kid and keys', (vector) => {
    const found = named(vector.name);
    expect(Buffer.from(found.revealSecret(), 'utf8').toString('hex')).toBe(vector.material);
    expect(found.kid).toBe(vector.kid);
    for (const [purpose, keys] of Object.entries(vector.keys)) {
      expect(Buffer.from(found.derive('sign', purpose)).toString('hex')).toBe(keys.sign);
      expect(Buffer.from(found.derive('bind', purpose)).toString('hex')).toBe(keys.bind);
    }
  });

  it.each(vectors.refusedSecrets)('no secret: $name', ({ stored }) => {
    expect(() => cleanSecret(stored, 'the vector')).toThrow();
  });

  it.each(vectors.tokens)('accepted: $name', (vector) => {
    expect(verify(vector)).toEqual({
      ok: true,
      payload: JSON.parse(vector.json),
      kid: vector.kid,
      stale: vector.kid !== keyring.active.id,
      issuedAt: new Date(vector.issuedAt * 1000),
      expiresAt: new Date(vector.expiresAt * 1000),
    });
  });

  it.each(vectors.tokens)('signed again, the same text: $name', ({ purpose, token, ...vector }) => {
    const found = [...materials.values()].find(({ kid }) => kid === vector.kid) as Material;
    const own = signer(purpose, vector.now, new Keyring([new Key(found, 'active')]));
    const bind = vector.bind ?? undefined;
    expect(own.issueAt(vector.json, vector.issuedAt, vector.expiresAt, bind)).toBe(token);
  });

  it.each(vectors.refused)('refused as $reason: $name', (vector) => {
    expect(verify(vector)).toEqual({ ok: false, reason: vector.reason });
  });

  it('hold every reason', () => {
    const reasons = new Set(vectors.refused.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual([
      'bad_signature',
      'bind_mismatch',
      'expired',
      'malformed',
      'not_yet_valid',
      'retired_key',
      'revoked_key',
      'unknown_key',
    ]);
  });
});

describe('length and characters', () => {
  const { signer } = bench();

  it('adds 70 characters to the base64url of the payload, 93 when bound: less than the promised 72 and 96', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 1, unit: 'grapheme' }), (payload, bind) => {
        const json = Buffer.byteLength(JSON.stringify(payload));
        const own = Math.ceil((json * 4) / 3);
        expect(signer.sign(payload).length).toBe(own + 70);
        expect(signer.sign(payload, { bind }).length).toBe(own + 93);
      }),
    );
  });

  it('uses only characters that cookies, URLs and HTML take as they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 1, unit: 'grapheme' }), (payload, bind) => {
        for (const token of [signer.sign(payload), signer.sign(payload, { bind })]) {
          expect(token).toMatch(/^[A-Za-z0-9_.-]+$/);
          expect(encodeURIComponent(token)).toBe(token);
          expect(new URLSearchParams({ token }).toString()).toBe(`token=${token}`);
        }
      }),
    );
  });

  it('has 4 dots, and 5 when bound', () => {
    expect(signer.sign({ a: 1 }).split('.').length - 1).toBe(4);
    expect(signer.sign({ a: 1 }, { bind: 'x' }).split('.').length - 1).toBe(5);
  });
});

describe('one form only', () => {
  const { signer } = bench();
  const tokens: ReadonlyArray<{ readonly token: string; readonly bind?: string }> = [
    { token: signer.sign(null) },
    { token: signer.sign({ userId: 42, roles: ['admin', 'é'] }) },
    { token: signer.sign('x'.repeat(3200)) },
    { token: signer.sign({ userId: 42 }, { bind: 'state' }), bind: 'state' },
  ];

  /** In a long token every place sees some of the changes, and each change many places. */
  const stepOf = (token: string) => (token.length > 1000 ? 31 : 1);

  it.each(tokens)('every change of a single bit is refused: $token.length characters', ({
    token,
    ...options
  }) => {
    expect(outcome(signer.verify(token, options))).toBe('ok');
    const step = Math.min(stepOf(token), 16);
    for (let index = 0; index < token.length; index++) {
      for (let bit = index % step; bit < 16; bit += step) {
        const changed = String.fromCharCode(token.charCodeAt(index) ^ (1 << bit));
        if (signer.verify(withCharacter(token, index, changed), options).ok) {
          expect.fail(`accepted with bit ${bit} of character ${index} changed`);
        }
      }
    }
  });

  it.each(tokens)('no other base64url character is taken at any place', ({ token, ...options }) => {
    const all = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ';
    for (let index = 0; index < token.length; index++) {
      for (let nth = index % stepOf(token); nth < all.length; nth += stepOf(token)) {
        const character = all.charAt(nth);
        if (character === token[index]) continue;
        if (signer.verify(withCharacter(token, index, character), options).ok) {
          expect.fail(`accepted with ${character} at ${index}`);
        }
      }
    }
  });

  it.each(tokens)('every piece, every removal and every insertion is refused', ({ token, ...options }) => {
    for (let index = 0; index < token.length; index += stepOf(token)) {
      const others = [
        token.slice(0, index),
        token.slice(index + 1),
        token.slice(0, index) + token.slice(index + 1),
        ...['A', '.', '=', ' ', '\n', '\0'].map((more) => token.slice(0, index) + more + token.slice(index)),
      ];
      for (const other of others) if (signer.verify(other, options).ok) expect.fail(`at ${index}`);
    }
  });

  it.each([
    ['padding', (token: string) => `${token}=`],
    ['a line end', (token: string) => `${token}\n`],
    ['a space before', (token: string) => ` ${token}`],
    ['quotes', (token: string) => `"${token}"`],
    ['percent-encoding', (token: string) => token.replaceAll('.', '%2E')],
    ['a NUL', (token: string) => `${token}\0`],
    ['upper case', (token: string) => token.toUpperCase()],
    ['full-width letters', (token: string) => token.replace('kt1', 'ｋｔ１')],
    ['a byte-order mark', (token: string) => `\uFEFF${token}`],
    ['itself twice', (token: string) => token + token],
    ['a combining mark', (token: string) => `${token}\u0301`],
  ])('refuses the token with %s', (_, change) => {
    for (const { token, ...options } of tokens) expect(signer.verify(change(token), options).ok).toBe(false);
  });
});

describe('whatever it is given', () => {
  const secretRing = ring({ a: 'active', b: 'retiring', c: 'staged', d: 'revoked', e: 'retired' });
  const { signer, refusals } = bench(secretRing);
  const signers = [signer, bench(ring({ b: 'active' })).signer, bench(ring({ d: 'active' })).signer];
  const genuine = [
    ...signers
      .slice(0, 2)
      .flatMap((each) => [each.sign(null), each.sign({ n: 1 }), each.sign('ü'.repeat(700))]),
    signer.sign({ n: 1 }, { bind: 'state' }),
  ];
  const accepted = new Set(genuine.slice(0, -1));
  const samples = [...genuine, (signers[2] as TokenSigner).sign({ n: 1 })];

  /** The form as docs/token-format.md has it. */
  const FORM = /^kt1\.[A-Za-z0-9_-]{8}\.[A-Za-z0-9_-]{12}\.[^.]*(\.[^.]{22})?\.[\s\S]{43}$/;

  /** Fails unless the value is refused, with a report, or is one of those that were really signed. */
  function refused(value: unknown): void {
    const before = refusals.length;
    const result = signer.verify(value);
    if (result.ok) {
      if (typeof value !== 'string' || !accepted.has(value)) expect.fail(`accepted: ${String(value)}`);
    } else if (refusals.length !== before + 1 || refusals.at(-1)?.[1] !== result.reason) {
      expect.fail('a refusal was not reported');
    }
    if (typeof value === 'string' && !result.ok) {
      const wellFormed = FORM.test(value);
      if (!wellFormed && result.reason !== 'malformed') expect.fail(`not malformed: ${result.reason}`);
      const ascii = /^[\0-\x7f]*$/.test(value);
      if (wellFormed && ascii && result.reason === 'malformed') expect.fail(`malformed: ${value}`);
    }
    if (typeof value === 'string' && signer.check(value).ok !== result.ok)
      expect.fail('check differs from verify');
    refusals.length = 0;
  }

  const ODD = [
    'é',
    'Ł',
    '日',
    '😀',
    '\ud800',
    '\udc00',
    '\0',
    '\n',
    '\u2028',
    '%',
    '=',
    '.',
    '..',
    'kt1.',
    '\uFEFF',
  ];

  function mutate(next: (below: number) => number): string {
    let text = samples[next(samples.length)] as string;
    for (let times = 1 + next(4); times > 0; times--) {
      const at = next(text.length + 1);
      const to = Math.min(text.length, at + next(40));
      const parts = text.split('.');
      const one = next(parts.length);
      const two = next(parts.length);
      switch (next(11)) {
        case 0:
          text = text.slice(0, at);
          break;
        case 1:
          text = text.slice(at);
          break;
        case 2:
          text = text.slice(0, at) + text.slice(to);
          break;
        case 3:
          text = text.slice(0, to) + text.slice(at);
          break;
        case 4:
          text = withCharacter(text, at, String.fromCharCode(next(128)));
          break;
        case 5:
          text = withCharacter(text, at, String.fromCharCode(next(65_536)));
          break;
        case 6:
          text = text.slice(0, at) + (ODD[next(ODD.length)] as string) + text.slice(at);
          break;
        case 7:
          [parts[one], parts[two]] = [parts[two] as string, parts[one] as string];
          text = parts.join('.');
          break;
        case 8:
          parts.splice(one, 0, parts[two] as string);
          text = parts.join('.');
          break;
        case 9:
          parts[one] = (samples[next(samples.length)] as string).split('.')[one] ?? '';
          text = parts.join('.');
          break;
        default:
          text = (text + text).slice(0, 20_000);
      }
    }
    return text;
  }

  it('20,000 mutated tokens are refused without an exception', () => {
    const next = seeded(20_260_101);
    for (let round = 0; round < 20_000; round++) refused(mutate(next));
  });

  it('random strings are refused without an exception', () => {
    const shape = fc.array(anyText(50), { maxLength: 7 });
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(200),
          fc.string({ unit: 'binary-ascii', maxLength: 200 }),
          shape.map((parts) => parts.join('.')),
          shape.map((parts) => `kt1.${material('a').kid}.AAAAAAAAAAAA.${parts.join('')}.${'A'.repeat(43)}`),
          fc.array(fc.nat(0xffff), { maxLength: 150 }).map((units) => String.fromCharCode(...units)),
        ),
        refused,
      ),
      { numRuns: 3000 },
    );
  });

  it('a value that is no string is refused without an exception', () => {
    const token = genuine[0] as string;
    const hostile = {
      toString: () => {
        throw new Error('toString was called');
      },
      get length(): number {
        throw new Error('length was read');
      },
    };
    const values = [
      undefined,
      null,
      true,
      0,
      Number.NaN,
      1n,
      Symbol('kt1'),
      {},
      [],
      [token],
      new String(token),
      Buffer.from(token),
      { toString: () => token },
      { length: 100, startsWith: () => true },
      () => token,
      hostile,
      new Proxy({}, { get: () => expect.fail('looked into') }),
      Object.create(null),
    ];
    for (const value of values) refused(value);
    fc.assert(
      fc.property(
        fc.anything().filter((value) => typeof value !== 'string'),
        refused,
      ),
    );
  });

  it('very long strings are refused without an exception', () => {
    const token = genuine[1] as string;
    const head = token.slice(0, 26);
    const mac = token.slice(-44);
    for (const filler of ['A', '.', 'é', '😀', '\ud800', '\0']) {
      const long = filler.repeat(1_000_000);
      for (const text of [long, `kt1.${long}`, head + long, head + long + mac, token + long, long + token]) {
        refused(text);
      }
    }
    expect(outcome(signer.verify(token))).toBe('ok');
  });

  it('reports a kid only when it has the form of one, so that logs take it as it is', () => {
    const token = genuine[0] as string;
    for (const kid of ['\n\u001b[31m!!', 'a b c d ', '<script>', 'éééééééé', '\ud800aaaaaaa', '========']) {
      expect(kid.length).toBe(8);
      expect(signer.verify(`kt1.${kid}${token.slice(12)}`)).toEqual({ ok: false, reason: 'malformed' });
      expect(refusals.pop()).toEqual(['session', 'malformed', undefined]);
    }
    signer.verify(`kt1.-_-_-_-_${token.slice(12)}`);
    expect(refusals.pop()).toEqual(['session', 'unknown_key', '-_-_-_-_']);
  });
});

describe('times', () => {
  const { signer, clock } = bench();

  it.each([
    ['1970', 0],
    ['the last second of 31 bits', 2 ** 31 - 1],
    ['the first of 32', 2 ** 31],
    ['the first of 33', 2 ** 32],
    ['2026', T0],
    ['a day before the end', 2 ** 36 - 1 - 86_400],
  ])('are kept exactly: %s', (_, seconds) => {
    clock.now = seconds * 1000;
    const result = signer.verify(signer.sign(1));
    expect(result).toMatchObject({
      issuedAt: new Date(seconds * 1000),
      expiresAt: new Date((seconds + 3600) * 1000),
    });
  });

  it('never wrap around: what is beyond an end becomes that end', () => {
    clock.now = T0 * 1000;
    const forever = signer.verify(signer.issueAt('1', T0, T0 + 6e14));
    expect(forever).toMatchObject({ ok: true, expiresAt: new Date((2 ** 36 - 1) * 1000) });
    expect(outcome(signer.verify(signer.issueAt('1', T0, -1)))).toBe('expired');
    expect(outcome(signer.verify(signer.issueAt('1', T0, Number.NaN)))).toBe('expired');
  });
});
