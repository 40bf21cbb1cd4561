import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import type { Epoch } from '../../src/signing/purpose-keys.js';
import { receive } from '../../src/signing/received.js';
import type { RefusalReason } from '../../src/signing/result.js';
import { LARGEST_CONTENT } from '../../src/signing/sealed-token.js';
import { TokenSealer } from '../../src/signing/sealer.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { type Aead, loadAead } from '../../src/signing/sodium.js';
import { Usage } from '../../src/signing/usage.js';
import { sodiumMemory } from '../support/xchacha.js';
import { anyText, material, outcome, ring, seeded, T0, withCharacter } from './helpers.js';

const aead = (await loadAead()) as Aead;

/** A sealer and a signer of one purpose with everything around them in reach. */
function bench(of: Keyring = ring({ a: 'active' }), { purpose = 'draft', epoch = 'none' as Epoch } = {}) {
  const clock = { now: T0 * 1000 };
  const live = new LiveKeyring(of, () => clock.now);
  const usage = new Usage();
  const refusals: Array<readonly [string, RefusalReason, string | undefined]> = [];
  const parts = (name: string) => ({
    purpose: name,
    maxAge: 3600,
    ring: live,
    clock: () => clock.now,
    usage,
    epoch,
    apps: [undefined] as const,
    onRefusal: (...facts: (typeof refusals)[number]) => refusals.push(facts),
  });
  const another = <T = unknown>(name: string) => new TokenSealer<T>(parts(name), aead);
  const signer = new TokenSigner(parts(purpose));
  return { sealer: another(purpose), signer, another, live, clock, usage, refusals };
}

function mistake(run: () => unknown): KeyturnError {
  try {
    run();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('a value', () => {
  it('comes back as JSON would bring it back, whatever it is', () => {
    const { sealer } = bench();
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.string({ minLength: 1, unit: 'grapheme' })), (value, bind) => {
        const options = bind === null ? {} : { bind };
        const opened = sealer.open(sealer.seal(value, options), options);
        expect(opened).toMatchObject({ ok: true });
        expect((opened as { payload: unknown }).payload).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1000 },
    );
  });

  it('of bytes comes back as bytes of its own', () => {
    const { sealer } = bench();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: 'max' }), (bytes) => {
        const opened = sealer.open(sealer.seal(bytes)) as { payload: Uint8Array };
        expect(Buffer.compare(opened.payload, bytes)).toBe(0);
        expect(opened.payload.byteOffset).toBe(0);
        expect(opened.payload.buffer.byteLength).toBe(bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a Buffer', Buffer.from('é')],
    ['a view of a larger buffer', new Uint8Array(Buffer.from('xxéxx').buffer, 0).subarray(0, 2)],
    ['nothing', new Uint8Array()],
  ])('of bytes, as %s, comes back as a Uint8Array', (_, bytes) => {
    const { sealer } = bench();
    const { payload } = sealer.open(sealer.seal(bytes)) as { payload: Uint8Array };
    expect(payload.constructor).toBe(Uint8Array);
    expect([...payload]).toEqual([...bytes]);
  });

  it.each([
    null,
    true,
    0,
    '',
    'é😀\ud800\0',
    [],
    {},
    'x'.repeat(1360),
    'é'.repeat(1364),
    '日'.repeat(1366),
    'x'.repeat(3000),
    'x'.repeat(50_000),
  ])('of any size comes back: %j', (value) => {
    const { sealer } = bench();
    expect(sealer.open(sealer.seal(value))).toMatchObject({ ok: true, payload: value });
  });

  it('is read by nobody who has only the token, and the same twice looks different', () => {
    const { sealer } = bench();
    const [one, two] = [sealer.seal({ user: 'ada' }), sealer.seal({ user: 'ada' })];
    expect(Buffer.from(one.slice(26), 'base64url').toString('latin1')).not.toContain('ada');
    expect(one.length).toBe(two.length);
    const same = [...one.slice(26)].filter((character, index) => character === two[26 + index]).length;
    expect(same).toBeLessThan(20);
  });

  it('takes 81 characters more than its base64url: the token says its length and nothing else', () => {
    const { sealer } = bench();
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 1, unit: 'grapheme' }), (value, bind) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        const length = 26 + Math.ceil(((bytes + 41) * 4) / 3);
        expect(sealer.seal(value)).toMatch(/^ks1\.[\w-]{8}\.[\w-]{12}\.[\w-]+$/);
        expect(sealer.seal(value).length).toBe(length);
        expect(sealer.seal(value, { bind }).length).toBe(length);
        expect(length - Math.ceil((bytes * 4) / 3)).toBeLessThanOrEqual(81);
      }),
    );
  });

  const circular: { self?: unknown } = {};
  circular.self = circular;
  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a BigInt', 1n],
    ['an object that holds itself', circular],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['other numbers', new Uint16Array(2)],
  ])('that cannot be carried is a mistake: %s', (_, value) => {
    const { sealer, refusals } = bench();
    expect(mistake(() => sealer.seal(value)).code).toBe('payload_not_json');
    expect(refusals).toEqual([]);
  });

  it('that is too large is a mistake, and a token that long is refused unread', () => {
    const { sealer } = bench();
    const largest = new Uint8Array(LARGEST_CONTENT);
    const token = sealer.seal(largest);
    const opened = sealer.open(token) as { payload: Uint8Array };
    expect(Buffer.compare(opened.payload, largest)).toBe(0);
    expect(mistake(() => sealer.seal(new Uint8Array(LARGEST_CONTENT + 1)))).toMatchObject({
      code: 'payload_too_large',
      message: `a value of ${LARGEST_CONTENT + 1} bytes is too large for a sealed token`,
    });
    expect(mistake(() => sealer.seal('x'.repeat(LARGEST_CONTENT - 1))).code).toBe('payload_too_large');
    expect(outcome(sealer.open(`${token}AAAA`))).toBe('malformed');
  });

  it('may seal and open with the same sealer while it is being written', () => {
    const { sealer } = bench();
    const inner: string[] = [];
    const value = {
      toJSON: () => {
        inner.push(sealer.seal('inner', { bind: 'x' }));
        return { seen: outcome(sealer.open(inner[0], { bind: 'x' })) };
      },
    };
    expect(sealer.open(sealer.seal(value))).toMatchObject({ ok: true, payload: { seen: 'ok' } });
    expect(sealer.open(inner[0], { bind: 'x' })).toMatchObject({ ok: true, payload: 'inner' });
  });
});

describe('the nonce', () => {
  it('never comes twice, sealing the same value 20,000 times', () => {
    const { sealer } = bench();
    const nonces = new Set<string>();
    const bits = new Array<number>(192).fill(0);
    for (let n = 0; n < 20_000; n++) {
      const body = sealer.seal(1).slice(26);
      nonces.add(body.slice(0, 32));
      if (n % 2 !== 0) continue;
      const bytes = Buffer.from(body.slice(0, 32), 'base64url');
      for (let bit = 0; bit < 192; bit++)
        bits[bit] = (bits[bit] as number) + (((bytes[bit >> 3] as number) >> (bit & 7)) & 1);
    }
    expect(nonces.size).toBe(20_000);
    // Each bit is one half of the time: 5000 of 10,000, give or take six standard deviations.
    for (const ones of bits) expect(Math.abs(ones - 5000)).toBeLessThan(300);
  });

  it('is taken from nothing that a test or an attacker can turn: neither clock, value nor Math.random', () => {
    const random = Math.random;
    Math.random = () => 0.5;
    try {
      const nonces = [bench(), bench()].map(({ sealer }) => sealer.seal(1).slice(26, 58));
      expect(nonces[0]).not.toBe(nonces[1]);
    } finally {
      Math.random = random;
    }
  });
});

describe('a result', () => {
  it('says which key sealed, when, and until when it is good', () => {
    const { sealer, clock } = bench();
    clock.now = T0 * 1000 + 987.6;
    expect(sealer.open(sealer.seal({ id: 42 }, { maxAge: '15min' }))).toEqual({
      ok: true,
      payload: { id: 42 },
      kid: material('a').kid,
      stale: false,
      issuedAt: new Date(T0 * 1000),
      expiresAt: new Date((T0 + 900) * 1000),
    });
  });

  it.each([
    [-0.001, 'ok'],
    [0, 'expired'],
    [1e12, 'expired'],
    [Number.NaN, 'expired'],
  ] as const)('%d ms from its second of expiry: %s', (offset, wanted) => {
    const { sealer, clock } = bench();
    const token = sealer.seal(1);
    clock.now = (T0 + 3600) * 1000 + offset;
    expect(outcome(sealer.open(token))).toBe(wanted);
  });

  it.each([
    [3601, 'purpose_lifetime'],
    [0, 'duration_invalid'],
    ['soon', 'duration_invalid'],
  ])('maxAge %j is a mistake: %s', (maxAge, code) => {
    expect(mistake(() => bench().sealer.seal(1, { maxAge })).code).toBe(code);
  });
});

describe('one form only', () => {
  const { sealer } = bench();
  // Bodies of all three lengths that base64url has: with four, two and no spare bits.
  const tokens = [
    { token: sealer.seal(1), bind: undefined },
    { token: sealer.seal(12), bind: undefined },
    { token: sealer.seal(123), bind: undefined },
    { token: sealer.seal({ userId: 42, name: 'é' }, { bind: 'state' }), bind: 'state' },
    { token: sealer.seal(new Uint8Array(40)), bind: undefined },
  ];
  const options = (bind: string | undefined) => (bind === undefined ? {} : { bind });

  it.each(tokens)('no other character is taken at any place: $token.length', ({ token, bind }) => {
    expect(outcome(sealer.open(token, options(bind)))).toBe('ok');
    for (let index = 0; index < token.length; index++) {
      for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é日') {
        if (character === token[index]) continue;
        if (sealer.open(withCharacter(token, index, character), options(bind)).ok)
          expect.fail(`opened with ${character} at ${index}`);
      }
    }
  });

  it.each(tokens)('every piece, removal and insertion is refused: $token.length', ({ token, bind }) => {
    for (let index = 0; index <= token.length; index++) {
      const others = [
        token.slice(0, index),
        token.slice(index),
        token.slice(0, index) + token.slice(index + 1),
        ...['A', 'AAAA', '.', '=', ' ', '\n', '\0'].map(
          (more) => token.slice(0, index) + more + token.slice(index),
        ),
      ].filter((other) => other !== token);
      for (const other of others) if (sealer.open(other, options(bind)).ok) expect.fail(`at ${index}`);
    }
  });
});

describe('input of any kind', () => {
  it.each([
    undefined,
    null,
    0,
    1n,
    Symbol('x'),
    {},
    [],
    () => 'ks1.',
    new Uint8Array(80),
    Object('ks1.'),
    {
      toString: () => {
        throw new Error('no');
      },
    },
  ])('that is no text is refused: %o', (input) => {
    expect(outcome(bench().sealer.open(input))).toBe('malformed');
  });

  it('is refused and never thrown at', () => {
    const { sealer } = bench();
    const good = sealer.seal({ a: 1 });
    const pick = seeded(7);
    fc.assert(
      fc.property(
        fc.oneof(
          anyText(200),
          anyText(100).map((tail) => good.slice(0, 26) + tail),
          anyText(100).map((tail) => good.slice(0, 26 + pick(100)) + tail),
          fc
            .uint8Array({ maxLength: 200 })
            .map((bytes) => good.slice(0, 26) + Buffer.from(bytes).toString('base64url')),
        ),
        (token) => {
          const opened = sealer.open(token);
          if (token !== good) expect(opened.ok).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('as long as it likes is refused, and never reaches the cipher', () => {
    const { sealer } = bench();
    const header = sealer.seal(1).slice(0, 26);
    const before = sodiumMemory();
    for (const body of ['A', '日', '\ud800', '='])
      expect(outcome(sealer.open(header + body.repeat(5_000_000)))).toBe('malformed');
    expect(sodiumMemory()).toBe(before);
  });
});

describe('bind', () => {
  it('opens with the same state alone, for any two', () => {
    const { sealer } = bench();
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (one, two) => {
        const token = sealer.seal(1, { bind: one });
        expect(outcome(sealer.open(token, { bind: two }))).toBe(one === two ? 'ok' : 'bad_signature');
      }),
    );
  });

  it.each([
    ['a.b', 'a'],
    ['é', 'e\u0301'],
    ['x', 'x\0'],
    ['1', '01'],
  ])('tells %j from %j', (one, two) => {
    const { sealer } = bench();
    const token = sealer.seal(1, { bind: one });
    expect(outcome(sealer.open(token, { bind: one }))).toBe('ok');
    expect(outcome(sealer.open(token, { bind: two }))).toBe('bad_signature');
  });

  it.each([
    undefined,
    null,
    '',
    0,
    {},
    '\ud800',
    () => 'state',
  ])('that is no state never opens anything: %o', (bind) => {
    const { sealer } = bench();
    for (const token of [sealer.seal(1), sealer.seal(1, { bind: 'state' })])
      expect(outcome(sealer.open(token, { bind: bind as string }))).toBe('bad_signature');
    expect(mistake(() => sealer.seal(1, { bind: bind as string })).code).toBe('bind_invalid');
  });

  it('given for an unbound token, or left out for a bound one, does not open it', () => {
    const { sealer } = bench();
    expect(outcome(sealer.open(sealer.seal(1), { bind: 'state' }))).toBe('bad_signature');
    expect(outcome(sealer.open(sealer.seal(1, { bind: 'state' })))).toBe('bad_signature');
    expect(outcome(sealer.checkReceived(receive(sealer.seal(1, { bind: 'state' }))))).toBe('bad_signature');
  });
});

describe('tokens of one kind', () => {
  const names = ['draft', 'session', 'x', 'seal', 'sign'];

  it('are kept apart by purpose', () => {
    const { another } = bench();
    for (const issuer of names) {
      const token = another(issuer).seal('value');
      for (const opener of names)
        expect(outcome(another(opener).open(token))).toBe(issuer === opener ? 'ok' : 'bad_signature');
    }
  });

  it('never pass for the other kind, not even with the version changed', () => {
    const { sealer, signer } = bench();
    const [sealed, signed] = [sealer.seal({ a: 1 }), signer.sign({ a: 1 })];
    expect(outcome(signer.verify(sealed))).toBe('malformed');
    expect(outcome(sealer.open(signed))).toBe('malformed');
    expect(signer.verify(`kt1${sealed.slice(3)}`).ok).toBe(false);
    expect(sealer.open(`ks1${signed.slice(3)}`).ok).toBe(false);
    expect(material('a').derive('seal', 'draft')).not.toEqual(material('a').derive('sign', 'draft'));
  });

  it('tell a ring that knows their key from one that does not', () => {
    const { sealer, signer, live } = bench();
    const token = sealer.seal(1);
    expect(signer.knows(receive(token))).toBe(true);
    live.replace(ring({ b: 'active' }));
    expect(signer.knows(receive(token))).toBe(false);
    live.replace(ring({ b: 'active', a: 'retired' }));
    expect(signer.knows(receive(token))).toBe(true);
  });
});

describe('a change of the ring in force', () => {
  it('is followed at once', () => {
    const { sealer, live } = bench(ring({ old: 'active' }));
    const before = sealer.seal('before');
    live.replace(ring({ old: 'active', new: 'staged' }));
    expect(sealer.open(sealer.seal(1))).toMatchObject({ kid: material('old').kid, stale: false });
    live.replace(ring({ old: 'retiring', new: 'active' }));
    expect(sealer.open(before)).toMatchObject({ payload: 'before', stale: true });
    expect(sealer.open(sealer.seal(1))).toMatchObject({ kid: material('new').kid, stale: false });
    for (const [state, reason] of [
      ['retired', 'retired_key'],
      ['revoked', 'revoked_key'],
    ] as const) {
      live.replace(ring({ old: state, new: 'active' }));
      expect(outcome(sealer.open(before))).toBe(reason);
    }
    live.replace(ring({ new: 'active' }));
    expect(outcome(sealer.open(before))).toBe('unknown_key');
  });

  it('daily keys seal with the child of the day, and both settings open both', () => {
    const [daily, plain] = [bench(undefined, { epoch: 'day' }), bench()];
    const [today, always] = [daily.sealer.seal('day'), plain.sealer.seal('none')];
    for (const { sealer } of [daily, plain]) {
      expect(sealer.open(today)).toMatchObject({ ok: true, payload: 'day' });
      expect(sealer.open(always)).toMatchObject({ ok: true, payload: 'none' });
    }
    const child = material('a').child('2026-01-01').derive('seal', 'draft');
    const body = Buffer.from(today.slice(26), 'base64url');
    const inside = aead.open(body.subarray(24), Buffer.from(today.slice(0, 26)), body.subarray(0, 24), child);
    expect(Buffer.from(inside as Uint8Array).toString()).toBe('\x01"day"');
  });
});

describe('what is counted and told', () => {
  it('sealing and opening count as signing and verifying do', () => {
    const { sealer, usage, clock } = bench();
    const token = sealer.seal(1);
    clock.now += 5000;
    sealer.open(token);
    sealer.checkReceived(receive(token));
    sealer.open(`${token.slice(0, -4)}AAAA`);
    expect(usage.uses).toEqual([
      expect.objectContaining({
        kid: material('a').kid,
        purpose: 'draft',
        signed: 1,
        signedAt: T0 * 1000,
        verified: 2,
        verifiedAt: T0 * 1000 + 5000,
      }),
    ]);
  });

  it('a cookie that was opened a moment ago is not opened anew, and counts all the same', () => {
    const { sealer, usage, clock } = bench();
    const token = receive(sealer.seal('of a session'));
    const opens = vi.spyOn(aead, 'open');
    const check = () => sealer.checkReceived(token);
    expect([check(), check()].map(({ ok }) => ok)).toEqual([true, true]);
    const before = opens.mock.calls.length;
    clock.now += 5000;
    expect(check()).toMatchObject({ ok: true, json: '"of a session"', issuedAt: T0 });
    expect(opens.mock.calls.length).toBe(before);
    expect(usage.uses).toEqual([expect.objectContaining({ verified: 3, verifiedAt: T0 * 1000 + 5000 })]);
    clock.now += 3_600_000;
    expect(check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(usage.uses).toEqual([expect.objectContaining({ verified: 3 })]);
    opens.mockRestore();
  });

  it('what is none of a sealer is malformed', () => {
    const { sealer, refusals } = bench();
    expect(sealer.checkReceived(receive('kt1.AAAA'))).toMatchObject({ ok: false, reason: 'malformed' });
    expect(refusals).toEqual([['draft', 'malformed', undefined]]);
  });

  it('refusals are reported, once each, with purpose, reason and the kid as far as it is known', () => {
    const { sealer, clock, another, refusals } = bench();
    const a = material('a').kid;
    const token = sealer.seal(1);
    const bytes = sealer.seal(new Uint8Array(1));
    sealer.open(undefined);
    sealer.open('ks1.junk');
    sealer.open(`ks1.AAAAAAAA${token.slice(12)}`);
    sealer.open(`ks1.AA AAAAA${token.slice(12)}`);
    sealer.open(`${token}=`);
    another('other').open(token);
    sealer.open(token, { bind: 'state' });
    sealer.open(sealer.issueAt('not JSON', T0, T0 + 60));
    sealer.checkReceived(receive(bytes));
    clock.now += 3_600_000;
    sealer.open(token);
    expect(refusals).toEqual([
      ['draft', 'malformed', undefined],
      ['draft', 'malformed', undefined],
      ['draft', 'unknown_key', 'AAAAAAAA'],
      ['draft', 'malformed', undefined],
      ['draft', 'malformed', a],
      ['other', 'bad_signature', a],
      ['draft', 'bad_signature', a],
      ['draft', 'malformed', a],
      ['draft', 'malformed', a],
      ['draft', 'expired', a],
    ]);
  });

  it('neither key nor value shows in the sealer, its errors or its refusals', () => {
    const { sealer } = bench();
    const planted = 'planted-value';
    const token = sealer.seal(planted);
    const errors = [
      () => sealer.seal({ planted, big: 1n }),
      () => sealer.seal(planted, { bind: '' }),
      () => sealer.seal(planted, { maxAge: 1e9 }),
      () => sealer.seal(planted.repeat(LARGEST_CONTENT / 10)),
    ].map(mistake);
    const shown = [sealer, sealer.open(`${token.slice(0, -4)}AAAA`), ...errors]
      .map((value) => inspect(value, { depth: 9, showHidden: true }) + JSON.stringify(value) + String(value))
      .join('\n');
    const key = Buffer.from(material('a').derive('seal', 'draft'));
    expect(shown).not.toContain(planted);
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(shown).not.toContain(key.toString(encoding));
    expect(shown).not.toContain([...key.subarray(0, 4)].join(', '));
    expect(Object.keys(sealer)).toEqual(['purpose', 'maxAge']);
  });
});
