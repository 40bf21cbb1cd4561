// How a secret is swapped by hand: the new one takes the place of the old one in a variable, and the replicas are
// restarted one after another. The app is the same as later, with one secret and nothing else, as any signed cookie has it.
import { NAMES, unitOf } from './farm.js';
import type { Stage } from './stage.js';
import type { Counted } from './tally.js';

/** Of the time of the run: until the first restart, and from one to the next. */
const SHARE = 0.2;
const SECRET = 'KEYTURN_SECURITY__SIGNING_SECRET';

/** @returns what happened to the visitors */
export async function byHand(stage: Stage, old: string, fresh: string): Promise<Counted> {
  const { farm, visitors, pace, place } = stage;
  const run = 'by-hand';
  const { life } = pace;
  stage.begin({
    run,
    title: 'Visitors sign in',
    says: [
      `${pace.visitors} visitors sign in at three replicas, and come back every ${pace.pause / 1000} s.`,
      `A session ends when it is not used for ${life} s. They use it all the time.`,
    ],
    look: 'every replica signs with one key, and accepts no other.',
  });
  await stage.going(farm.start({ ...place.settings, [SECRET]: old }));
  visitors.come();
  await stage.until(() => visitors.signedIn === visitors.count);
  const tally = visitors.countAnew();
  const since = performance.now();
  await stage.holdUntil(since, SHARE * pace.byHand);
  for (const [n, name] of NAMES.entries()) {
    stage.begin({ run, ...swap(unitOf(name), n) });
    await stage.going(farm.restart(name, { ...place.settings, [SECRET]: fresh }));
    await stage.holdUntil(since, SHARE * (n + 2) * pace.byHand);
  }
  const kid = farm.replica('a').keys?.signs as string;
  await stage.until(() => visitors.sessionsByKey.get(kid) === visitors.count);
  await stage.holdUntil(since, pace.byHand);
  return tally.counted;
}

function swap(name: string, n: number): { title: string; says: readonly string[]; look: string } {
  const title = `The secret is swapped by hand: ${name}`;
  if (n === 0)
    return {
      title,
      says: [
        `${name} restarts with a new secret in its variable.`,
        'It does not know the old key: it refuses every session that the others have signed.',
      ],
      look: 'the number of visitors signed out. Whoever comes to this replica is one of them.',
    };
  if (n < NAMES.length - 1)
    return {
      title,
      says: [
        `${name} has the new secret too. The last one still has the old secret.`,
        'Who signs in at one kind of replica is signed out by the other kind.',
      ],
      look: 'the number of visitors signed out. Some are signed out again and again.',
    };
  return {
    title,
    says: [`${name} has the new secret. Now all of them agree again.`],
    look: 'the number of visitors signed out: so many had to sign in again.',
  };
}
