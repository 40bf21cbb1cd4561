// A library that has signed by a secret of its own, until Keyturn came: two replicas, first one and then the other with
// Keyturn beside it, and then over. What becomes of those who were signed in before, and of those who came meanwhile.
import { generateSecret } from '../../src/secret/generate.js';
import { manualClock } from '../../src/testing/clock.js';
import { type Begun, beginAll, endAll, keyturnOf, type Library, type StartedReplica } from './life.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

/** Each time one replica is at the first of two, the other at the second. */
export const MOVES = [
  ['alone', 'alone'],
  ['beside', 'alone'],
  ['beside', 'beside'],
  ['over', 'beside'],
  ['over', 'over'],
] as const;
type Mode = (typeof MOVES)[number][number];

/** So long the old secret is accepted, in milliseconds: less than anything lives that libraries sign. */
const DAY = 86_400_000;

export interface MoveSeen {
  readonly move: readonly [Mode, Mode];
  /** Everybody, at both replicas: whoever came first, and those who came at each move so far, at either replica. */
  readonly signedIn: boolean;
  /** A form that was open before the move is taken after it. Undefined where there are none. */
  readonly form: boolean | undefined;
  readonly lost: readonly string[];
}

export interface Moved {
  readonly seen: readonly MoveSeen[];
  /** After the old secret is accepted no longer: whoever was there meanwhile, and whoever was not. */
  readonly after: { readonly signedIn: boolean; readonly absent: boolean };
}

/**
 * @param section name under `[move_in]`
 * @param said what stands there besides secrets, phase and until
 */
export async function moveIn(
  library: Library,
  section: string,
  said: Readonly<Record<string, unknown>> = {},
): Promise<Moved> {
  // Libraries have the clock of the machine.
  const clock = manualClock(Date.now());
  const until = clock.now + DAY;
  const rings = new LifeRings();
  const secret = generateSecret();
  const shared = new Map<string, unknown>();
  const start = async (mode: Mode): Promise<StartedReplica> => {
    if (mode === 'alone') return await library.start({ keyturn: undefined, secrets: [secret], shared });
    const of = { ...said, secrets: [secret], phase: mode, until: new Date(until).toISOString() };
    const keyturn = await keyturnOf(rings, clock, { ...library.config, move_in: { [section]: of } });
    const started = await library.start({ keyturn, secrets: [], shared });
    const close = async () => {
      await started.close();
      await keyturn.close();
    };
    return { url: started.url, close };
  };
  const visitors: Visitor[] = [];
  const arrive = async (url: string) => {
    const visitor = new Visitor();
    await library.signIn(visitor, url);
    visitors.push(visitor);
    return visitor;
  };
  const absent = new Visitor();
  const seen: MoveSeen[] = [];
  let replicas: readonly StartedReplica[] = [];
  let open: ((url: string) => Promise<boolean>) | undefined;
  let begun: Begun = new Map();
  try {
    for (const move of MOVES) {
      for (const replica of replicas) await replica.close();
      replicas = [];
      replicas = [await start(move[0]), await start(move[1])];
      const [one, other] = replicas.map(({ url }) => url) as [string, string];
      if (visitors.length === 0) await library.signIn(absent, one);
      const form = await open?.(other);
      const [first] = visitors;
      const lost = new Set(first && (await endAll(library, begun, first, one)));
      await arrive(one);
      await arrive(other);
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const across = await beginAll(library, visitors[0] as Visitor, from);
        for (const name of await endAll(library, across, visitors[0] as Visitor, to)) lost.add(name);
      }
      let signedIn = true;
      for (const visitor of visitors)
        for (const url of [one, other, one, other])
          signedIn = (await library.isSignedIn(visitor, url)) && signedIn;
      seen.push({ move, signedIn, form, lost: [...lost] });
      open = await library.openForm?.(visitors[0] as Visitor, other);
      begun = await beginAll(library, visitors[0] as Visitor, other);
    }
    clock.now = until;
    const [{ url }] = replicas as [StartedReplica];
    let signedIn = true;
    for (const visitor of visitors) signedIn = (await library.isSignedIn(visitor, url)) && signedIn;
    return { seen, after: { signedIn, absent: await library.isSignedIn(absent, url) } };
  } finally {
    for (const replica of replicas) await replica.close();
  }
}

/** What has to be seen. */
export function everybodyMoved(library: Library): Moved {
  const form = library.openForm === undefined ? undefined : true;
  return {
    seen: MOVES.map((move, at) => ({
      move,
      signedIn: true,
      form: at === 0 ? undefined : form,
      lost: [],
    })),
    after: { signedIn: true, absent: false },
  };
}
