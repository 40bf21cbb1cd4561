// An app on a real library moves in, with its old secret: two replicas, at each deploy first one and then the other with
// Keyturn beside the library, which goes on signing with that secret, and then over, where Keyturn signs. In the end the old
// secret is accepted no longer. What becomes of those who came before, and of those who come meanwhile.
import { manualClock } from '../../src/testing/clock.js';
import { type Begun, beginAll, endAll, keyturnOf, type Library, type StartedReplica } from './life.js';
import { LifeRings } from './rings.js';
import { Visitor } from './visitor.js';

export interface Move {
  /** The name of the section under `[move_in]`. */
  readonly section: string;
  /** What it says besides secrets, phase and until. */
  readonly said?: Readonly<Record<string, unknown>>;
  /** The ring begins with the text that the library had: so do apps that have one variable for all. */
  readonly sameText?: boolean;
  /** The old secret, where the library takes no sentence: its text, as the library is given it, and how that is to be read. */
  readonly old?: { readonly text: string; readonly encoding?: string };
}

/** At each of them one replica is at the first of two phases, the other at the second. */
const DEPLOYS = [
  ['alone', 'alone'],
  ['beside', 'alone'],
  ['beside', 'beside'],
  ['over', 'beside'],
  ['over', 'over'],
] as const;
type Phase = (typeof DEPLOYS)[number][number];

const OLD = 'the secret that this app has had since 2019, and nobody else';

/** So long the old secret is accepted, in milliseconds: less than anything lives that libraries sign. */
const DAY = 86_400_000;

interface DeploySeen {
  readonly deploy: readonly [Phase, Phase];
  /** Everybody, at both replicas in turns: whoever came first, and those who came at each deploy so far, at either replica. */
  readonly signedIn: boolean;
  /** A form that was open before the deploy is taken after it. Undefined where there are none. */
  readonly form: boolean | undefined;
  /** What of `begun` did not come to its end, and what of `kept` was not kept. */
  readonly lost: readonly string[];
}

export interface MoveSeen {
  readonly deploys: readonly DeploySeen[];
  /** Who is signed in after the old secret has ended. */
  readonly after: {
    /** Whoever has been there since Keyturn signs: everybody, and one who came back only then. */
    readonly signedIn: boolean;
    /** Who has only ever been at the library alone. */
    readonly onlyAlone: boolean;
    /** Who has only ever been where Keyturn was beside, and the other replica over already. */
    readonly onlyBeside: boolean;
  };
}

export async function moveOf(library: Library, { section, said, sameText, old }: Move): Promise<MoveSeen> {
  // Libraries have the clock of the machine.
  const clock = manualClock(Date.now());
  const until = clock.now + DAY;
  const rings = new LifeRings();
  const secret = old ?? { text: sameText === true ? rings.secret : OLD };
  const shared = new Map<string, unknown>();
  const start = async (phase: Phase): Promise<StartedReplica> => {
    if (phase === 'alone') return await library.start({ keyturn: undefined, secrets: [secret.text], shared });
    const moving = { ...said, secrets: [secret], phase, until: new Date(until).toISOString() };
    const keyturn = await keyturnOf(rings, clock, { ...library.config, move_in: { [section]: moving } });
    const { url, close } = await library.start({ keyturn, secrets: [], shared });
    return {
      url,
      close: async () => {
        await close();
        await keyturn.close();
      },
    };
  };
  const arrive = async (url: string) => {
    const visitor = new Visitor();
    await library.signIn(visitor, url);
    return visitor;
  };
  const areSignedIn = async (visitors: readonly Visitor[], ...urls: readonly string[]) => {
    let all = true;
    for (const visitor of visitors)
      for (const url of urls) all = (await library.isSignedIn(visitor, url)) && all;
    return all;
  };
  const visitors: Visitor[] = [];
  const absent: Visitor[] = [];
  const deploys: DeploySeen[] = [];
  const replicas: StartedReplica[] = [];
  let form: ((url: string) => Promise<boolean>) | undefined;
  let begun: Begun = new Map();
  try {
    for (const deploy of DEPLOYS) {
      for (const { close } of replicas.splice(0)) await close();
      for (const phase of deploy) replicas.push(await start(phase));
      const [one, other] = replicas.map(({ url }) => url) as [string, string];
      const isFirst = deploys.length === 0;
      if (isFirst) visitors.push(await arrive(one));
      const first = visitors[0] as Visitor;
      const taken = await form?.(other);
      const lost = new Set(isFirst ? [] : await endAll(library, begun, first, one));
      visitors.push(await arrive(one), await arrive(other));
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const across = await beginAll(library, first, from);
        for (const name of await endAll(library, across, first, to)) lost.add(name);
      }
      // One of those who came at the library alone comes back, who was away all the time.
      if (deploy[1] === 'over') visitors.push(absent.shift() as Visitor);
      const signedIn = await areSignedIn(visitors, other, one, other, one);
      deploys.push({ deploy, signedIn, form: taken, lost: [...lost] });
      form = await library.openForm?.(first, other);
      begun = await beginAll(library, first, other);
      if (isFirst) absent.push(await arrive(one), await arrive(other));
      if (deploy[0] === 'over' && deploy[1] === 'beside') absent.push(await arrive(other));
    }
    clock.now = until;
    const [{ url: over }] = replicas as [StartedReplica];
    const signedIn = await areSignedIn(visitors, over);
    const [onlyAlone, onlyBeside] = absent as [Visitor, Visitor];
    return {
      deploys,
      after: {
        signedIn,
        onlyAlone: await areSignedIn([onlyAlone], over),
        onlyBeside: await areSignedIn([onlyBeside], over),
      },
    };
  } finally {
    for (const { close } of replicas) await close();
  }
}

/** What has to be seen. */
export function everybodyMoved(library: Library): MoveSeen {
  const form = library.openForm === undefined ? undefined : true;
  return {
    deploys: DEPLOYS.map((deploy, at) => ({
      deploy,
      signedIn: true,
      form: at === 0 ? undefined : form,
      lost: [],
    })),
    after: { signedIn: true, onlyAlone: false, onlyBeside: false },
  };
}
