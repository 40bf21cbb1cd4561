// Replicas that go by other secrets than the rest, which half of the requests then notice: found by key ids alone.
import type { ReplicaReport } from '../fleet/report.js';
import type { Status } from './status.js';

/** Some that have the same secrets. */
export interface Holders {
  readonly instances: readonly string[];
  /** Whether whoever asks is one of them. */
  readonly here: boolean;
  /** The id of the secret that they go by. */
  readonly kid: string;
}

/** Two that do not get along: what one signs the other refuses, or what one seals the other cannot open. */
export interface Clash {
  readonly shared: boolean;
  readonly one: Holders;
  readonly other: Holders;
}

interface Group extends Holders {
  readonly instances: string[];
  /** What they accept, or open, by key id. */
  readonly knows: readonly string[];
}

/**
 * Where replicas share a keyring, their root secrets are compared; where each has its own, the keys themselves. Those
 * that follow a document have it from one file.
 *
 * @param roots the ids of the secrets that whoever asks seals a shared keyring with
 */
export function clashesOf(status: Status, roots: readonly string[]): readonly Clash[] {
  const { shared, place, replicas } = status;
  if (place !== undefined && !shared) return [];
  const live = status.keys.filter(({ state }) => state !== 'retired' && state !== 'revoked');
  const mine = shared ? roots : live.map(({ id }) => id);
  const signs = shared ? roots[0] : live.find(({ state }) => state === 'active')?.id;
  const groups: Group[] = [{ instances: [], here: true, kid: signs ?? '', knows: mine }];
  for (const replica of replicas) join(groups, replica, shared);
  const clashes = new Map<string, Clash>();
  for (const [at, one] of groups.entries()) {
    for (const other of groups.slice(at + 1)) {
      if (shared ? haveOneInCommon(one, other) : acceptEachOther(one, other)) continue;
      // Told once for each two secrets, whatever else those have that go by them.
      const [first, second] = one.kid < other.kid ? [one, other] : [other, one];
      const names = `${first.kid} ${second.kid}`;
      const known = clashes.get(names);
      clashes.set(names, { shared, one: both(known?.one, first), other: both(known?.other, second) });
    }
  }
  return [...clashes.values()];
}

/**
 * Those that report beside a document and take their keys from elsewhere: most often from the variable that it was made
 * of. They know no key that is added to it.
 */
export function besideDocument({ shared, place, ring, replicas }: Status): readonly ReplicaReport[] {
  if (place === undefined || shared || ring.id === undefined) return [];
  return replicas.filter((replica) => replica.signs !== undefined && replica.ring === undefined);
}

/** "takes its keys from KEYTURN_…; restart it without that" */
export function takesKeysFrom({ source }: ReplicaReport): { readonly what: string; readonly cure: string } {
  const variable = /^KEYTURN_\w+$/.test(source);
  return { what: `takes its keys from ${source}`, cure: variable ? 'restart it without that' : 'restart it' };
}

function both(known: Holders | undefined, { instances, here, kid }: Holders): Holders {
  const all = new Set([...(known?.instances ?? []), ...instances]);
  return { instances: [...all], here: here || known?.here === true, kid };
}

function join(groups: Group[], { instance, roots, signs, verifies }: ReplicaReport, shared: boolean): void {
  const knows = shared ? roots : verifies;
  const kid = shared ? roots?.[0] : signs;
  if (knows === undefined || kid === undefined) return;
  const same = groups.find(
    (group) => group.kid === kid && [...group.knows].sort().join() === [...knows].sort().join(),
  );
  if (same === undefined) groups.push({ instances: [instance], here: false, kid, knows });
  else same.instances.push(instance);
}

function haveOneInCommon(one: Group, other: Group): boolean {
  return one.knows.some((kid) => other.knows.includes(kid));
}

function acceptEachOther(one: Group, other: Group): boolean {
  return one.knows.includes(other.kid) && other.knows.includes(one.kid);
}

/**
 * "web-2 has the signing secret K2, and web-1 and this command have K1: …"
 *
 * @param asker what whoever asks is called
 */
export function clashInWords(
  { shared, one, other }: Clash,
  asker: string,
  silent: ReadonlyMap<string, number>,
): string {
  const end = shared ? 'what one seals the other cannot open' : 'what one signs the other refuses';
  const [odd, rest] = oddOne({ one, other });
  return `${who(odd, asker, silent)} the signing secret ${odd.kid}, and ${who(rest, asker, silent)} ${rest.kid}: ${end}`;
}

/** The odd one is most often the only one, and never whoever asks. */
function oddOne({ one, other }: Pick<Clash, 'one' | 'other'>): readonly [odd: Holders, rest: Holders] {
  return one.here || (!other.here && one.instances.length > other.instances.length)
    ? [other, one]
    : [one, other];
}

/** Whether both are there: one whose replicas are all silent may just have been stopped. */
export function isLiveClash({ one, other }: Clash, silent: ReadonlyMap<string, number>): boolean {
  return [one, other].every(({ here, instances }) => here || instances.some((name) => !silent.has(name)));
}

/** The instances of the odd one. */
export function oddInstances(clash: Clash): readonly string[] {
  return oddOne(clash)[0].instances;
}

/** The replicas that do not get along with whoever asks, by instance. */
export function strangers(clashes: readonly Clash[]): ReadonlySet<string> {
  return new Set(
    clashes.flatMap(({ one, other }) => (one.here ? other.instances : other.here ? one.instances : [])),
  );
}

function who({ instances, here }: Holders, asker: string, silent: ReadonlyMap<string, number>): string {
  const told = instances.map((name) => (silent.has(name) ? `${name} (silent)` : name));
  const names = [...told, ...(here ? [asker] : [])];
  const list =
    names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] as string);
  return `${list} ${names.length > 1 ? 'have' : 'has'}`;
}

/** Replicas with a key ring of their own where the others share one: they do not know its keys. */
export function withoutShared({ shared, replicas }: Status): readonly ReplicaReport[] {
  return shared ? replicas.filter((replica) => replica.roots === undefined) : [];
}
