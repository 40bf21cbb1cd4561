// The keys of the keyring, from the one that is to come to those that are gone, over one line of time.
import { count, grouped, listOf } from '../../printable.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import { stepObstacle } from '../../words/next-step.js';
import { firstProblemOf, isStopped } from '../../words/stops.js';
import { lengthOfTime } from '../../words/time.js';
import type { View } from '../../words/view.js';
import { isGone, type KeyLife, livesIn } from '../charts/key-life.js';
import { MASKS, maskOf, shadeOf } from '../charts/shades.js';
import type { TimeAxis } from '../charts/time-axis.js';
import { axisLabels, isPast, keyTrack, timelineAxis } from '../charts/timeline.js';
import { type Content, html, type Markup } from '../html.js';
import { WORDS_ID } from './glossary.js';
import { ago, clock, countdown, kid, STATE_WORDS, table, withKids } from './parts.js';

const ORDER: ReadonlyArray<KeyStatus['state']> = ['staged', 'active', 'retiring', 'revoked', 'retired'];

/** Of purposes that are named where all of them live equally long. */
const MOST_PURPOSES = 3;

/** Of rows that stand open. */
const MOST_ROWS = 8;

export function ringPart(view: View): Markup {
  const { status } = view;
  const { now } = status;
  const lives = livesIn(view);
  const axis = timelineAxis(lives, now);
  const gone = lives.filter(({ key }) => isGone(key)).sort((one, other) => endOf(other.key) - endOf(one.key));
  const live = lives.filter(({ key }) => !isGone(key)).sort((one, other) => inOrder(one.key, other.key));
  const present = [...live, ...gone.filter((life) => !isPast(life, axis))];
  const past = gone.filter((life) => isPast(life, axis)).map(({ key }) => key);
  const row = (life: KeyLife) => keyRow(life, status, axis);
  const open = present.slice(0, MOST_ROWS);
  const folded = present.slice(MOST_ROWS);
  return html`<section aria-labelledby="ring">
<div class="head"><h2 id="ring">Keys</h2><p class="hint"><a id="to-words" href="#${WORDS_ID}">What the words mean</a></p></div>${present.some(({ key }) => maskOf(shadeOf(key, status))) && MASKS}
<ol class="ring">
${open.map(row)}</ol>
${axis !== undefined && html`<div class="ring-axis">${axisLabels(axis, now)}</div>`}
${axis === undefined && html`<p class="hint">${status.format === 'array' ? 'An array of secrets' : 'A single secret'} carries no dates: nobody can tell since when a key signs.</p>`}
${
  folded.length > 0 &&
  html`<details id="more-keys"><summary>${count(folded.length, 'more key')}: ${statesIn(folded.map(({ key }) => key))}</summary><ol class="ring">
${folded.map(row)}</ol></details>`
}
${
  past.length > 0 &&
  html`<details id="older-keys"><summary>${count(past.length, 'older key')}: ${statesIn(past)}</summary>
${table(
  'Keys that are gone',
  [{ head: 'Key' }, { head: 'State' }, { head: 'Since' }],
  past.map((key) => [
    kid(key.id, key.state),
    key.state,
    key.dates[key.state] === undefined ? 'unknown' : ago(endOf(key), now),
  ]),
)}</details>`
}
</section>`;
}

/** The one that is to come first; of those that retire the one that may go first. */
function inOrder(one: KeyStatus, other: KeyStatus): number {
  return ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || (one.safeAt ?? 0) - (other.safeAt ?? 0);
}

function endOf(key: KeyStatus): number {
  return key.dates[key.state] ?? 0;
}

/** "3 retired, 1 revoked" */
function statesIn(keys: readonly KeyStatus[]): string {
  return ORDER.map((state) => [keys.filter((key) => key.state === state).length, state] as const)
    .filter(([number]) => number > 0)
    .map(([number, state]) => `${grouped(number)} ${state}`)
    .join(', ');
}

function keyRow(life: KeyLife, status: Status, axis: TimeAxis | undefined): Markup {
  const { key } = life;
  const { now } = status;
  return html`<li class="key ${key.state}"><p class="name">${kid(key.id, key.state)} <span class="state ${key.state}">${STATE_WORDS[key.state]}</span></p>
${axis === undefined ? html`<span></span>` : keyTrack(life, axis, now, shadeOf(key, status))}<p class="then">${nextOf(life, status)}${knownOf(key, status)}</p></li>
`;
}

/** What comes next for it, and when. */
function nextOf({ key, ahead }: KeyLife, status: Status): Content {
  const { now } = status;
  const { state, scheduledFor } = key;
  const since = key.dates[state];
  const told = since === undefined ? 'nobody knows since when' : html`since ${clock(since, now)}`;
  if (state === 'active')
    return html`${since === undefined ? 'signs; nobody knows since when' : html`signs since ${clock(since, now)}`}; it is not retired while it signs`;
  if (state === 'retired' || state === 'revoked') return html`${state} ${told}`;
  if (state === 'staged' && scheduledFor !== undefined)
    return html`signs by itself <b>${countdown(scheduledFor, now)}</b>, ${clock(scheduledFor, now)}`;
  const verb = state === 'staged' ? 'promote' : 'retire';
  const silent = status.silence === undefined ? undefined : 'replicas cannot be asked';
  const wrong = firstProblemOf(status) === undefined ? undefined : 'see above';
  const obstacle = wrong ?? silent ?? stepObstacle(key, status);
  if (obstacle !== undefined)
    return html`<b class="${isStopped(status) ? 'stopped' : 'held'}">not safe to ${verb}</b>: ${withKids(obstacle, status)}`;
  if (key.safeAt === undefined) return told;
  if (ahead === undefined) return html`<b>safe to ${verb} now</b>`;
  return html`safe to ${verb} <b>${countdown(ahead, now)}</b>, ${clock(ahead, now)}${whyThen(key)}`;
}

/** What a wait is made of: nobody is to guess where the number comes from. */
function whyThen({ state, dates, waitsFor, safeAt = 0 }: KeyStatus): Content {
  if (state === 'staged') return ': then every replica has read it';
  if (waitsFor === undefined || dates.retiring === undefined) return undefined;
  const { purposes, lifetime } = waitsFor;
  const margin = Math.round((safeAt - dates.retiring) / 1000 - lifetime);
  const tokens = purposes.length > MOST_PURPOSES ? 'its tokens' : `tokens of ${listOf(purposes)}`;
  return html`: ${tokens} live up to ${lengthOfTime(lifetime)}${margin > 0 && html`, plus ${lengthOfTime(margin)} for late replicas and clocks`}`;
}

function knownOf({ state, knownBy, lastVerifiedAt }: KeyStatus, { replicas, now }: Status): Content {
  if (state === 'retired' || state === 'revoked' || replicas.length === 0) return undefined;
  return html`<br><span class="known">${grouped(knownBy)} of ${grouped(replicas.length)} ${replicas.length === 1 ? 'replica knows' : 'replicas know'} it${lastVerifiedAt !== undefined && html`; last accepted ${ago(lastVerifiedAt, now)}`}</span>`;
}
