// An app that moves its secret over: from the library alone, by replicas beside which Keyturn stands, to Keyturn's keys. Two
// replicas serve the same visitors in turns at each deploy.
import type { Keyturn } from '../../src/keyturn.js';
import { type ManualClock, testClock, testKeyturn } from '../support/keyturn.js';
import type { Library, StartedReplica } from './life.js';
import { Visitor } from './visitor.js';

/** Who was signed in where, by what it says in the tests. All are true where nobody was lost. */
export type MoveSeen = Readonly<Record<string, boolean>>;

const OLD = 'the secret that this app has had since 2019, and nobody else';
const UNTIL = Date.UTC(2026, 1, 15);

/**
 * @param section what [move_in.<purpose>] says besides secrets and phase
 * @param old the old secret, as the library is given it
 */
export async function moveOf(
  library: Library,
  purpose: string,
  section: Readonly<Record<string, unknown>> = {},
  old: string = OLD,
): Promise<MoveSeen> {
  const shared = new Map<string, unknown>();
  const clock = testClock();
  const running: (() => Promise<void>)[] = [];
  const start = async (phase?: 'beside' | 'over'): Promise<StartedReplica> => {
    const keyturn =
      phase && (await keyturnIn(phase, purpose, { secrets: [old], ...section }, library, clock));
    const started = await library.start({ keyturn, secrets: [old], shared });
    running.push(async () => {
      await started.close();
      await keyturn?.close();
    });
    return started;
  };
  const signedIn = async (visitor: Visitor, ...at: readonly StartedReplica[]): Promise<boolean> => {
    for (const { url } of at) if (!(await library.isSignedIn(visitor, url))) return false;
    return true;
  };
  const signIn = async (at: StartedReplica): Promise<Visitor> => {
    const visitor = new Visitor();
    await library.signIn(visitor, at.url);
    return visitor;
  };
  try {
    const alone = await start();
    const [early, absent] = [await signIn(alone), await signIn(alone)];
    const beside = await start('beside');
    const seen: Record<string, boolean> = {};
    seen['a deploy in progress: of the old library'] = await signedIn(early, beside, alone, beside);
    const new1 = await signIn(beside);
    seen['a deploy in progress: of one who came beside'] = await signedIn(new1, alone, beside, alone);
    seen['rolled back to the old library'] = (await signedIn(early, alone)) && (await signedIn(new1, alone));
    const over = await start('over');
    const new2 = await signIn(over);
    for (const [who, visitor] of Object.entries({ 'of the old library': early, beside: new1, over: new2 }))
      seen[`over and beside in turns: ${who}`] = await signedIn(visitor, over, beside, over, beside, over);
    // Everybody who still comes has been at a replica that is over.
    seen['over: one who comes back'] = await signedIn(absent, over);
    const gone = await signIn(beside);
    clock.now = UNTIL;
    for (const [who, visitor] of Object.entries({
      'of the old library': early,
      beside: new1,
      over: new2,
      'one who came back': absent,
    }))
      seen[`after the end: ${who}`] = await signedIn(visitor, over);
    seen['after the end the old secret signs nobody in'] = !(await signedIn(gone, over));
    return seen;
  } finally {
    for (const close of running) await close();
  }
}

/** What has to be seen. */
export const nobodyLeft = (seen: MoveSeen): MoveSeen =>
  Object.fromEntries(Object.keys(seen).map((name) => [name, true]));

async function keyturnIn(
  phase: 'beside' | 'over',
  purpose: string,
  section: Readonly<Record<string, unknown>>,
  { config }: Library,
  clock: ManualClock,
): Promise<Keyturn> {
  const moving = { phase, until: new Date(UNTIL), ...section };
  return await testKeyturn({ clock, config: { ...config, move_in: { [purpose]: moving } } });
}
