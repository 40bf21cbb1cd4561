// keyturn status: every key, every replica, what differs, what is safe when, and the command to run next.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../../errors.js';
import type { ReplicaReport } from '../../fleet/report.js';
import type { HistoryEntry } from '../../keyring/keyring.js';
import type { Resolution } from '../../resolve/resolve.js';
import type { Rotation } from '../../rotation/rotation.js';
import { replicasIn } from '../../rotation/silent.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import type { Command, Context } from '../command.js';
import { openRotation } from '../open.js';
import {
  conditionNow,
  conditionOf,
  differences,
  noReplicas,
  rootsOf,
  unheardOfLines,
} from '../replica-words.js';
import { hiddenNames, iso, type Next, nextJson, nextLine, nextOf, stepOf } from '../ring-words.js';
import { columns, count, moment, type Style, table, type Ui } from '../ui.js';

const LOOK_EVERY_MS = 1000;

export const status: Command = {
  usage: '[--watch]',
  about: [
    'Shows the source in force, every key with its next step and when that is safe, every',
    'replica that reports, what differs between them, and the command to run next. With a',
    'secret in variables it says which of the three deploys of a rotation is in force here.',
    'Replicas with another signing secret than the rest are named by the ids of their keys.',
    '',
    'Exit code 0 also when replicas differ or are degraded: keyturn doctor judges.',
  ],
  options: [
    { name: 'watch', about: 'go on until Ctrl-C: draw it anew, or off a terminal tell what changes' },
  ],
  words: [],
  run: async (context) => {
    if (context.has('watch')) await watch(context);
    else {
      const rotation = await openRotation(context);
      tell(await look(rotation).catch((error) => tellWaiting(error, rotation, context)), context);
    }
    return 0;
  },
};

/** What is known at one moment. */
interface View {
  readonly status: Status;
  readonly resolution: Resolution;
  readonly hidden: readonly string[];
  readonly lastRotation: HistoryEntry | undefined;
  readonly deploy: string | undefined;
  /** The ids of the secrets that each open a shared keyring. */
  readonly sealedUnder: readonly string[];
  readonly next: Next;
}

async function look(rotation: Rotation): Promise<View> {
  const { resolution } = rotation;
  const ring = await rotation.ring();
  const now = await rotation.status(ring);
  const deploy = rotation.deploys().find(({ number }) => number === now.deploy);
  return {
    status: now,
    resolution,
    hidden: hiddenNames(resolution),
    lastRotation: ring.history.findLast(({ what }) => what === 'promote' || what === 'rollback'),
    deploy: deploy === undefined ? undefined : `${deploy.number} of 3: ${deploy.what}`,
    sealedUnder: await rotation.sealedUnder(),
    next: nextOf(now, resolution, false),
  };
}

/** Where no keyring is yet, replicas may be waiting for one: who they are, before the error says what is missing. */
async function tellWaiting(error: unknown, rotation: Rotation, { ui, json }: Context): Promise<never> {
  if (!(error instanceof KeyturnError) || error.code !== 'keyring_missing') throw error;
  const replicas = replicasIn(await rotation.replicas());
  if (replicas.length === 0) throw error;
  const rows = replicas.map((replica) => [
    replica.instance,
    replica.profile,
    (replica.roots ?? []).join(', ') || '-',
    replica.signs === undefined ? waitsFor(replica) : 'holds a keyring, and puts it back',
  ]);
  if (json) ui.json({ error: error.message, replicas: replicas.map(forReplica) });
  else ui.print(...table(['replica', 'profile', 'roots', 'condition'], rows), '');
  throw error;
}

function waitsFor({ degraded }: ReplicaReport): string {
  return `no keyring yet${degraded === undefined ? '' : `: ${degraded}`}`;
}

function tell(view: View, { ui, json }: Context): void {
  if (json) ui.json(forPrograms(view));
  else ui.print(...lines(view, ui));
  for (const { error } of view.resolution.problems) ui.note(`${error.message}; ${error.hint}`);
}

async function watch(context: Context): Promise<void> {
  const { ui, machine, surroundings, json } = context;
  const ended = surroundings.interrupted();
  const drawn = ui.redraws && !json;
  let told: ReadonlyMap<string, string> = new Map();
  /** The code of what keeps it from being read; undefined while nothing does. */
  let away: string | undefined;
  let rotation: Rotation | undefined;
  const lookAgain = async () => {
    // Anew from the source on, by way of the same connections.
    rotation = rotation === undefined ? await openRotation(context) : await rotation.again();
    return await look(rotation);
  };
  const say = (news: readonly string[], object: object) => {
    if (news.length === 0) return;
    const time = new Date(machine.now()).toISOString();
    if (json) ui.json(object);
    else ui.print(...news.map((line) => `${time} ${line}`));
  };
  while (!ended.aborted) {
    const seen = await lookOrSay(lookAgain);
    if (drawn) {
      const shown = seen instanceof KeyturnError ? [cannotBeAsked(seen)] : lines(seen, ui);
      ui.redraw(...shown, '', ui.style('dim', 'Ctrl-C ends'));
    } else if (seen instanceof KeyturnError) {
      // Once, and nothing is gone by that: what was known is compared with what there is when it answers again.
      if (away !== seen.code) say([cannotBeAsked(seen)], { error: `${seen.message}; ${seen.hint}` });
      away = seen.code;
    } else {
      const facts = factsOf(seen, told);
      say([...(away === undefined ? [] : ['answers again']), ...changes(told, facts)], forPrograms(seen));
      away = undefined;
      told = facts;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => {});
  }
}

/** A file that is broken for a while does not end the watch, and neither does an engine that is away. */
async function lookOrSay(lookAgain: () => Promise<View>): Promise<View | KeyturnError> {
  try {
    return await lookAgain();
  } catch (error) {
    if (error instanceof KeyturnError) return error;
    throw error;
  }
}

function cannotBeAsked({ message, hint }: KeyturnError): string {
  return `cannot be asked: ${message}; ${hint}`;
}

/**
 * What can change, by what it is about: no moments and no counts of seconds.
 *
 * @param told what was known before: of replicas that cannot be asked it stays
 */
function factsOf(view: View, told: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { status: now, hidden, deploy, sealedUnder } = view;
  const unheardOf = told.get('unheard of') ?? unheardOfLines(now)[0];
  const { source, ring, keys, replicas, silence } = now;
  return new Map([
    ['source', `source: ${source}${hidden.length === 0 ? '' : `, hides ${hidden.join(', ')}`}`],
    ...(deploy === undefined ? [] : [['deploy', `deploy: ${deploy}`] as const]),
    ['ring', `ring: generation ${ring.generation}, fingerprint ${ring.fingerprint}`],
    ...keys.map((key) => [`key ${key.id}`, `key ${key.id}: ${key.state}${safeNow(key, now)}`] as const),
    ...(now.shared ? [['sealed', `sealed: under ${sealedUnder.join(', ')}`] as const] : []),
    ...(silence === undefined
      ? []
      : [['silence', told.get('silence') ?? `replicas cannot be asked: ${silence}`] as const]),
    ...[...told].filter(
      ([about]) => silence !== undefined && /^(replica |differs: |not ready: |degraded: )/.test(about),
    ),
    ...(now.unheardOf === undefined ? [] : [['unheard of', unheardOf as string] as const]),
    ...replicas.map(
      (replica) =>
        [
          `replica ${replica.instance}`,
          `replica ${replica.instance}: ${ringOf(replica)}, signs with ${replica.signs ?? 'nothing'}, ${conditionOf(replica, view)}`,
        ] as const,
    ),
    ...differences(view).map((line) => [line, line] as const),
  ]);
}

function safeNow(key: KeyStatus, now: Status): string {
  const step = stepOf(key, now);
  return /^safe to \w+ now$/.test(step) ? `, ${step}` : '';
}

const GONE: Readonly<Record<string, string>> = {
  silence: 'replicas can be asked again',
  'unheard of': 'replicas not heard of hold up steps no longer',
};

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [
    ...[...after].filter(([about, line]) => before.get(about) !== line).map(([, line]) => line),
    ...[...before.keys()]
      .filter((about) => !after.has(about))
      .map((about) => GONE[about] ?? `${about}: gone`),
  ];
}

const STATE_STYLES: Readonly<Record<KeyStatus['state'], Style | undefined>> = {
  staged: 'yellow',
  active: 'green',
  retiring: undefined,
  retired: 'dim',
  revoked: 'red',
};

const FORMATS: Readonly<Record<string, string>> = {
  secret: 'one secret',
  array: 'an array of secrets',
  document: 'a keyring document',
};

function lines(view: View, ui: Ui): string[] {
  const { status: now, resolution, hidden, deploy, next } = view;
  const { ring, format, replicas, place, shared } = now;
  const rooted = shared && new Set(replicas.map(rootsIn)).size > 1;
  const [keyHead = '', ...keys] = table(
    ['key', 'state', 'since', 'known by', 'last verified', 'next step'],
    now.keys.map((key) => keyRow(key, now)),
  );
  const [replicaHead = '', ...replicaRows] = table(
    ['replica', 'profile', ...(rooted ? ['roots'] : []), 'ring', 'signs with', 'last reload', 'condition'],
    replicas.map((replica) => replicaRow(replica, view, rooted)),
  );
  const path = resolution.source?.path;
  const where = path === undefined ? '' : ` (${path})`;
  return [
    ...columns(
      [
        ['source', `${now.source}${where}: ${FORMATS[format] ?? format}`],
        ...(hidden.length === 0 ? [] : [['hides', hidden.join(', ')] as const]),
        ['profile', now.profile],
        ...(shared
          ? [
              ['kept in', `${place}, sealed by ${now.source} (${sealedBy(view)})`] as const,
              ['sealed', `under ${view.sealedUnder.join(', ')}`] as const,
            ]
          : []),
        [
          'ring',
          `${ring.id === undefined ? '' : `generation ${ring.generation}, `}fingerprint ${ring.fingerprint}`,
        ],
        ...(ring.id === undefined ? [] : [['rotated', rotated(view)] as const]),
        ...(now.deploy === undefined ? [] : [['deploy', deploy ?? 'no rotation is under way'] as const]),
      ],
      '',
    ),
    '',
    ui.style('dim', keyHead),
    ...keys.map((line, index) => coloured(line, now.keys[index], ui)),
    '',
    ...(replicas.length === 0 ? [noReplicas(view)] : [ui.style('dim', replicaHead), ...replicaRows]),
    ...[...unheardOfLines(now), ...differences(view)].map((line) => ui.style('yellow', line)),
    '',
    ui.style('bold', nextLine(next)),
  ];
}

/** "K1", or while the secret itself is rotated "K1 active, K2 staged". */
function sealedBy({ resolution }: View): string {
  const roots = resolution.keyring?.live ?? [];
  return roots.map(({ id, state }) => (roots.length === 1 ? id : `${id} ${state}`)).join(', ');
}

function coloured(line: string, key: KeyStatus | undefined, ui: Ui): string {
  const style = key === undefined ? undefined : STATE_STYLES[key.state];
  return style === undefined ? line : ui.style(style, line);
}

function keyRow(key: KeyStatus, now: Status): string[] {
  const since = key.dates[key.state];
  const { length } = now.replicas;
  const gone = key.state === 'retired' || key.state === 'revoked';
  return [
    key.id,
    key.state,
    since === undefined ? 'unknown' : moment(since, now.now),
    gone || length === 0 ? '-' : `${key.knownBy} of ${count(length, 'replica')}`,
    key.lastVerifiedAt === undefined ? '-' : moment(key.lastVerifiedAt, now.now),
    stepOf(key, now),
  ];
}

/** The secrets that a replica seals with, by the ids of their keys. */
function rootsIn({ roots }: ReplicaReport): string {
  return roots?.join(', ') ?? '-';
}

/** @param rooted whether they differ in the secrets that they hold */
function replicaRow(replica: ReplicaReport, view: View, rooted: boolean): string[] {
  return [
    replica.instance,
    replica.profile,
    ...(rooted ? [rootsIn(replica)] : []),
    ringOf(replica),
    replica.signs ?? '-',
    replica.signs === undefined ? '-' : moment(replica.loadedAt, view.status.now),
    conditionNow(replica, view),
  ];
}

function ringOf({ ring, generation, fingerprint, signs }: ReplicaReport): string {
  if (signs === undefined) return '-';
  return ring === undefined ? fingerprint : `generation ${generation}, ${fingerprint}`;
}

function rotated({ lastRotation, status: now }: View): string {
  if (lastRotation === undefined) return 'never';
  const { at, who } = lastRotation;
  return `${moment(at, now.now)}${who === undefined ? '' : ` by ${who}`}`;
}

function forPrograms(view: View): object {
  const { status: now, resolution, hidden, lastRotation, sealedUnder, next } = view;
  return {
    profile: now.profile,
    source: now.source,
    path: resolution.source?.path ?? null,
    format: now.format,
    hides: hidden,
    place: now.place ?? null,
    shared: now.shared,
    roots: rootsOf(view) ?? null,
    sealedUnder: now.shared ? sealedUnder : null,
    ring: { ...now.ring, id: now.ring.id ?? null },
    rotatedAt: iso(lastRotation?.at),
    deploy: now.deploy ?? null,
    keys: now.keys.map((key) => ({
      kid: key.id,
      state: key.state,
      since: iso(key.dates[key.state]),
      activatesAt: iso(key.activatesAt),
      knownBy: key.knownBy,
      lastVerifiedAt: iso(key.lastVerifiedAt),
      lastSignedAt: iso(key.lastSignedAt),
      safeAt: iso(key.safeAt),
    })),
    replicas: now.replicas.map((replica) => ({
      ...forReplica(replica),
      silentUntil: iso(now.silent.get(replica.instance)),
    })),
    unheardOfUntil: iso(now.unheardOf?.until),
    silence: now.silence ?? null,
    differing: now.differing,
    next: nextJson(next),
  };
}

function forReplica(replica: ReplicaReport): object {
  return {
    instance: replica.instance,
    profile: replica.profile,
    source: replica.source,
    generation: replica.generation,
    fingerprint: replica.fingerprint,
    signs: replica.signs ?? null,
    verifies: replica.verifies,
    roots: replica.roots ?? null,
    loadedAt: iso(replica.loadedAt),
    reportedAt: iso(replica.at),
    degraded: replica.degraded ?? null,
  };
}
