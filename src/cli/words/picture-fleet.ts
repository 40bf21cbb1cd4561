// The replicas on a terminal, those first that are not as they should be; and what is left of libraries from before.
import type { HeardReport } from '../../fleet/authentic.js';
import { grouped } from '../../printable.js';
import type { Status } from '../../rotation/status.js';
import { replicaName } from '../../words/names.js';
import { conditionNow, conditionOf, noReplicas } from '../../words/replicas.js';
import { stopsSteps } from '../../words/stops.js';
import { ageInWords } from '../../words/time.js';
import { moveInLine, ringOf, rootsIn, type View } from '../../words/view.js';
import type { Section } from '../arrange.js';
import { columnsOf, cut, type Line, type Style, styled } from '../line.js';
import type { Screen } from '../screen.js';
import { padded } from './layout.js';

/** So many replicas are shown before more of anything else. */
const LEAST_REPLICAS = 3;
/** Of what a replica says of itself: it may be long. */
const LONGEST_CONDITION = 160;

export function replicasOf(view: View, screen: Screen): Omit<Section, 'rank'> {
  const { status, resolution } = view;
  const { replicas } = status;
  const title = styled('dim', 'REPLICAS  ');
  if (replicas.length === 0) return { head: [{ first: title, second: noReplicas(status, resolution) }] };
  const fine = replicas.filter((replica) => isFine(replica, status));
  const odd = replicas.filter((replica) => !isFine(replica, status));
  const sorted = [...odd, ...fine];
  const rooted = status.shared && new Set(replicas.map(rootsIn)).size > 1;
  const widest = Math.max(...replicas.map((replica) => columnsOf(replicaName(replica, status))));
  const width = Math.min(widest, Math.round(screen.width * 0.4));
  const more = screen.unicode ? '…' : '...';
  const row = (replica: HeardReport): Line => {
    const name = padded(cut(replicaName(replica, status), width, more), width);
    const text = cut(wordsOf(replica, view, rooted), LONGEST_CONDITION, more);
    return isFine(replica, status)
      ? { first: `  ${name}  `, second: text }
      : {
          first: styled(styleOf(replica, status), `! ${name}  `),
          second: styled(styleOf(replica, status), text),
        };
  };
  return {
    head: [
      {
        first: title,
        second: `${grouped(fine.length)} of ${grouped(replicas.length)} ${fine.length === 1 ? 'is' : 'are'} fine`,
      },
    ],
    items: sorted.map((replica) => [row(replica)]),
    least: LEAST_REPLICAS,
    more: (left) => {
      const wrong = Math.min(left, Math.max(0, odd.length - (replicas.length - left)));
      const how = wrong === 0 ? 'all fine' : `${grouped(wrong)} of them not fine`;
      return `  ${grouped(left)} more, ${how}: keyturn status --all`;
    },
  };
}

/** Red is what stops every step, as in the sentence. */
function styleOf({ instance }: HeardReport, { problems }: Status): Style {
  return problems.some((one) => stopsSteps(one) && one.instances.includes(instance)) ? 'red' : 'yellow';
}

function isFine(replica: HeardReport, status: Status): boolean {
  return conditionOf(replica, status) === 'fine';
}

/** What is the same for all that are fine is not said of each. */
function wordsOf(replica: HeardReport, view: View, rooted: boolean): string {
  const { status } = view;
  const { profile, signs, loadedAt } = replica;
  return [
    conditionNow(replica, status),
    ...(replicaName(replica, status) === replica.instance ? [] : [replica.instance]),
    ...(signs === undefined || isFine(replica, status) ? [] : [ringOf(replica)]),
    ...(signs === undefined ? [] : [`signs with ${signs}`, `loaded ${ageInWords(loadedAt, status.now)} ago`]),
    ...(profile === status.profile ? [] : [`profile ${profile}`]),
    ...(rooted ? [`roots ${rootsIn(replica)}`] : []),
  ].join('; ');
}

export function movingInOf({ movingIn, replicas, now }: Status): Omit<Section, 'rank'> {
  const lines = movingIn.map((one) => moveInLine(one, now, replicas.length > 0));
  return {
    head: [],
    items: lines.map((line) => [line]),
    more: (left) => `${left} more libraries from before`,
  };
}
