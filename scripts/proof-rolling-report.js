// What the rolling proof says at its end.
import { WITHOUT_REDIS } from './proof-rolling-chaos.js';
import { table } from './proof-tools.js';

export function tell({ tally, replicas, naive, verdict, seed }) {
  const { idle } = tally;
  const ended = `${idle} sessions or forms ended by their own rules while their visitors waited for an answer`;
  return [
    '',
    phaseTable(tally),
    '',
    replicaTable(tally, replicas),
    '',
    'refused: by a replica that called itself ready when it was asked',
    `unavailable: 503, or no answer; the request went on to another replica`,
    ...(naive ? [] : ['frozen: its line to Redis swallowed everything, and stayed open']),
    'keys: jars whose session each key had signed at the end of the phase',
    `sign-ins ${tally.signIns}, writes acknowledged ${tally.writes}, lost ${tally.lost}`,
    ...(idle === 0 ? [] : [ended]),
    `${verdict} (${tally.now.toFixed(0)} s, seed ${seed})`,
  ].join('\n');
}

function phaseTable(tally) {
  const { kids, phases } = tally;
  const sums = ['requests', 'refused', 'unavailable'].map((field) => tally.sum(field));
  return table([
    ['phase', 's', 'answered', 'refused', 'unavailable', ...kids],
    ...phases.map(({ name, from, until, requests, refused, unavailable, kids: held }) => [
      name,
      (until - from).toFixed(0),
      requests,
      refused,
      unavailable,
      ...kids.map((kid) => held.get(kid) ?? 0),
    ]),
    ['all', tally.phase.until.toFixed(0), ...sums, ...kids.map(() => '')],
  ]);
}

const COLUMNS = ['SIGKILL', 'SIGTERM', 'SIGSTOP', 'cut off', 'frozen', 'not ready'];

function replicaTable(tally, replicas) {
  return table([
    ['', 'asked', 'refused', 'unavailable', ...COLUMNS],
    ...replicas.map(({ name, requests, refused, unavailable, events, away }) => {
      const count = (...kinds) => events.filter(({ what }) => kinds.includes(what)).length;
      const notReady = away.reduce((all, { from, until = tally.now }) => all + until - from, 0);
      return [
        name,
        requests,
        refused,
        unavailable,
        count('killed', WITHOUT_REDIS),
        count('restarted'),
        count('stopped'),
        count('cut off', WITHOUT_REDIS),
        count('frozen line'),
        `${notReady.toFixed(0)} s`,
      ];
    }),
  ]);
}
