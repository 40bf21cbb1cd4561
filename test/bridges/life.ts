// The life of a key with a real library on two replicas, one of which is late at every step. What becomes of a visitor is
// noted at each step, for the library beside Keyturn and for the library alone.
import { setCookieParts } from '../../src/bridges/cookie-header.js';
import type { CookieFormat } from '../../src/codecs/cookies.js';
import { Material } from '../../src/keyring/key.js';
import type { Keyring } from '../../src/keyring/keyring.js';
import type { Keyturn } from '../../src/keyturn.js';
import { privateClock } from '../../src/resolve/monotonic-clock.js';
import { startKeyturn } from '../../src/start/start.js';
import { type ManualClock, memoryLogger, testClock, useRing } from '../support/keyturn.js';
import { LifeRings, type RingName } from './rings.js';
import { Visitor } from './visitor.js';

/** One process of the app. */
export interface Replica {
  /** Undefined where the library is alone. */
  readonly keyturn: Keyturn | undefined;
  /** For a library alone: what an operator writes into its list, the one that signs first. */
  readonly secrets: readonly string[];
  /** What replicas share: stores, databases. Empty at the beginning of a life. */
  readonly shared: Map<string, unknown>;
}

export interface StartedReplica {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** An app on a real library. */
export interface Library {
  readonly name: string;
  readonly start: (replica: Replica) => Promise<StartedReplica>;
  /** Signs a visitor in, at one replica. */
  readonly signIn: (visitor: Visitor, url: string) => Promise<void>;
  readonly isSignedIn: (visitor: Visitor, url: string) => Promise<boolean>;
  /** Opens a form, and gives what sends it: whether it is taken. Where the library has no forms it is left out. */
  readonly openForm?: (visitor: Visitor, url: string) => Promise<(url: string) => Promise<boolean>>;
  /**
   * What else is begun before a step and ended after it, at the replica that is late: a link that was mailed, a sign-in that
   * waits for a provider. Each gives what ends it: whether that worked.
   */
  readonly begun?: Readonly<
    Record<string, (visitor: Visitor, url: string) => Promise<(url: string) => Promise<boolean>>>
  >;
  /** What no step may change, a revocation included: whether it still is so. */
  readonly kept?: Readonly<Record<string, (visitor: Visitor, url: string) => Promise<boolean>>>;
  /** The cookie that signs a visitor in, where it is signed and not encrypted: none of it may be signed backwards. */
  readonly signed?: { readonly format: CookieFormat; readonly purpose: string };
  /** The same where a cookie is encrypted and names its key: whether it names the one of that kid. */
  readonly isSealedBy?: (cookie: string, kid: string) => boolean;
  /** Configuration of the Keyturn of each replica. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What was seen after one step. */
export interface StepSeen {
  readonly step: Step;
  /** At both replicas, the late one first. */
  readonly signedIn: boolean;
  /** A form that was open before the step is taken after it. Undefined where there are none. */
  readonly form: boolean | undefined;
  /** What of `begun` did not come to its end, and what of `kept` was not kept. */
  readonly lost: readonly string[];
  /** The late replica has signed again by the old key what came by the one that it only knows as staged. */
  readonly backwards: boolean;
}

export const STEPS = [
  'stage',
  'promote',
  'late replica',
  'rollback',
  'promote again',
  'retire',
  'revoke',
] as const;
export type Step = (typeof STEPS)[number];

/** Which ring each replica holds at each step: the first is ahead, the second late. */
const RINGS: Readonly<Record<Step, readonly [ahead: RingName, late: RingName]>> = {
  stage: ['staged', 'before'],
  promote: ['promoted', 'staged'],
  'late replica': ['promoted', 'promoted'],
  rollback: ['rolledBack', 'promoted'],
  'promote again': ['promoted', 'rolledBack'],
  retire: ['retired', 'promoted'],
  revoke: ['revoked', 'revoked'],
};
/**
 * Takes one visitor through all steps. After each it is asked of both replicas, in both orders; before a key is retired the
 * visitor has been at a replica that signs with the next one, as everybody has who is still signed in by then.
 *
 * @param beside whether Keyturn is beside the library; else the library is given lists of secrets, and started again
 */
export async function lifeOf(library: Library, beside: boolean): Promise<readonly StepSeen[]> {
  const clock = testClock();
  const rings = new LifeRings(clock.read);
  const shared = new Map<string, unknown>();
  const replicas = [
    await TestReplica.start(library, beside, rings, clock, shared),
    await TestReplica.start(library, beside, rings, clock, shared),
  ] as const;
  const [ahead, late] = replicas;
  const visitor = new Visitor();
  const seen: StepSeen[] = [];
  try {
    await library.signIn(visitor, ahead.url);
    if (!(await library.isSignedIn(visitor, late.url)))
      throw new Error(`${library.name}: nobody is signed in at all`);
    for (const step of STEPS) {
      const form = await library.openForm?.(visitor, ahead.url);
      const begun = await beginAll(library, visitor, ahead.url);
      await ahead.use(RINGS[step][0]);
      await late.use(RINGS[step][1]);
      let signedIn = true;
      for (const { url } of [late, ahead, ahead])
        signedIn = (await library.isSignedIn(visitor, url)) && signedIn;
      const before = visitor.received.length;
      signedIn = (await library.isSignedIn(visitor, late.url)) && signedIn;
      const backwards = step === 'promote' && areOf(library, rings.secret, visitor.received.slice(before));
      const lost = new Set(await endAll(library, begun, visitor, late.url));
      // Begun at a replica that is ahead, ended at one that is late.
      if (step !== 'revoke') {
        const across = await beginAll(library, visitor, ahead.url);
        for (const name of await endAll(library, across, visitor, late.url)) lost.add(name);
      }
      seen.push({ step, signedIn, form: await form?.(late.url), lost: [...lost], backwards });
      // Who was signed out comes back, so that each step is judged by itself.
      if (!signedIn && step !== 'revoke') await library.signIn(visitor, ahead.url);
    }
  } finally {
    for (const replica of replicas) await replica.close();
  }
  return seen;
}

/** The steps at which somebody was signed out, or lost an open form. */
export function lostAt(seen: readonly StepSeen[]): readonly Step[] {
  return seen
    .filter(({ signedIn, form, lost }) => !signedIn || form === false || lost.length > 0)
    .map(({ step }) => step);
}

/** What has to be seen of a library beside Keyturn. */
export function nobodyLost(library: Library): readonly StepSeen[] {
  const form = library.openForm === undefined ? undefined : true;
  return STEPS.map((step) =>
    step === 'revoke'
      ? {
          step,
          signedIn: false,
          form: form && false,
          lost: Object.keys(library.begun ?? {}),
          backwards: false,
        }
      : { step, signedIn: true, form, lost: [], backwards: false },
  );
}

export type Begun = ReadonlyMap<string, (url: string) => Promise<boolean>>;

export async function beginAll({ begun = {} }: Library, visitor: Visitor, url: string): Promise<Begun> {
  const all = new Map<string, (url: string) => Promise<boolean>>();
  for (const [name, begin] of Object.entries(begun)) all.set(name, await begin(visitor, url));
  return all;
}

/** Names of what did not work. */
export async function endAll(
  { kept = {} }: Library,
  begun: Begun,
  visitor: Visitor,
  url: string,
): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const [name, end] of begun) if (!(await end(url))) lost.push(name);
  for (const [name, isKept] of Object.entries(kept)) if (!(await isKept(visitor, url))) lost.push(name);
  return lost;
}

/** Whether one of the lines of Set-Cookie is signed by the key that is derived of a secret for a bridge. */
function areOf({ signed }: Library, secret: string, lines: readonly string[]): boolean {
  if (signed === undefined) return false;
  const { format, purpose } = signed;
  const key = Buffer.from(new Material(secret).derive('bridge', purpose)).toString('base64url');
  const cookies = lines.map(setCookieParts);
  return cookies.some(({ name, value }) => {
    if (format.beside) {
      const sig = cookies.find((one) => one.name === `${name}.sig`)?.value;
      return sig !== undefined && format.sign(name, value, key) === sig;
    }
    const found = format.split(decodeURIComponent(value));
    return found !== undefined && format.sign(name, found.payload, key) === found.signature;
  });
}

class TestReplica {
  readonly #library: Library;
  readonly #rings: LifeRings;
  readonly #shared: Map<string, unknown>;
  readonly #keyturn: Keyturn | undefined;
  #started: StartedReplica;

  private constructor(
    library: Library,
    rings: LifeRings,
    shared: Map<string, unknown>,
    keyturn: Keyturn | undefined,
    started: StartedReplica,
  ) {
    this.#library = library;
    this.#rings = rings;
    this.#shared = shared;
    this.#keyturn = keyturn;
    this.#started = started;
  }

  static async start(
    library: Library,
    beside: boolean,
    rings: LifeRings,
    clock: ManualClock,
    shared: Map<string, unknown>,
  ): Promise<TestReplica> {
    const keyturn = beside ? await keyturnOf(rings, clock, library.config) : undefined;
    const secrets = secretsOf(rings.of('before'));
    const started = await library.start({ keyturn, secrets, shared });
    return new TestReplica(library, rings, shared, keyturn, started);
  }

  get url(): string {
    return this.#started.url;
  }

  async use(name: RingName): Promise<void> {
    const ring = this.#rings.of(name);
    if (this.#keyturn !== undefined) {
      useRing(this.#keyturn, ring);
      return;
    }
    await this.#started.close();
    const replica = { keyturn: undefined, secrets: secretsOf(ring), shared: this.#shared };
    this.#started = await this.#library.start(replica);
  }

  async close(): Promise<void> {
    await this.#started.close();
    await this.#keyturn?.close();
  }
}

/** What an operator would write into a list, the one that signs first. */
function secretsOf(ring: Keyring): readonly string[] {
  const others = ring.live.filter(({ id }) => id !== ring.active.id);
  return [ring.active, ...others].map((key) => key.material?.revealSecret() as string);
}

/** A Keyturn whose only key is the first of a life. */
export async function keyturnOf(
  rings: LifeRings,
  clock: ManualClock,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Keyturn> {
  const env = { KEYTURN_SECURITY__SIGNING_SECRET: rings.secret };
  const signs = { terminal: false, debugger: false, container: false };
  const machine = { cwd: '/nonexistent', env, signs, now: clock.read, monotonic: privateClock(clock.read) };
  return await startKeyturn({ profile: 'test', logger: memoryLogger(), config }, machine);
}
