// What the fleet accepted over time, per key and purpose: a migration is seen to happen. Where nobody keeps it, why.

import type { Counts, CountsSpan } from '../../fleet/counts.js';
import { count, grouped } from '../../printable.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import type { View } from '../../words/view.js';
import { stackedBars } from '../charts/bars.js';
import { livesIn, stateAt } from '../charts/key-life.js';
import { shadeOf } from '../charts/shades.js';
import type { Frame } from '../contract.js';
import { type Content, html, type Markup } from '../html.js';
import type { OverviewFacts } from './facts.js';
import { ago, type Column, kidIn, STATE_WORDS, table } from './parts.js';

const SPAN_WORDS: Readonly<Record<CountsSpan, string>> = {
  'quarter-hour': '15 minutes',
  day: '24 hours',
  month: '31 days',
};

/** Of keys that are told one by one, each with a column of its own. One more stands there rather than "others" for it. */
const MOST_KEYS = 5;

export function verifiedPart({ base }: Pick<Frame, 'base'>, { view, span, counts }: OverviewFacts): Markup {
  const { status } = view;
  const spans = Object.entries(SPAN_WORDS) as ReadonlyArray<[CountsSpan, string]>;
  const links = spans.map(
    ([name, words]) =>
      html`<li><a id="span-${name}" href="${base}/?span=${name}#verified"${name === span && html` aria-current="true"`}>${words}</a></li>\n`,
  );
  return html`<section aria-labelledby="verified">
<div class="head"><h2 id="verified">Tokens verified, by key</h2>
${
  counts !== undefined &&
  html`<nav aria-label="How far back"><ul class="spans">
${links}</ul></nav>`
}</div>
${counts === undefined ? unknown(status) : known(counts, view)}
</section>`;
}

/** What nobody can know here, and why. */
function unknown({ silence, place, source }: Status): Markup {
  const why =
    silence !== undefined
      ? `Replicas cannot be asked: ${silence}.`
      : place === undefined
        ? `The keys come from ${source}, and replicas have nowhere to report what they verify. In a keyring document, or in a shared keyring, they would.`
        : 'Nobody has counted yet what is verified.';
  return html`<p class="empty">${why} This page cannot tell which keys people still hold tokens of.</p>`;
}

interface Total {
  readonly kid: string;
  readonly verified: number;
}

function known(counts: Counts, view: View): Content {
  const { status } = view;
  const words = SPAN_WORDS[counts.span];
  const totals = totalsOf(counts, status.keys);
  const all = totals.reduce((sum, { verified }) => sum + verified, 0);
  if (all === 0)
    return html`<p class="empty">No token was verified in the last ${words}, as far as replicas report.</p>`;
  const shown = toldOf(totals);
  const others = totals.slice(shown.length);
  const lives = new Map(livesIn(view).map((life) => [life.key.id, life]));
  const series = totals.map(({ kid }) => {
    const className = stateOf(kid, status) ?? 'unknown';
    const life = lives.get(kid);
    const classAt = (at: number) => {
      const state = life === undefined ? undefined : stateAt(life, at);
      // What it signed was accepted: whoever accepted it went by the step already, whatever the clocks say.
      return state === undefined || state === 'staged' ? 'active' : state;
    };
    return { kid, className, shade: shadeIn(kid, status), classAt: life && classAt };
  });
  const rest = others.reduce((sum, { verified }) => sum + verified, 0);
  const title = `Tokens verified in the last ${words}: ${totals.map(({ kid, verified }) => `${kid} ${grouped(verified)}`).join(', ')}`;
  return html`<p class="hint">Each session, form or link that a replica has checked and accepted counts once each time. Replicas report every few seconds, so the newest counts arrive a little late. A colour says what the key did at that time, as above.</p>
<ul class="legend">
${shown.map((total) => html`<li class="swatch ${stateOf(total.kid, status) ?? 'unknown'}${shadeIn(total.kid, status)}">${sentence(total, all, words, status)}</li>\n`)}${others.length > 0 && html`<li>${count(others.length, 'other key')}: <b>${grouped(rest)}</b></li>\n`}</ul>
${stackedBars(counts, series, title, toldUntil(status))}
${numbers(counts, totals, words, status)}
<p class="hint">Reported by replicas. For information: no step is decided by it.</p>`;
}

/** Each replica tells what it counted with its report. One that is silent tells nothing, and would hold up all. */
function toldUntil({ replicas, silent }: Status): number | undefined {
  const reported = replicas.filter(({ instance, authentic }) => authentic && !silent.has(instance));
  return reported.length === 0 ? undefined : Math.min(...reported.map(({ at }) => at));
}

/** The key that signs at the bottom, then those that it takes over from. Live keys are there with nothing, too. */
function totalsOf({ counts }: Counts, keys: readonly KeyStatus[]): readonly Total[] {
  const sums = new Map<string, number>();
  for (const { kid, verified } of counts) sums.set(kid, (sums.get(kid) ?? 0) + verified);
  const order = ['active', 'staged', 'retiring', 'revoked', 'retired'];
  const inRing = [...keys]
    .sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state))
    .filter(({ id, state }) => sums.has(id) || (state !== 'retired' && state !== 'revoked'))
    .map(({ id }) => id);
  const others = [...sums.keys()].filter((kid) => !inRing.includes(kid));
  const totals = [...inRing, ...others].map((kid) => ({ kid, verified: sums.get(kid) ?? 0 }));
  // Of many keys those without anything say the least.
  return totals.length <= MOST_KEYS + 1
    ? totals
    : totals.filter(({ verified }, at) => at === 0 || verified > 0);
}

function toldOf(totals: readonly Total[]): readonly Total[] {
  return totals.length > MOST_KEYS + 1 ? totals.slice(0, MOST_KEYS) : totals;
}

/** As in the timeline above. */
function shadeIn(kid: string, status: Status): string {
  const key = status.keys.find(({ id }) => id === kid);
  return key === undefined ? '' : shadeOf(key, status);
}

function stateOf(kid: string, { keys }: Status): KeyStatus['state'] | undefined {
  return keys.find(({ id }) => id === kid)?.state;
}

/** "K1: 312 in the last 15 minutes (12 %), last 4 s ago" */
function sentence({ kid, verified }: Total, all: number, words: string, status: Status): Content {
  const last = status.keys.find(({ id }) => id === kid)?.lastVerifiedAt;
  return html`${kidIn(kid, status)} <b>${grouped(verified)}</b> in the last ${words} (${percent(verified, all)})${last !== undefined && html`, last ${ago(last, status.now)}`}`;
}

/** Never 0 % of something, nor all of what is not all. */
function percent(part: number, all: number): string {
  if (part === 0) return '0\u00a0%';
  const exact = (100 * part) / all;
  return exact < 1 ? 'under 1\u00a0%' : `${Math.min(part === all ? 100 : 99, Math.round(exact))}\u00a0%`;
}

/** "K1 signs", as the keys above are called. */
function headOf(kid: string, status: Status): Column {
  const state = stateOf(kid, status);
  const word = state === undefined ? '' : ` ${STATE_WORDS[state]}`;
  return { head: `${kid}${word}`, drawn: html`${kidIn(kid, status)}${word}`, isNumber: true };
}

function numbers(counts: Counts, totals: readonly Total[], words: string, status: Status): Markup {
  const shown = toldOf(totals);
  const columns = new Map(shown.map(({ kid }, column) => [kid, column]));
  const hasOthers = shown.length < totals.length;
  const width = shown.length + (hasOthers ? 1 : 0);
  const all = new Array<number>(width).fill(0);
  const byPurpose = new Map<string, number[]>();
  for (const { kid, purpose, verified } of counts.counts) {
    const row = byPurpose.get(purpose) ?? new Array<number>(width).fill(0);
    byPurpose.set(purpose, row);
    const column = columns.get(kid) ?? shown.length;
    row[column] = (row[column] ?? 0) + verified;
    all[column] = (all[column] ?? 0) + verified;
  }
  const purposes = [...byPurpose].sort(([one], [other]) => (one < other ? -1 : 1));
  const cells = (row: readonly number[]) => row.slice(0, width).map(grouped);
  return html`<details id="numbers" open><summary>The numbers</summary>
${table(
  `Tokens verified in the last ${words}, by purpose and key`,
  [
    { head: 'Purpose' },
    ...shown.map(({ kid }) => headOf(kid, status)),
    ...(hasOthers ? [{ head: 'Others', isNumber: true }] : []),
  ],
  [
    ...purposes.map(([purpose, row]) => [purpose, ...cells(row)]),
    ...(purposes.length === 1 ? [] : [[html`<b>Total</b>`, ...cells(all)]]),
  ],
)}</details>`;
}
