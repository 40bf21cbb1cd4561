// Replicas in words: how each of them is, what differs between them, and who holds up a step.
import type { HeardReport } from '../../fleet/authentic.js';
import { otherAppsInWords } from '../../fleet/other-apps.js';
import { unheardOfInWords } from '../../fleet/silent.js';
import type { Resolution } from '../../resolve/resolve.js';
import {
  besideDocument,
  clashesOf,
  clashInWords,
  strangers,
  takesKeysFrom,
  withoutShared,
} from '../../rotation/differences.js';
import { readOtherConfig } from '../../rotation/other-config.js';
import type { Status } from '../../rotation/status.js';
import { ruling } from './first-problem.js';
import { count } from './layout.js';
import { moment } from './time.js';

/** What there is to know beside the status. */
export interface FleetWords {
  readonly status: Status;
  readonly resolution: Resolution;
}

/** The ids of the secrets that this command seals a shared keyring with; undefined where none is shared. */
export function rootsOf({ status, resolution }: FleetWords): readonly string[] | undefined {
  return status.shared ? (resolution.keyring?.live ?? []).map(({ id }) => id) : undefined;
}

/** How a replica is, without moments, so that it is the same until something happens. */
export function conditionOf(replica: HeardReport, { status }: FleetWords): string {
  const { instance, authentic, degraded, signs } = replica;
  if (signs === undefined) return `no keyring yet${degraded === undefined ? '' : `: ${degraded}`}`;
  if (degraded !== undefined) return `degraded: ${degraded}`;
  if (status.silent.has(instance)) return 'silent';
  // Where each has its own keys, what one holds another may not know.
  if (!authentic && status.place !== undefined) return 'not confirmed: no key of this ring vouches for it';
  if (besideDocument(status).includes(replica)) {
    const { what, cure } = takesKeysFrom(replica);
    return `${what}: ${cure}`;
  }
  if (!status.differing.includes(instance)) return 'fine';
  return status.place === undefined
    ? 'another keyring than that of this command'
    : 'another ring than the one in force';
}

/** The same with the moment from which it holds up nothing. */
export function conditionNow(replica: HeardReport, words: FleetWords): string {
  const { now, silent } = words.status;
  const until = silent.get(replica.instance);
  const condition = conditionOf(replica, words);
  return condition === 'silent' && until !== undefined ? silentInWords(until, now) : condition;
}

/** "silent, counts until 14:05 (in 13 min)" */
export function silentInWords(until: number, now: number): string {
  return `silent, counts until ${moment(until, now)}`;
}

/** What stands for replicas that nobody has heard of since the store lost its data; none most often. */
export function unheardOfLines({ unheardOf, now }: Status): string[] {
  return unheardOf === undefined ? [] : [unheardOfInWords(moment(unheardOf.until, now))];
}

/** Why no replica is listed. */
export function noReplicas({ status, resolution }: FleetWords): string {
  const { silence, shared, place } = status;
  if (silence !== undefined) return `replicas cannot be asked: ${silence}`;
  if (shared) return `no process reports in ${place}`;
  if (place !== undefined) return 'no process reports beside the file';
  const backend = resolution.settings.get('session.backend');
  if (backend === 'redis' || backend === 'postgres') return 'no process reports beside its sessions';
  return 'processes report beside a keyring document, in a shared keyring, or beside sessions in Redis or PostgreSQL';
}

/** One line for each thing that is not the same everywhere. */
export function differences(words: FleetWords): string[] {
  const { status } = words;
  const { replicas, differing } = status;
  const profile = ruling(status);
  const clashes = clashesOf(status, rootsOf(words) ?? []);
  const told = strangers(clashes);
  const alone = withoutShared(status);
  const beside = besideDocument(status);
  const others = replicas.filter(
    ({ instance, signs, roots }) =>
      differing.includes(instance) &&
      signs !== undefined &&
      !beside.some((one) => one.instance === instance) &&
      !(status.place === undefined && told.has(instance)) &&
      !(status.shared && roots === undefined),
  );
  const otherRules = replicas.find((replica) => replica.profile !== profile);
  const waiting = replicas.filter(({ signs }) => signs === undefined);
  const degraded = replicas.filter(({ signs, degraded: why }) => signs !== undefined && why !== undefined);
  const of = (some: readonly unknown[], one: string, many: string) =>
    `${some.length} of ${count(replicas.length, 'replica')} ${some.length === 1 ? one : many}`;
  const line = (some: readonly unknown[], text: () => string) => (some.length === 0 ? [] : [text()]);
  return [
    ...(otherRules === undefined
      ? []
      : [
          `differs: ${otherRules.instance} runs by the ${otherRules.profile} profile and this command by ${profile}, so no step is taken; --env ${otherRules.profile} goes by its rules`,
        ]),
    ...readOtherConfig(status, words.resolution, 'this command').map(
      ({ what, hint }) => `differs: ${what}; ${hint}`,
    ),
    ...otherAppsInWords(status.otherApps, words.resolution.settings, 'this command').map(
      ({ what, hint }) => `differs: ${what}; ${hint}`,
    ),
    ...clashes.map((clash) => `differs: ${clashInWords(clash, 'this command', status.silent)}`),
    ...beside.map((replica) => {
      const { what, cure } = takesKeysFrom(replica);
      return `differs: ${replica.instance} ${what}, and not from this ring; ${cure}`;
    }),
    ...line(
      alone,
      () =>
        `differs: ${of(alone, 'runs', 'run')} without the shared keyring, and by other keys than the rest`,
    ),
    ...line(others, () =>
      status.place === undefined
        ? `differs: ${of(others, 'has', 'have')} another keyring than this command, and each accepts what the other signs: as between two deploys`
        : `differs: ${of(others, 'has', 'have')} another ring than the one in force`,
    ),
    ...line(waiting, () => `not ready: ${of(waiting, 'has', 'have')} no keyring yet`),
    ...line(degraded, () => `degraded: ${of(degraded, 'goes', 'go')} by the last good ring`),
  ];
}
