// keyturn status: every key, every replica, what differs, what is safe when, and the command to run next.
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyturnError } from '../../errors.js';
import type { ReplicaReport } from '../../fleet/report.js';
import type { HistoryEntry } from '../../keyring/keyring.js';
import { Rotation } from '../../rotation/rotation.js';
import type { KeyStatus, Status } from '../../rotation/status.js';
import type { Command, Context } from '../command.js';
import { hiddenNames, iso, type Next, nextJson, nextLine, nextOf, stepOf } from '../ring-words.js';
import { columns, count, moment, type Style, table, type Ui } from '../ui.js';

const LOOK_EVERY_MS = 1000;

export const status: Command = {
  usage: '[--watch]',
  about: [
    'Shows the source in force, every key with its next step and when that is safe, every',
    'replica that reports, what differs between them, and the command to run next. With a',
    'secret in variables it says which of the three deploys of a rotation is in force here.',
    '',
    'Exit code 0 also when replicas differ or are degraded: keyturn doctor judges.',
  ],
  options: [
    { name: 'watch', about: 'go on until Ctrl-C: draw it anew, or off a terminal tell what changes' },
  ],
  words: [],
  run: async (context) => {
    if (context.has('watch')) await watch(context);
    else tell(await look(context), context);
    return 0;
  },
};

/** What is known at one moment. */
interface View {
  readonly status: Status;
  readonly path: string | undefined;
  readonly hidden: readonly string[];
  readonly lastRotation: HistoryEntry | undefined;
  readonly deploy: string | undefined;
  readonly problems: readonly KeyturnError[];
  readonly next: Next;
}

async function look({ machine, profile }: Context): Promise<View> {
  const rotation = await Rotation.open({ machine, profile });
  const { resolution } = rotation;
  const now = await rotation.status();
  const past = await rotation.history();
  const deploy = rotation.deploys().find(({ number }) => number === now.deploy);
  return {
    status: now,
    path: resolution.source?.path,
    hidden: hiddenNames(resolution),
    lastRotation: past.findLast(({ what }) => what === 'promote' || what === 'rollback'),
    deploy: deploy === undefined ? undefined : `${deploy.number} of 3: ${deploy.what}`,
    problems: resolution.problems.map(({ error }) => error),
    next: nextOf(now, resolution, false),
  };
}

function tell(view: View, { ui, json }: Context): void {
  if (json) ui.json(forPrograms(view));
  else ui.print(...lines(view, ui));
  for (const { message, hint } of view.problems) ui.note(`${message}; ${hint}`);
}

async function watch(context: Context): Promise<void> {
  const { ui, machine, surroundings, json } = context;
  const ended = surroundings.interrupted();
  const drawn = ui.redraws && !json;
  let told: ReadonlyMap<string, string> = new Map();
  while (!ended.aborted) {
    const seen = await lookOrSay(context);
    if (drawn) {
      ui.redraw(...(typeof seen === 'string' ? [seen] : lines(seen, ui)), '', ui.style('dim', 'Ctrl-C ends'));
    } else {
      const facts: ReadonlyMap<string, string> =
        typeof seen === 'string' ? new Map([['error', seen]]) : factsOf(seen);
      const news = changes(told, facts);
      if (news.length > 0 && json) ui.json(typeof seen === 'string' ? { error: seen } : forPrograms(seen));
      else if (news.length > 0) {
        const time = new Date(machine.now()).toISOString();
        ui.print(...news.map((line) => `${time} ${line}`));
      }
      told = facts;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => {});
  }
}

/** A file that is broken for a while does not end the watch. */
async function lookOrSay(context: Context): Promise<View | string> {
  try {
    return await look(context);
  } catch (error) {
    if (error instanceof KeyturnError) return `error: ${error.message}; ${error.hint}`;
    throw error;
  }
}

/** What can change, by what it is about: no moments and no counts of seconds. */
function factsOf({ status: now, hidden, deploy }: View): ReadonlyMap<string, string> {
  const { source, ring, keys, replicas } = now;
  return new Map([
    ['source', `source: ${source}${hidden.length === 0 ? '' : `, hides ${hidden.join(', ')}`}`],
    ...(deploy === undefined ? [] : [['deploy', `deploy: ${deploy}`] as const]),
    ['ring', `ring: generation ${ring.generation}, fingerprint ${ring.fingerprint}`],
    ...keys.map((key) => [`key ${key.id}`, `key ${key.id}: ${key.state}${safeNow(key, now)}`] as const),
    ...replicas.map(
      (replica) =>
        [
          `replica ${replica.instance}`,
          `replica ${replica.instance}: ${ringOf(replica)}, signs with ${replica.signs}, ${conditionOf(replica, now)}`,
        ] as const,
    ),
  ]);
}

function safeNow(key: KeyStatus, now: Status): string {
  const step = stepOf(key, now);
  return /^safe to \w+ now$/.test(step) ? `, ${step}` : '';
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [
    ...[...after].filter(([about, line]) => before.get(about) !== line).map(([, line]) => line),
    ...[...before.keys()].filter((about) => !after.has(about)).map((about) => `${about}: gone`),
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
  const { status: now, hidden, deploy, next } = view;
  const { ring, format, replicas } = now;
  const [keyHead = '', ...keys] = table(
    ['key', 'state', 'since', 'known by', 'last verified', 'next step'],
    now.keys.map((key) => keyRow(key, now)),
  );
  const [replicaHead = '', ...replicaRows] = table(
    ['replica', 'profile', 'ring', 'signs with', 'last reload', 'condition'],
    replicas.map((replica) => replicaRow(replica, now)),
  );
  const where = view.path === undefined ? '' : ` (${view.path})`;
  return [
    ...columns(
      [
        ['source', `${now.source}${where}: ${FORMATS[format] ?? format}`],
        ...(hidden.length === 0 ? [] : [['hides', hidden.join(', ')] as const]),
        ['profile', now.profile],
        [
          'ring',
          `${ring.id === undefined ? '' : `generation ${ring.generation}, `}fingerprint ${ring.fingerprint}`,
        ],
        ...(format === 'document' ? [['rotated', rotated(view)] as const] : []),
        ...(now.deploy === undefined ? [] : [['deploy', deploy ?? 'no rotation is under way'] as const]),
      ],
      '',
    ),
    '',
    ui.style('dim', keyHead),
    ...keys.map((line, index) => coloured(line, now.keys[index], ui)),
    '',
    ...(replicas.length === 0
      ? [
          format === 'document'
            ? 'no process reports beside the file'
            : 'processes report beside a keyring document only',
        ]
      : [ui.style('dim', replicaHead), ...replicaRows]),
    ...differences(now).map((line) => ui.style('yellow', line)),
    '',
    ui.style('bold', nextLine(next)),
  ];
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

function replicaRow(replica: ReplicaReport, now: Status): string[] {
  return [
    replica.instance,
    replica.profile,
    ringOf(replica),
    replica.signs,
    moment(replica.loadedAt, now.now),
    conditionOf(replica, now),
  ];
}

function ringOf({ generation, fingerprint }: ReplicaReport): string {
  return `generation ${generation}, ${fingerprint}`;
}

function conditionOf({ instance, degraded }: ReplicaReport, now: Status): string {
  if (degraded !== undefined) return `degraded: ${degraded}`;
  return now.differing.includes(instance) ? 'another ring than the one in force' : 'fine';
}

function differences({ differing, replicas, profile }: Status): string[] {
  const otherRules = replicas.find((replica) => replica.profile !== profile);
  const degraded = replicas.filter((replica) => replica.degraded !== undefined).length;
  const all = count(replicas.length, 'replica');
  return [
    ...(otherRules === undefined
      ? []
      : [
          `differs: ${otherRules.instance} runs by the ${otherRules.profile} profile and this command by ${profile}, so no step is taken; --env ${otherRules.profile} goes by its rules`,
        ]),
    ...(differing.length === 0
      ? []
      : [
          `differs: ${differing.length} of ${all} ${differing.length === 1 ? 'has' : 'have'} another ring than the one in force`,
        ]),
    ...(degraded === 0
      ? []
      : [
          `degraded: ${degraded} of ${all} ${degraded === 1 ? 'goes' : 'go'} by an older ring, since the newer one is no good`,
        ]),
  ];
}

function rotated({ lastRotation, status: now }: View): string {
  if (lastRotation === undefined) return 'never';
  const { at, who } = lastRotation;
  return `${moment(at, now.now)}${who === undefined ? '' : ` by ${who}`}`;
}

function forPrograms({ status: now, hidden, lastRotation, next, path }: View): object {
  return {
    profile: now.profile,
    source: now.source,
    path: path ?? null,
    format: now.format,
    hides: hidden,
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
      instance: replica.instance,
      profile: replica.profile,
      source: replica.source,
      generation: replica.generation,
      fingerprint: replica.fingerprint,
      signs: replica.signs,
      verifies: replica.verifies,
      loadedAt: iso(replica.loadedAt),
      reportedAt: iso(replica.at),
      degraded: replica.degraded ?? null,
    })),
    differing: now.differing,
    next: nextJson(next),
  };
}
