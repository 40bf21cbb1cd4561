// An app on a real library moves in: some replicas still run the library alone, then all have Keyturn beside it, which goes on
// signing with the old secret, then Keyturn signs, and in the end the old secret is accepted no longer.
import type { Keyturn } from '../../src/keyturn.js';
import { privateClock } from '../../src/resolve/monotonic-clock.js';
import { generateSecret } from '../../src/secret/generate.js';
import { startKeyturn } from '../../src/start/start.js';
import { type ManualClock, memoryLogger, testClock } from '../support/keyturn.js';
import type { Library, StartedReplica } from './life.js';
import { Visitor } from './visitor.js';

export interface Move {
  /** The name of the section under `[move_in]`. */
  readonly section: string;
  /** What it says besides secrets and phase. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The ring begins with the text that the library had: so do apps that have one variable for all. */
  readonly sameText?: boolean;
}

/** Who is signed in, at each point of a move. */
export interface MoveSeen {
  /** Signed in at the library alone; then at both in turns, while replicas are replaced. */
  readonly duringDeploy: boolean;
  /** Signed in with Keyturn beside; then at the library alone, after a roll-back to it. */
  readonly afterRollBack: boolean;
  /** The same two once Keyturn signs, at a replica that does and one that does not yet, in turns. */
  readonly over: boolean;
  /** Signed in where Keyturn signs already; then where it does not yet. */
  readonly ahead: boolean;
  /** After the old secret has ended: who has been there since Keyturn signs. */
  readonly afterEnd: boolean;
  /** After the old secret has ended: who has only ever been at the library alone. */
  readonly onlyOld: boolean;
}

/** What has to be seen, where sessions are signed again when they are used. */
export const MOVED: MoveSeen = {
  duringDeploy: true,
  afterRollBack: true,
  over: true,
  ahead: true,
  afterEnd: true,
  onlyOld: false,
};

export async function moveOf(library: Library, move: Move): Promise<MoveSeen> {
  const old = generateSecret();
  const secret = move.sameText === true ? old : generateSecret();
  const clock = testClock();
  const shared = new Map<string, unknown>();
  const until = new Date(clock.now + 86_400_000).toISOString();
  const open: Array<() => Promise<void>> = [];
  const replica = async (phase?: 'beside' | 'over'): Promise<string> => {
    const keyturn =
      phase === undefined ? undefined : await keyturnOf(library, move, clock, { secret, old, phase, until });
    const started: StartedReplica = await library.start({ keyturn, secrets: [old], shared });
    open.push(started.close, async () => await keyturn?.close());
    return started.url;
  };
  const signedIn = async (visitor: Visitor, ...urls: readonly string[]) => {
    for (const url of urls) if (!(await library.isSignedIn(visitor, url))) return false;
    return true;
  };
  try {
    const [alone, beside, over] = [await replica(), await replica('beside'), await replica('over')];
    const [first, second, third, away] = [new Visitor(), new Visitor(), new Visitor(), new Visitor()];
    await library.signIn(first, alone);
    await library.signIn(away, alone);
    const duringDeploy = await signedIn(first, beside, alone, beside, alone);
    await library.signIn(second, beside);
    const afterRollBack = await signedIn(second, beside, alone, beside);
    const isOver =
      (await signedIn(first, over, beside, over)) && (await signedIn(second, over, beside, over));
    await library.signIn(third, over);
    const ahead = await signedIn(third, beside, over, beside, over);
    clock.advance(2 * 86_400);
    const afterEnd = (
      await Promise.all([first, second, third].map((visitor) => signedIn(visitor, over)))
    ).every(Boolean);
    const onlyOld = await signedIn(away, over);
    return { duringDeploy, afterRollBack, over: isOver, ahead, afterEnd, onlyOld };
  } finally {
    for (const close of open) await close();
  }
}

interface Moving {
  readonly secret: string;
  readonly old: string;
  readonly phase: string;
  readonly until: string;
}

async function keyturnOf(
  library: Library,
  { section, settings }: Move,
  clock: ManualClock,
  { secret, old, phase, until }: Moving,
): Promise<Keyturn> {
  const env = { KEYTURN_SECURITY__SIGNING_SECRET: secret };
  const signs = { terminal: false, debugger: false, container: false };
  const machine = { cwd: '/nonexistent', env, signs, now: clock.read, monotonic: privateClock(clock.read) };
  const said = { ...settings, secrets: [{ text: old }], phase, until };
  const config = { ...library.config, move_in: { [section]: said } };
  return await startKeyturn({ profile: 'test', logger: memoryLogger(), config: config as object }, machine);
}
