// What was accepted by each key, as bars: so one sees that a rotation, or a move from an old library, happens.
import { SPANS } from '../../fleet/counts.js';
import { count, grouped } from '../../printable.js';
import type { Rotation } from '../../rotation/rotation.js';
import type { Status } from '../../rotation/status.js';
import { lengthOfTime, relativeTime } from '../../words/time.js';
import type { Section } from '../arrange.js';
import { styled } from '../line.js';
import type { Screen } from '../screen.js';
import { bar } from './bar.js';

/** What was accepted, by key. */
export interface Verified {
  /** "in the last 15 min" */
  readonly when: string;
  readonly byKey: ReadonlyMap<string, number>;
}

/** Longer bars are no easier to compare. */
const WIDEST_BAR = 40;

export function verifiedOf(
  { keys, now }: Status,
  verified: Verified | undefined,
  { width, unicode }: Screen,
): Omit<Section, 'rank'> {
  const head = (text: string) => [[styled('dim', 'VERIFIED  '), text]];
  if (verified === undefined) return { head: head('nobody knows, since no replica reports') };
  const { when, byKey } = verified;
  const all = [...byKey.values()].reduce((sum, one) => sum + one, 0);
  if (all === 0) return { head: head(`nothing ${when}`) };
  const shown = keys.filter(
    ({ id, state }) => (byKey.get(id) ?? 0) > 0 || state === 'active' || state === 'retiring',
  );
  const rows = shown.map((key) => {
    const verified = byKey.get(key.id) ?? 0;
    const last =
      key.lastVerifiedAt === undefined
        ? ''
        : `  last ${relativeTime(Math.min(key.lastVerifiedAt, now), now)}`;
    return {
      id: key.id,
      share: verified / all,
      number: grouped(verified),
      percent: percentOf(verified / all),
      last,
    };
  });
  const widest = (of: (row: (typeof rows)[number]) => string) =>
    Math.max(...rows.map((row) => of(row).length));
  const [numbers, lasts] = [widest(({ number }) => number), widest(({ last }) => last)];
  const room = width - 'x6TVsiEM  '.length - '  '.length - numbers - '  100 %'.length - lasts;
  const length = Math.min(WIDEST_BAR, room);
  return {
    head: head(when),
    items: rows.map(({ id, share, number, percent, last }) => {
      const drawn = length < 8 ? '' : `${bar(share, length, { unicode })}  `;
      return [`${id}  ${drawn}${number.padStart(numbers)}  ${percent.padStart(5)}${last}`];
    }),
    least: 2,
    more: (left) => `${count(left, 'more key')}: keyturn status --all`,
  };
}

/** None is shown as nothing that is more, and all only where it is all. */
function percentOf(share: number): string {
  const percent = Math.round(share * 100);
  if (share > 0 && percent === 0) return '< 1 %';
  return `${share < 1 ? Math.min(99, percent) : 100} %`;
}

/**
 * Looks at what is counted over time; where nothing is, at what the replicas that report have counted by themselves.
 *
 * @returns undefined where nobody knows
 */
export async function lookAtVerified(
  rotation: Pick<Rotation, 'counts'>,
  status: Status,
): Promise<Verified | undefined> {
  const counts = await rotation.counts('quarter-hour').catch(() => undefined);
  const known = status.replicas.filter(({ authentic, signs }) => authentic && signs !== undefined);
  if (counts !== undefined && (counts.counts.length > 0 || known.length > 0))
    return {
      when: `in the last ${lengthOfTime(SPANS['quarter-hour'].kept / 1000)}`,
      byKey: summed(counts.counts),
    };
  if (known.length === 0) return undefined;
  return { when: 'since the replicas started', byKey: summed(known.flatMap(({ uses }) => uses)) };
}

function summed(
  all: ReadonlyArray<{ readonly kid: string; readonly verified: number }>,
): ReadonlyMap<string, number> {
  const byKey = new Map<string, number>();
  for (const { kid, verified } of all) byKey.set(kid, (byKey.get(kid) ?? 0) + verified);
  return byKey;
}
