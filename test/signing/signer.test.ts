import fc from 'fast-check';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import type { Result } from '../../src/signing/result.js';
import { bench, material, outcome, ring, T0 } from './helpers.js';

/** The error that a mistake of the programmer throws. */
function mistake(run: () => unknown): KeyturnError {
  try {
    run();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
  return expect.fail('nothing was thrown');
}

describe('a payload', () => {
  it('comes back as JSON would bring it back, whatever it is', () => {
    const { signer } = bench();
    fc.assert(
      fc.property(fc.jsonValue(), (payload) => {
        const result = signer.verify(signer.sign(payload));
        expect(result).toMatchObject({ ok: true });
        expect((result as { payload: unknown }).payload).toEqual(JSON.parse(JSON.stringify(payload)));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    null,
    true,
    false,
    0,
    -1.5,
    '',
    'é😀\ud800\0',
    [],
    {},
    { a: { b: [1, null] } },
    'x'.repeat(50_000),
  ])('comes back: %j', (payload) => {
    const { signer } = bench();
    expect(signer.verify(signer.sign(payload))).toMatchObject({ ok: true, payload });
  });

  it('named like a prototype stays a plain member and changes none', () => {
    const { signer } = bench();
    const payload = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}') as object;
    const result = signer.verify(signer.sign(payload)) as { payload: object };
    expect(Object.keys(result.payload)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(result.payload)).toBe(Object.prototype);
    expect((result.payload as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  const circular: { self?: unknown } = {};
  circular.self = circular;
  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a BigInt', 1n],
    ['a BigInt inside', { n: [1n] }],
    ['an object that holds itself', circular],
    ['toJSON that gives undefined', { toJSON: () => undefined }],
    [
      'toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
  ])('that JSON cannot carry is a mistake: %s', (_, payload) => {
    const { signer, refusals } = bench();
    expect(mistake(() => signer.sign(payload)).code).toBe('payload_not_json');
    expect(refusals).toEqual([]);
  });

  it('may sign and verify with the same signer while it is being written', () => {
    const { signer } = bench();
    const inner: string[] = [];
    const payload = {
      toJSON: () => {
        inner.push(signer.sign('inner'));
        return { seen: outcome(signer.verify(inner[0])) };
      },
    };
    expect(signer.verify(signer.sign(payload))).toMatchObject({ ok: true, payload: { seen: 'ok' } });
    expect(signer.verify(inner[0])).toMatchObject({ ok: true, payload: 'inner' });
  });
});

describe('a result', () => {
  it('says who signed, when, and until when it is good, in whole seconds', () => {
    const { signer, clock } = bench();
    clock.now = T0 * 1000 + 987.6;
    expect(signer.verify(signer.sign({ userId: 42 }))).toEqual({
      ok: true,
      payload: { userId: 42 },
      kid: material('a').kid,
      stale: false,
      issuedAt: new Date(T0 * 1000),
      expiresAt: new Date((T0 + 3600) * 1000),
    });
  });

  it('has Date objects of its own each time', () => {
    const { signer } = bench();
    const token = signer.sign(1);
    const first = signer.verify(token);
    if (first.ok) first.expiresAt.setTime(0);
    expect(signer.verify(token)).toMatchObject({ expiresAt: new Date((T0 + 3600) * 1000) });
  });

  it('of a refusal cannot be altered for the next caller', () => {
    const { signer } = bench();
    const refusal = signer.verify('') as { ok: boolean };
    expect(() => {
      refusal.ok = true;
    }).toThrow(TypeError);
    expect(signer.verify('')).toEqual({ ok: false, reason: 'malformed' });
  });
});

describe('the state of the key that signed', () => {
  const token = bench(ring({ b: 'active' })).signer.sign('payload');

  it.each([
    { state: 'active', stale: false },
    { state: 'retiring', stale: true },
    { state: 'staged', stale: false },
  ] as const)('$state: verified, stale $stale', ({ state, stale }) => {
    const of = state === 'active' ? ring({ b: state, a: 'staged' }) : ring({ a: 'active', b: state });
    expect(bench(of).signer.verify(token)).toMatchObject({ ok: true, stale, kid: material('b').kid });
  });

  it.each([
    { state: 'retired', reason: 'retired_key' },
    { state: 'revoked', reason: 'revoked_key' },
  ] as const)('$state: refused as $reason', ({ state, reason }) => {
    const { signer, refusals } = bench(ring({ a: 'active', b: state }));
    expect(signer.verify(token)).toEqual({ ok: false, reason });
    expect(refusals).toEqual([['session', reason, material('b').kid]]);
  });

  it('not in the ring: refused as unknown_key', () => {
    const { signer, refusals } = bench(ring({ a: 'active', c: 'retiring' }));
    expect(signer.verify(token)).toEqual({ ok: false, reason: 'unknown_key' });
    expect(refusals).toEqual([['session', 'unknown_key', material('b').kid]]);
  });
});

describe('expiry', () => {
  it.each([
    [-1, 'ok'],
    [-0.001, 'ok'],
    [0, 'expired'],
    [0.001, 'expired'],
    [1, 'expired'],
    [1e12, 'expired'],
  ] as const)('%d ms from its second: %s', (offset, wanted) => {
    const { signer, clock } = bench();
    const token = signer.sign('payload');
    clock.now = (T0 + 3600) * 1000 + offset;
    expect(outcome(signer.verify(token))).toBe(wanted);
  });

  it('is told by the clock handed in and by no other', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const { signer, clock } = bench();
      const token = signer.sign('payload');
      vi.setSystemTime(1e14);
      expect(outcome(signer.verify(token))).toBe('ok');
      clock.now += 3_600_000;
      vi.setSystemTime(0);
      expect(outcome(signer.verify(token))).toBe('expired');
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not mind a clock that is behind that of the issuer', () => {
    const { signer, clock } = bench();
    const token = signer.sign('payload');
    clock.now -= 60_000;
    expect(outcome(signer.verify(token))).toBe('ok');
  });

  it('refuses while the clock gives no number', () => {
    const { signer, clock } = bench();
    const token = signer.sign('payload');
    clock.now = Number.NaN;
    expect(outcome(signer.verify(token))).toBe('expired');
  });

  it.each([
    [1, 1],
    ['15min', 900],
    ['1h', 3600],
    [3600, 3600],
  ])('maxAge %j gives %d seconds', (maxAge, seconds) => {
    const { signer } = bench();
    expect(signer.verify(signer.sign(1, { maxAge }))).toMatchObject({
      expiresAt: new Date((T0 + seconds) * 1000),
    });
  });

  it.each([
    [3601, 'purpose_lifetime'],
    ['2h', 'purpose_lifetime'],
    [0, 'duration_invalid'],
    [-1, 'duration_invalid'],
    [1.5, 'duration_invalid'],
    [Number.POSITIVE_INFINITY, 'duration_invalid'],
    [Number.NaN, 'duration_invalid'],
    ['soon', 'duration_invalid'],
    ['', 'duration_invalid'],
  ])('maxAge %j is a mistake: %s', (maxAge, code) => {
    expect(mistake(() => bench().signer.sign(1, { maxAge })).code).toBe(code);
  });
});

describe('purposes', () => {
  const names = ['session', 'csrf', 'password-reset', 'x', 'sign', 'bind', 'session-2'];

  it('keep apart: a token of one is refused for every other', () => {
    const { another } = bench();
    for (const issuer of names) {
      const token = another(issuer).sign('payload');
      const bound = another(issuer).sign('payload', { bind: 'state' });
      for (const verifier of names) {
        const wanted = issuer === verifier ? 'ok' : 'bad_signature';
        expect(outcome(another(verifier).verify(token)), `${issuer} for ${verifier}`).toBe(wanted);
        expect(outcome(another(verifier).verify(bound, { bind: 'state' }))).toBe(wanted);
      }
    }
  });
});

describe('bind', () => {
  const state = '$2b$12$hash-of-a-password';

  it('as a text: accepted while it is the same', () => {
    const { signer } = bench<{ id: number }>();
    const token = signer.sign({ id: 7 }, { bind: state });
    expect(signer.verify(token, { bind: state })).toMatchObject({ ok: true, payload: { id: 7 } });
    expect(outcome(signer.verify(token, { bind: `${state}2` }))).toBe('bind_mismatch');
  });

  it('as a function: sees the payload and answers at once', () => {
    const { signer } = bench<{ id: number }>();
    const token = signer.sign({ id: 7 }, { bind: state });
    const lookUp = vi.fn((payload: { id: number }) => (payload.id === 7 ? state : undefined));
    const result = signer.verify(token, { bind: lookUp });
    expect(result).toMatchObject({ ok: true, payload: { id: 7 } });
    expectTypeOf(result).toEqualTypeOf<Result<{ id: number }>>();
    expect(lookUp.mock.calls).toEqual([[{ id: 7 }]]);
  });

  it('as an async function: gives a promise, and only then', async () => {
    const { signer } = bench<{ id: number }>();
    const token = signer.sign({ id: 7 }, { bind: state });
    const pending = signer.verify(token, { bind: async () => state });
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toMatchObject({ ok: true, payload: { id: 7 } });
    const changed = await signer.verify(token, { bind: async () => 'changed' });
    expect(outcome(changed)).toBe('bind_mismatch');
    for (const bind of [state, () => state])
      expect(signer.verify(token, { bind })).toMatchObject({ ok: true });
    expect(signer.verify('junk', { bind: async () => state })).toEqual({ ok: false, reason: 'malformed' });
  });

  it.each([
    undefined,
    null,
    '',
    '\ud800',
    0,
    42,
    {},
    [state],
  ])('that is %j matches nothing', async (absent) => {
    const { signer } = bench();
    const nothing = absent as string;
    for (const token of [signer.sign(1, { bind: state }), signer.sign(1)]) {
      const results = [
        signer.verify(token, { bind: nothing }),
        signer.verify(token, { bind: () => nothing }),
        await signer.verify(token, { bind: async () => nothing }),
      ];
      expect(results.map(outcome)).toEqual(['bind_mismatch', 'bind_mismatch', 'bind_mismatch']);
    }
  });

  it.each([undefined, null, '', '\ud800', 0, {}])('that is %j is a mistake when signing', (absent) => {
    expect(mistake(() => bench().signer.sign(1, { bind: absent as string })).code).toBe('bind_invalid');
  });

  it('is never optional: a bound token fails without it, an unbound one with it', () => {
    const { signer, refusals } = bench();
    const bound = signer.sign(1, { bind: state });
    const unbound = signer.sign(1);
    expect(outcome(signer.verify(bound))).toBe('bind_mismatch');
    expect(outcome(signer.verify(unbound, { bind: state }))).toBe('bind_mismatch');
    expect(outcome(signer.check(bound))).toBe('bind_mismatch');
    expect(refusals).toHaveLength(3);
  });

  it('is not asked about a token that is not genuine or has expired', () => {
    const { signer, clock } = bench();
    const bind = vi.fn(() => state);
    const token = signer.sign(1, { bind: state });
    signer.verify(token.replace('kt1', 'kt2'), { bind });
    signer.verify(`${token.slice(0, -1)}!`, { bind });
    clock.now += 3_600_000;
    signer.verify(token, { bind });
    expect(bind).not.toHaveBeenCalled();
  });

  it('passes on what the function throws', async () => {
    const { signer } = bench();
    const token = signer.sign(1, { bind: state });
    const fail = () => {
      throw new Error('the database is gone');
    };
    expect(() => signer.verify(token, { bind: fail })).toThrow('the database is gone');
    await expect(signer.verify(token, { bind: async () => fail() })).rejects.toThrow('the database is gone');
  });

  it('may use the same signer, since nothing is kept between two calls', () => {
    const { signer } = bench();
    const other = signer.sign('other', { bind: 'x'.repeat(5000) });
    const token = signer.sign('mine', { bind: state });
    const result = signer.verify(token, {
      bind: () => {
        expect(outcome(signer.verify(other, { bind: 'x'.repeat(5000) }))).toBe('ok');
        signer.sign('third');
        return state;
      },
    });
    expect(result).toMatchObject({ ok: true, payload: 'mine' });
  });

  it('gives a tag that fits no other token', () => {
    const { signer, clock } = bench();
    const one = signer.sign({ id: 1 }, { bind: state });
    const two = signer.sign({ id: 2 }, { bind: state });
    clock.now += 1000;
    const later = signer.sign({ id: 1 }, { bind: state });
    const tag = (token: string) => token.split('.')[4] as string;
    expect(new Set([tag(one), tag(two), tag(later)]).size).toBe(3);
    const unbound = signer.sign({ id: 1 });
    const parts = unbound.split('.');
    const transplanted = [
      one.replace(tag(one), tag(two)),
      one.replace(tag(one), tag(later)),
      one.replace(`.${tag(one)}`, ''),
      [...parts.slice(0, 4), tag(later), parts[4]].join('.'),
    ];
    for (const token of transplanted) {
      expect(outcome(signer.verify(token, { bind: state }))).toBe('bad_signature');
      expect(outcome(signer.verify(token))).toBe('bad_signature');
    }
  });

  it.each([
    ['a.b', 'a'],
    ['a', 'A'],
    ['é', 'e\u0301'],
    ['x', 'x '],
    ['x', 'x\0'],
    ['1', '01'],
  ])('tells %j from %j', (one, two) => {
    const { signer } = bench();
    const token = signer.sign(1, { bind: one });
    expect(outcome(signer.verify(token, { bind: one }))).toBe('ok');
    expect(outcome(signer.verify(token, { bind: two }))).toBe('bind_mismatch');
  });

  it('holds for any two states', () => {
    const { signer } = bench();
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (one, two) => {
        const token = signer.sign(1, { bind: one });
        expect(outcome(signer.verify(token, { bind: two }))).toBe(one === two ? 'ok' : 'bind_mismatch');
      }),
    );
  });
});

describe('a change of the ring in force', () => {
  it('is followed at once: the new key signs, the old one verifies, a revoked one does not', () => {
    const { signer, live } = bench(ring({ old: 'active' }));
    const before = signer.sign('before', { bind: 'state' });

    live.replace(ring({ old: 'active', new: 'staged' }));
    expect(signer.verify(signer.sign(1))).toMatchObject({ kid: material('old').kid, stale: false });

    live.replace(ring({ old: 'retiring', new: 'active' }));
    expect(signer.verify(before, { bind: 'state' })).toMatchObject({ kid: material('old').kid, stale: true });
    const after = signer.sign('after');
    expect(signer.verify(after)).toMatchObject({ kid: material('new').kid, stale: false });

    live.replace(ring({ old: 'active', new: 'retiring' }));
    expect(signer.verify(after)).toMatchObject({ ok: true, stale: true });

    live.replace(ring({ old: 'revoked', new: 'active' }));
    expect(outcome(signer.verify(before, { bind: 'state' }))).toBe('revoked_key');
    expect(outcome(signer.check(before))).toBe('revoked_key');

    live.replace(ring({ old: 'retired', new: 'active' }));
    expect(outcome(signer.verify(before, { bind: 'state' }))).toBe('retired_key');

    live.replace(ring({ new: 'active' }));
    expect(outcome(signer.verify(before, { bind: 'state' }))).toBe('unknown_key');
    expect(outcome(signer.verify(after))).toBe('ok');
  });

  it('counts even while the state of a bound token is being looked up', async () => {
    const { signer, live, refusals } = bench(ring({ a: 'active', b: 'staged' }));
    const token = signer.sign(1, { bind: 'state' });
    const result = await signer.verify(token, {
      bind: async () => {
        live.replace(ring({ a: 'revoked', b: 'active' }));
        return 'state';
      },
    });
    expect(result).toEqual({ ok: false, reason: 'revoked_key' });
    expect(refusals).toEqual([['session', 'revoked_key', material('a').kid]]);
  });
});

describe('refusals', () => {
  it('are all reported, once, with purpose, reason and the kid as far as it is known', () => {
    const { signer, live, clock, refusals, another } = bench(ring({ a: 'active', b: 'retiring' }));
    const token = signer.sign(1);
    const a = material('a').kid;
    const b = material('b').kid;
    signer.verify(undefined);
    signer.verify('kt1.junk');
    signer.check('kt1.junk');
    signer.verify(`kt1.AAAAAAAA${token.slice(12)}`);
    signer.verify(`kt1.${b}${token.slice(12)}`);
    another('csrf').verify(token);
    signer.verify(`${token.slice(0, 26)}é${token.slice(27)}`);
    signer.verify(token, { bind: 'state' });
    signer.verify(signer.issueAt('not JSON', T0, T0 + 60));
    clock.now += 3_600_000;
    signer.verify(token);
    live.replace(ring({ a: 'revoked', b: 'active' }));
    signer.verify(token);
    live.replace(ring({ a: 'retired', b: 'active' }));
    signer.verify(token);
    expect(refusals).toEqual([
      ['session', 'malformed', undefined],
      ['session', 'malformed', undefined],
      ['session', 'malformed', undefined],
      ['session', 'unknown_key', 'AAAAAAAA'],
      ['session', 'bad_signature', b],
      ['csrf', 'bad_signature', a],
      ['session', 'malformed', a],
      ['session', 'bind_mismatch', a],
      ['session', 'malformed', a],
      ['session', 'expired', a],
      ['session', 'revoked_key', a],
      ['session', 'retired_key', a],
    ]);
  });

  it('come in the order of the specification when several apply', () => {
    const { signer, live, clock } = bench(ring({ a: 'active', b: 'staged' }));
    const bound = signer.sign(1, { bind: 'state' });
    const altered = `${bound.slice(0, 30)}${bound[30] === 'A' ? 'B' : 'A'}${bound.slice(31)}`;
    expect(outcome(signer.verify(altered, { bind: 'other' }))).toBe('bad_signature');
    expect(outcome(signer.check(altered))).toBe('bad_signature');
    clock.now += 3_600_000;
    expect(outcome(signer.verify(altered, { bind: 'other' }))).toBe('bad_signature');
    expect(outcome(signer.verify(bound, { bind: 'other' }))).toBe('expired');
    expect(outcome(signer.check(bound))).toBe('expired');
    live.replace(ring({ a: 'revoked', b: 'active' }));
    expect(outcome(signer.verify(altered, { bind: 'other' }))).toBe('revoked_key');
  });
});
