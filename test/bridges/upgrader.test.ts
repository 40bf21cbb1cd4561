import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eachCookie } from '../../src/bridges/cookie-header.js';
import { BridgeKeys } from '../../src/bridges/keys.js';
import { createUpgrader } from '../../src/bridges/signed-cookies/index.js';
import { Upgrader } from '../../src/bridges/upgrader.js';
import { type CookieFormat, EXPRESS, HONO, keygrip } from '../../src/codecs/cookies.js';
import { Material } from '../../src/keyring/key.js';
import type { Keyring } from '../../src/keyring/keyring.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import {
  liveRing,
  memoryLogger,
  ringOf,
  SECRET,
  testClock,
  testKeyturn,
  useRing,
} from '../support/keyturn.js';

const NEXT = '792c98d17f863f6a385dc38b0ebf8ba26b6d85dc92aa5971b49ab9ad0839ef75';
const OLD = 'the secret of 2019, which is long enough to be one';
const SHA1 = keygrip('sha1');
const RINGS = {
  before: ringOf([SECRET, 'active']),
  staged: ringOf([SECRET, 'active'], [NEXT, 'staged']),
  promoted: ringOf([SECRET, 'retiring'], [NEXT, 'active']),
  revoked: ringOf([SECRET, 'revoked'], [NEXT, 'active']),
} satisfies Record<string, Keyring>;

let keyturn: Keyturn;
let keys: BridgeKeys;
beforeEach(async () => {
  keyturn = await testKeyturn();
  keys = keysOf(keyturn);
});
afterEach(async () => await keyturn.close());

const keysOf = (of: Keyturn) => new BridgeKeys(of, { name: 'shop', maxAge: '1d' });

/** What a bridge derives for the library. */
const derived = (secret: string) =>
  Buffer.from(new Material(secret).derive('bridge', 'shop')).toString('base64url');

/** As the library would set it, with that secret. */
function cookie(format: CookieFormat, secret: string, payload: string, name = 'sid'): string {
  return encodeURIComponent(format.join({ payload, signature: format.sign(name, payload, secret) }));
}

const express = (secret: string, payload: string) => cookie(EXPRESS, secret, payload);

describe('what comes in', () => {
  test('and was signed by the key that signs goes through untouched', () => {
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const header = `a=b; sid=${express(derived(SECRET), 'ada')};c`;
    const incoming = upgrader.incoming(header);
    expect(incoming.header).toBe(header);
    expect(incoming.seen.get('sid')).toMatchObject({ payload: 'ada', key: { state: 'active' } });
  });

  test.each(['promoted', 'staged'] as const)('by another live key is signed for the library (%s)', (ring) => {
    useRing(keyturn, RINGS[ring]);
    const [signs, other] = ring === 'promoted' ? [NEXT, SECRET] : [SECRET, NEXT];
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const { header, seen } = upgrader.incoming(`a=b; sid=${express(derived(other), 'ada')}; c=d`);
    expect(header).toBe(`a=b; sid=${express(derived(signs), 'ada')}; c=d`);
    expect(seen.get('sid')?.key.state).toBe(ring === 'promoted' ? 'retiring' : 'staged');
  });

  test('by a revoked key, or nobody, stays as it is', () => {
    useRing(keyturn, RINGS.revoked);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    for (const secret of [derived(SECRET), SECRET, 'guessed']) {
      const header = `sid=${express(secret, 'ada')}`;
      expect(upgrader.incoming(header)).toEqual({ header, seen: new Map() });
    }
  });

  test('of two of one name the first counts, whatever it is', () => {
    useRing(keyturn, RINGS.promoted);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const forged = `sid=${express('guessed', 'eve')}; sid=${express(derived(SECRET), 'ada')}`;
    expect(upgrader.incoming(forged)).toEqual({ header: forged, seen: new Map() });
    const genuine = `sid=${express(derived(SECRET), 'ada')}; sid=${express(derived(SECRET), 'bob')}`;
    const { header } = upgrader.incoming(genuine);
    expect(header).toBe(`sid=${express(derived(NEXT), 'ada')}; sid=${express(derived(SECRET), 'bob')}`);
  });

  test('in quotes, or with more percent-encoding than it needs, is taken as libraries take it', () => {
    useRing(keyturn, RINGS.promoted);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const value = express(derived(SECRET), 'ada');
    const wanted = `sid=${express(derived(NEXT), 'ada')}`;
    expect(upgrader.incoming(`sid="${value}"`).header).toBe(wanted);
    expect(upgrader.incoming(`sid=${value.replace('ada', '%61da')}`).header).toBe(wanted);
  });

  test('beside a cookie .sig only that is written again', () => {
    useRing(keyturn, RINGS.promoted);
    const upgrader = new Upgrader(keys, SHA1, ['session']);
    const sig = (secret: string) => SHA1.sign('session', 'e30=', derived(secret));
    const incoming = upgrader.incoming(`session=e30=; session.sig=${sig(SECRET)}`);
    expect(incoming.header).toBe(`session=e30=; session.sig=${sig(NEXT)}`);
    expect(upgrader.incoming('session=e30=')).toEqual({ header: 'session=e30=', seen: new Map() });
  });

  test('counts as a use of its key, and what is not genuine as refused', () => {
    useRing(keyturn, RINGS.promoted);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    upgrader.incoming(`sid=${express(derived(SECRET), 'ada')}`);
    upgrader.incoming(`sid=${express(derived(SECRET), 'ada')}`);
    upgrader.incoming(`sid=${express(derived(NEXT), 'ada')}`);
    upgrader.incoming(`sid=${express('guessed', 'ada')}`);
    // Not signed at all: another one's cookie.
    upgrader.incoming('sid=plain');
    const { all } = keys.current;
    expect(all.map(({ state, use }) => [state, use.verified, use.signed])).toEqual([
      ['active', 1, 0],
      ['retiring', 2, 0],
    ]);
    const { usage } = internalsOf(keyturn);
    expect(usage.refusals).toEqual([{ purpose: 'shop', reason: 'bad_signature', count: 1 }]);
  });

  test('hostile as it may be never throws, and everything but the signed cookie stays as it was', () => {
    useRing(keyturn, RINGS.promoted);
    const genuine = `sid=${express(derived(SECRET), 'ada')}`;
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'sid',
        'sid=',
        '=',
        'sid=%',
        'sid=%E0%A4%A',
        'sid=s%3A.',
        'sid="',
        'a="b',
        '\0',
        'sid=s%3A%00.x',
        '',
        ' ',
        '\t',
      ),
    );
    const upgraders = [EXPRESS, HONO, SHA1].map((format) => new Upgrader(keys, format, () => true));
    fc.assert(
      fc.property(fc.array(part), fc.array(part), (before, after) => {
        for (const upgrader of upgraders) {
          const header = [...before, genuine, ...after].join(';');
          const { header: passed, seen } = upgrader.incoming(header);
          const [asked, got] = [eachCookie(header), eachCookie(passed ?? '')];
          expect(got.map(({ name }) => name)).toEqual(asked.map(({ name }) => name));
          for (const [at, { name, pair }] of asked.entries())
            if (!seen.has(name)) expect(got[at]?.pair).toBe(pair);
        }
      }),
    );
  });
});

describe('what goes out', () => {
  const ATTRIBUTES = ';Path=/x; HttpOnly;  EXPIRES=Thu, 01 Jan 2026 00:00:00 GMT; SameSite=lax ;Future="a;b"';

  test('is signed by the key that signs, attributes kept byte for byte', () => {
    useRing(keyturn, RINGS.promoted);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    expect(
      upgrader.outgoing([`a=b${ATTRIBUTES}`, `sid=${express(derived(SECRET), 'ada')}${ATTRIBUTES}`]),
    ).toEqual([`a=b${ATTRIBUTES}`, `sid=${express(derived(NEXT), 'ada')}${ATTRIBUTES}`]);
    expect(keys.current.signing.use.signed).toBe(1);
  });

  test('what the library has signed itself counts, and stays byte for byte', () => {
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const line = `sid=${express(derived(SECRET), 'ada')}${ATTRIBUTES}`;
    expect(upgrader.outgoing([line])).toEqual([line]);
    expect(keys.current.signing.use.signed).toBe(1);
  });

  test('what is deleted, unsigned or of another name stays', () => {
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const lines = [
      'sid=; Max-Age=0',
      'sid',
      'sid=plain',
      'sid=%',
      `other=${express(derived(SECRET), 'ada')}`,
      '',
    ];
    expect(upgrader.outgoing(lines)).toEqual(lines);
  });

  test('nothing is signed backwards: what a staged key has signed goes out as it came', () => {
    useRing(keyturn, RINGS.staged);
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const ahead = express(derived(NEXT), 'ada');
    const { header, seen } = upgrader.incoming(`sid=${ahead}`);
    expect(upgrader.again('sid', seen)).toBeUndefined();
    // The library sends what it got, as with `rolling`.
    expect(upgrader.outgoing([`${header}; Path=/`], seen)).toEqual([`sid=${ahead}; Path=/`]);
    // What is new was signed by no other replica.
    const fresh = `sid=${express(derived(SECRET), 'bob')}; Path=/`;
    expect(upgrader.outgoing([fresh], seen)).toEqual([fresh]);
    expect(keys.current.all.map(({ use }) => use.signed)).toEqual([1, 0]);
  });

  test('beside a cookie .sig the same', () => {
    useRing(keyturn, RINGS.staged);
    const upgrader = new Upgrader(keys, SHA1, ['session']);
    const sig = (secret: string, value: string) => SHA1.sign('session', value, derived(secret));
    const { seen } = upgrader.incoming(`session=e30=; session.sig=${sig(NEXT, 'e30=')}`);
    const rolled = ['session=e30=; path=/', `session.sig=${sig(SECRET, 'e30=')}; path=/`];
    expect(upgrader.outgoing(rolled, seen)).toEqual([rolled[0], `session.sig=${sig(NEXT, 'e30=')}; path=/`]);
    useRing(keyturn, RINGS.promoted);
    // Set twice: each signature is that of the value before it.
    const twice = [
      'session=a',
      `session.sig=${sig(SECRET, 'a')}`,
      'session=b',
      `session.sig=${sig(SECRET, 'b')}`,
    ];
    expect(upgrader.outgoing(twice)).toEqual([
      'session=a',
      `session.sig=${sig(NEXT, 'a')}`,
      'session=b',
      `session.sig=${sig(NEXT, 'b')}`,
    ]);
  });

  test('a stale cookie is signed again, another one is not', () => {
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const header = `sid=${express(derived(SECRET), 'ada')}`;
    expect(upgrader.again('sid', upgrader.incoming(header).seen)).toBeUndefined();
    useRing(keyturn, RINGS.promoted);
    expect(upgrader.again('sid', upgrader.incoming(header).seen)).toBe(express(derived(NEXT), 'ada'));
    expect(upgrader.again('other', upgrader.incoming(header).seen)).toBeUndefined();
  });
});

test.each([
  ['Max-Age=2592000', true],
  [`Expires=${new Date(Date.UTC(2026, 1, 14, 12)).toUTCString()}`, true],
  ['Max-Age=86400; Expires=Sat, 14 Feb 2026 12:00:00 GMT', false],
  [`Expires=${new Date(Date.UTC(2026, 0, 16, 12)).toUTCString()}`, false],
  ['Max-Age=0', false],
  ['Path=/', false],
])('a cookie that is kept for longer than its key is told of, once (%s)', async (attributes, isTold) => {
  const logger = memoryLogger();
  const clock = testClock();
  const of = await testKeyturn({ logger, clock });
  const upgrader = new Upgrader(keysOf(of), EXPRESS, ['sid']);
  for (let time = 0; time < 2; time++)
    upgrader.outgoing([`sid=${express(derived(SECRET), 'ada')}; ${attributes}`, `other=1; Max-Age=9999999`]);
  const told = logger.records.filter(({ facts }) => facts['event'] === 'bridge.lifetime');
  expect(told).toHaveLength(isTold ? 1 : 0);
  if (isTold) expect(told[0]?.facts).toMatchObject({ purpose: 'shop', seconds: 2_592_000, maxAge: 86_400 });
  await of.close();
});

test('a response that is on its way is signed by what was known when it began', () => {
  const upgrader = new Upgrader(keys, EXPRESS, ['sid'], 'a secret of the process');
  const { ring } = internalsOf(keyturn);
  // It has not heard of its ring for too long from the second look on: nobody catches what is thrown while a header goes out.
  let looks = 0;
  Object.defineProperty(ring, 'fresh', { get: () => looks++ === 0 });
  const { requireFresh } = ring;
  ring.requireFresh = () => {
    if (!ring.fresh) throw new Error('too late');
    return requireFresh.call(ring);
  };
  expect(upgrader.outgoing([`sid=${express('a secret of the process', 'ada')}`])).toEqual([
    `sid=${express(derived(SECRET), 'ada')}`,
  ]);
});

describe('a process that must not sign', () => {
  beforeEach(() => {
    useRing(keyturn, RINGS.promoted);
    liveRing(keyturn).holdUntil({ now: 0, monotonic: 0 });
  });

  test('verifies, and sends nothing that it would have to sign', () => {
    const upgrader = new Upgrader(keys, EXPRESS, ['sid']);
    const value = express(derived(SECRET), 'ada');
    const { header, seen } = upgrader.incoming(`sid=${value}`);
    expect(header).toBe(`sid=${express(derived(NEXT), 'ada')}`);
    expect(upgrader.again('sid', seen)).toBeUndefined();
    expect(() => upgrader.sign('sid', 'ada')).toThrow(
      expect.objectContaining({ code: 'keyring_unavailable' }),
    );
    const lines = [
      `${header}; Path=/`,
      `sid=${express(derived(NEXT), 'bob')}; Path=/`,
      'sid=; Max-Age=0',
      'a=b',
    ];
    // What the visitor has already goes out as it came.
    expect(upgrader.outgoing(lines, seen)).toEqual([`sid=${value}; Path=/`, 'sid=; Max-Age=0', 'a=b']);
    expect(keys.current.all.map(({ use }) => use.signed)).toEqual([0, 0]);
  });

  test('leaves out a value together with its signature, and takes cookies away all the same', () => {
    const upgrader = new Upgrader(keys, SHA1, ['session']);
    const sig = (value: string) => SHA1.sign('session', value, derived(NEXT));
    expect(upgrader.outgoing(['session=a', `session.sig=${sig('a')}`, 'b=c'])).toEqual(['b=c']);
    const removed = ['session=; expires=x', `session.sig=${sig('')}; expires=x`];
    expect(upgrader.outgoing(removed)).toEqual(removed);
  });
});

describe('a library that cannot follow the ring', () => {
  const OWN = 'a secret of this process alone';

  test.each([
    ['Express', EXPRESS],
    ['Hono', HONO],
  ] as const)('sees its own signature, and nobody else ever does (%s)', (_, format) => {
    const upgrader = new Upgrader(keys, format, ['sid'], OWN);
    const outside = cookie(format, derived(SECRET), 'ada');
    const inside = cookie(format, OWN, 'ada');
    expect(upgrader.incoming(`sid=${outside}`).header).toBe(`sid=${inside}`);
    expect(upgrader.outgoing([`sid=${inside}; Path=/`])).toEqual([`sid=${outside}; Path=/`]);
  });

  test('and nothing that prints the upgrader shows it', () => {
    const upgrader = createUpgrader(keyturn, { purpose: 'shop', format: 'hono', maxAge: '1d' });
    const { secret, ...others } = upgrader;
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const printed = inspect([upgrader, others], { depth: null }) + JSON.stringify(upgrader);
    expect(printed).not.toContain(secret);
  });

  test('beside a cookie .sig, also where the signature is set alone', () => {
    const upgrader = new Upgrader(keys, SHA1, ['session'], OWN);
    const sig = (secret: string) => SHA1.sign('session', 'e30=', secret);
    const { header, seen } = upgrader.incoming(`session=e30=; session.sig=${sig(derived(SECRET))}`);
    expect(header).toBe(`session=e30=; session.sig=${sig(OWN)}`);
    expect(upgrader.outgoing([`session.sig=${sig(OWN)}`], seen)).toEqual([
      `session.sig=${sig(derived(SECRET))}`,
    ]);
  });
});

describe('an old secret', () => {
  const moving = async (phase: 'beside' | 'over', until?: string) => {
    const section = {
      format: 'express-session',
      secrets: [OLD],
      phase,
      ...(until && { until: new Date(until) }),
    };
    const of = await testKeyturn({ config: { move_in: { shop: section } } });
    return { of, upgrader: new Upgrader(keysOf(of), EXPRESS, ['sid']) };
  };

  test('beside: it signs, and what the ring has signed is accepted', async () => {
    const { of, upgrader } = await moving('beside');
    const { header, seen } = upgrader.incoming(`sid=${express(derived(SECRET), 'ada')}`);
    expect(header).toBe(`sid=${express(OLD, 'ada')}`);
    expect(upgrader.again('sid', seen)).toBeUndefined();
    expect(upgrader.outgoing([`sid=${express(derived(SECRET), 'ada')}`])).toEqual([
      `sid=${express(OLD, 'ada')}`,
    ]);
    await of.close();
  });

  test('over: the ring signs, and the old one is accepted until the end', async () => {
    const { of, upgrader } = await moving('over', '2026-01-16T00:00:00Z');
    const old = `sid=${express(OLD, 'ada')}`;
    expect(upgrader.again('sid', upgrader.incoming(old).seen)).toBe(express(derived(SECRET), 'ada'));
    await of.close();
    const late = await moving('over', '2026-01-15T12:00:00Z');
    expect(late.upgrader.incoming(old)).toEqual({ header: old, seen: new Map() });
    await late.of.close();
  });
});
