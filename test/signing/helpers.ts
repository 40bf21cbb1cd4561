// What the tests of signing share: rings of keys, signers over them, and refusals as they were reported.
import fc from 'fast-check';
import type { AppNames } from '../../src/config/app.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import type { Epoch } from '../../src/signing/purpose-keys.js';
import type { RefusalReason } from '../../src/signing/result.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';

/** 2026-01-01T00:00:00Z, in seconds. */
export const T0 = 1_767_225_600;

export function material(name: string): Material {
  return new Material(`the secret of the key named ${name}, long enough`);
}

/** A ring such as `{ a: 'active', b: 'retiring' }`: names stand for secrets. */
export function ring(states: Readonly<Record<string, KeyState>>): Keyring {
  return new Keyring(Object.entries(states).map(([name, state]) => new Key(material(name), state)));
}

export interface Bench<T> {
  readonly signer: TokenSigner<T>;
  readonly live: LiveKeyring;
  /** Milliseconds since 1970; starts at T0. */
  readonly clock: { now: number };
  /** Every refusal reported so far: purpose, reason, kid. */
  readonly refusals: Array<readonly [string, RefusalReason, string | undefined]>;
  readonly another: <U>(purpose: string) => TokenSigner<U>;
}

/** A signer with everything around it in reach. */
export function bench<T = unknown>(
  of: Keyring = ring({ a: 'active' }),
  purpose = 'session',
  maxAge = 3600,
  { apps = [undefined], epoch = 'none' }: { readonly apps?: AppNames; readonly epoch?: Epoch } = {},
): Bench<T> {
  const clock = { now: T0 * 1000 };
  const live = new LiveKeyring(of, () => clock.now);
  const usage = new Usage();
  const refusals: Bench<T>['refusals'] = [];
  const make = <U>(name: string): TokenSigner<U> =>
    new TokenSigner<U>({
      purpose: name,
      maxAge,
      ring: live,
      clock: () => clock.now,
      usage,
      epoch,
      apps,
      onRefusal: (...facts) => refusals.push(facts),
    });
  return { signer: make<T>(purpose), live, clock, refusals, another: make };
}

/** What happened to a token, in one word. */
export function outcome(result: { ok: true } | { ok: false; reason: RefusalReason }): RefusalReason | 'ok' {
  return result.ok ? 'ok' : result.reason;
}

/** The text with one character replaced. */
export function withCharacter(text: string, index: number, character: string): string {
  return text.slice(0, index) + character + text.slice(index + 1);
}

/** A small seeded generator (mulberry32), so that a failure can be repeated. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * Text of any code points, lone surrogates among them, or of those that are known to cause trouble. What fast-check has
 * for it (`unit: 'binary'`) takes two seconds of work to begin with, for a table of all code points.
 */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const points = fc.array(fc.nat(0x10ffff), { maxLength });
  return fc.oneof(
    { arbitrary: points.map((each) => String.fromCodePoint(...each)), weight: 4 },
    fc.string({ maxLength }),
  );
}
