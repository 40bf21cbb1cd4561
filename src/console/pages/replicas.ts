// Who takes part: which keyring each replica holds, what it signs with, and how it is. Of a large fleet only the odd ones are
// listed: nobody reads a thousand rows.

import type { HeardReport } from '../../fleet/authentic.js';
import { reportIntervalMs } from '../../fleet/report-interval.js';
import { capitalised, count, grouped } from '../../printable.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import { replicaName } from '../../words/names.js';
import { conditionNow, conditionOf, noReplicas } from '../../words/replicas.js';
import { stopsSteps } from '../../words/stops.js';
import { ringOf, rootsIn, type View } from '../../words/view.js';
import { type Content, html, type Markup } from '../html.js';
import { ago, kidIn, table, withKids } from './parts.js';

/** So many are listed, all of them. */
const FEW = 20;
/** Of odd ones in a large fleet. */
const MOST_ODD = 30;
/** A machine that is busy writes a report a little later, in milliseconds. */
const REPORT_LATE_BY = 2000;
/** Of names in a folded list. */
const MOST_NAMES = 200;

export function replicasPart(view: View): Markup {
  const { status, resolution } = view;
  const { replicas } = status;
  return html`<section aria-labelledby="replicas">
<h2 id="replicas">Replicas</h2>
${replicas.length === 0 ? html`<p class="empty">${capitalised(noReplicas(status, resolution))}.</p>` : replicas.length <= FEW ? listed(replicas, status) : summed(status)}
</section>`;
}

interface Found {
  readonly replica: HeardReport;
  /** What is odd about it; undefined where nothing is. */
  readonly odd: string | undefined;
}

function summed(status: Status): Content {
  const found = status.replicas.map((replica): Found => ({ replica, odd: oddity(replica, status) }));
  const fine = found.filter(({ odd }) => odd === undefined).map(({ replica }) => replica);
  const odd = found.filter((one) => one.odd !== undefined);
  const more = odd.length - MOST_ODD;
  return html`<p class="summary">${fineInWords(fine, status)}</p>
${
  odd.length > 0 &&
  html`<p class="summary">${grouped(odd.length)} ${odd.length === 1 ? 'is' : 'are'} not: ${withKids(kindsOf(odd), status)}.</p>
${listed(
  odd.slice(0, MOST_ODD).map(({ replica }) => replica),
  status,
)}
${more > 0 && html`<p class="hint">And ${grouped(more)} more of these: <code>keyturn status</code> lists them all.</p>`}`
}
${fine.length > 0 && names(fine, status)}`;
}

/** "997 of 1,000 replicas are fine: they hold generation 12 and sign with K" */
function fineInWords(fine: readonly HeardReport[], status: Status): Content {
  const all = status.replicas.length;
  const signs = [...new Set(fine.flatMap(({ signs: kid }) => kid ?? []))].slice(0, 3);
  const generation = status.ring.id === undefined ? 'the same keys' : `generation ${status.ring.generation}`;
  return html`<b>${grouped(fine.length)} of ${grouped(all)}</b> replicas are fine${fine.length > 0 && html`: they hold ${generation} and sign with ${signs.map((id, at) => html`${at > 0 && ', '}${kidIn(id, status)}`)}`}.`;
}

/** "2 silent, 1 late" */
function kindsOf(odd: readonly Found[]): string {
  const kinds = new Map<string, number>();
  for (const { odd: kind = '' } of odd) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const sorted = [...kinds].sort(([, one], [, other]) => other - one);
  const told = sorted.slice(0, 6).map(([kind, number]) => `${grouped(number)} ${kind}`);
  return [...told, ...(sorted.length > 6 ? ['and others'] : [])].join(', ');
}

/** In a word or two, so that those that share it can be counted. */
function oddity(replica: HeardReport, status: Status): string | undefined {
  const { instance, signs, degraded, verifies } = replica;
  if (signs === undefined) return 'without a keyring';
  if (degraded !== undefined) return 'degraded';
  if (status.silent.has(instance)) return 'silent';
  const staged = stagedIn(status);
  if (staged !== undefined && !verifies.includes(staged.id)) return `late (without ${staged.id})`;
  const other = status.problems.some(
    ({ kind, instances }) => kind === 'other_secret' && instances.includes(instance),
  );
  if (other) return 'on another secret';
  return conditionOf(replica, status) === 'fine' ? undefined : 'on another keyring';
}

function stagedIn({ keys }: Status): KeyStatus | undefined {
  return keys.find(({ state }) => state === 'staged');
}

function names(fine: readonly HeardReport[], status: Status): Markup {
  const more = fine.length - MOST_NAMES;
  return html`<details id="fine-replicas"><summary>The ${count(fine.length, 'replica')} that ${fine.length === 1 ? 'is' : 'are'} fine</summary><ul class="names">
${fine.slice(0, MOST_NAMES).map((replica) => html`<li>${replicaName(replica, status)}</li>\n`)}</ul>${more > 0 && html`<p class="hint">And ${grouped(more)} more: <code>keyturn status</code> lists them all.</p>`}</details>`;
}

function listed(replicas: readonly HeardReport[], status: Status): Markup {
  const staged = stagedIn(status);
  const isRooted = status.shared && new Set(status.replicas.map(rootsIn)).size > 1;
  return table(
    'Replicas',
    [
      { head: 'Replica' },
      ...(isRooted ? [{ head: 'Sealed under' }] : []),
      { head: 'Keyring' },
      ...(staged === undefined
        ? []
        : [{ head: `Knows ${staged.id}`, drawn: html`Knows ${kidIn(staged.id, status)}` }]),
      { head: 'Signs with', isShort: true },
      { head: 'Last report', isShort: true },
      { head: 'Condition' },
    ],
    replicas.map((replica) => [
      nameCell(replica, status),
      ...(isRooted ? [rootsIn(replica)] : []),
      ringCell(replica, status),
      ...(staged === undefined
        ? []
        : [replica.verifies.includes(staged.id) ? 'yes' : html`<b class="held">not yet</b>`]),
      replica.signs === undefined ? '–' : kidIn(replica.signs, status),
      reportedCell(replica, status),
      conditionCell(replica, status),
    ]),
  );
}

/** The name that an operator knows, and the id that options take. */
function nameCell(replica: HeardReport, status: Status): Content {
  const name = replicaName(replica, status);
  return name === replica.instance ? name : html`${name}<br><span class="known">${replica.instance}</span>`;
}

/** Its next report is overdue: of one that stands still that is the first sign. */
function reportedCell({ at, lease }: HeardReport, { now }: Status): Markup {
  const told = ago(at, now);
  const isOverdue = lease !== undefined && now - at > REPORT_LATE_BY + reportIntervalMs(lease);
  return isOverdue ? html`<b class="held">${told}</b>` : told;
}

function ringCell(replica: HeardReport, { ring }: Status): Content {
  if (replica.signs === undefined) return '–';
  if (replica.fingerprint !== ring.fingerprint) return html`<b class="held">${ringOf(replica)}</b>`;
  return ring.id === undefined ? 'the one in force' : `generation ${replica.generation}, in force`;
}

function conditionCell(replica: HeardReport, status: Status): Markup {
  const condition = conditionNow(replica, status);
  if (condition === 'fine') return html`<span class="good">fine</span>`;
  const { instance, degraded, signs, verifies } = replica;
  const staged = stagedIn(status);
  const isLate =
    degraded === undefined && signs !== undefined && staged !== undefined && !verifies.includes(staged.id);
  // An alarm is what stops every step. The rest holds up one step for a while, or nothing.
  const stops = status.problems.some((one) => stopsSteps(one) && one.instances.includes(instance));
  return html`<span class="${stops ? 'bad' : 'odd'}">${isLate && 'late: '}${withKids(condition, status)}</span>`;
}
