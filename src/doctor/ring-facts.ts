// Reads the keyring in force and what its processes report, without a trace: no table is made, nothing is cleared away.
import { Engines } from '../engines/engines.js';
import { KeyturnError, orKeyturnError } from '../errors.js';
import { nextKeyAt } from '../keyring/automatic.js';
import type { Key } from '../keyring/key.js';
import { weakAmong } from '../resolve/key-strength.js';
import type { Machine } from '../resolve/machine.js';
import type { Resolution } from '../resolve/resolve.js';
import { WeakKeyExceptions } from '../resolve/weak-keys.js';
import { findLost } from '../rotation/lost-document.js';
import { Rotation } from '../rotation/rotation.js';
import { THOROUGH } from '../secret/strength.js';
import type { HiddenDocument, RingFacts } from './facts.js';

/** What is read by. */
export interface RingReading {
  /** Settings written in the program. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Connections to use; default: its own. */
  readonly engines?: Engines | undefined;
}

/** Undefined where nothing is to be read: secrets by themselves, of processes that report nowhere. */
export async function readRing(
  machine: Machine,
  profile: string | undefined,
  resolution: Resolution,
  { config, engines: given }: RingReading,
): Promise<RingFacts | KeyturnError | undefined> {
  const { source, settings } = resolution;
  const backend = settings.get('session.backend');
  const shared = settings.get('security.keyring.store') !== undefined;
  const reports = backend === 'redis' || backend === 'postgres';
  const inFile = source?.kind === 'file' && source.format === 'document';
  // What was a document may be held still.
  const lost = inFile ? undefined : await findLost(resolution, machine.now);
  if (!shared && !reports && !inFile && lost === undefined) return undefined;
  const engines = given ?? new Engines(settings);
  return await orKeyturnError(async () => {
    const rotation = await Rotation.open({ machine, profile, config, engines, readOnly: true });
    const ring = await rotation.ring();
    const exceptions = new WeakKeyExceptions(ring, settings, machine.now(), THOROUGH);
    const every = settings.get('security.rotation.every');
    return {
      status: await rotation.status(ring),
      nextKeyAt: every === undefined ? undefined : nextKeyAt(ring, every),
      live: ring.live,
      weak: weakAmong(ring.live).map((weak) => ({
        ...weak,
        excused: exceptions.of(ring.get(weak.kid) as Key) !== undefined,
      })),
      sealedUnder: await rotation.sealedUnder(),
    };
  }).finally(() => (given === undefined ? engines.close() : undefined));
}

/** Undefined where no document is hidden. @param document the path of the one in `.keyturn`, where it is there */
export async function readHidden(
  machine: Machine,
  profile: string | undefined,
  { source, hidden }: Resolution,
  document: string | undefined,
  { config, engines }: RingReading,
): Promise<HiddenDocument | undefined> {
  if (source === undefined || source.format === 'document' || hidden.length === 0) return undefined;
  const beside = hidden.find(({ path }) => path !== undefined && path === document);
  const other = beside?.path === undefined ? undefined : { path: beside.path, takeAway: [] };
  const beneath = await orKeyturnError(async () => {
    const rotation = await Rotation.open({ machine, profile, config, engines, readOnly: true });
    return await rotation.hiddenDocument().finally(() => rotation.close());
  });
  if (beneath === undefined || beneath instanceof KeyturnError) return other;
  return { path: beneath.place, takeAway: beneath.takeAway };
}
