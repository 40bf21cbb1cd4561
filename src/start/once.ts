// One Keyturn for each process, for adapters that are called while a module is evaluated. Frameworks evaluate a module
// more than once: on every edit in development, and in production once for each part of an app that is bundled by itself.
// A Keyturn for each time would follow keys, report itself and open connections as often.
import { isDeepStrictEqual } from 'node:util';
import { rarely } from '#rarely';
import type { HintsName } from '../config/foreign-options.js';
import { fits } from '../config/options.js';
import { internalsOf, type Keyturn } from '../keyturn.js';
import { givenParts } from './for-adapter.js';
import { startInPlace } from './in-place.js';
import type { KeyturnOptions } from './options.js';

/** A Keyturn that may still be starting. */
export interface StartingKeyturn {
  /** It rejects with what could not be known at once: where nobody handles that, it ends the process. */
  readonly ready: Promise<Keyturn>;
  /** Closes it, if the adapter has made it. */
  close(): Promise<void>;
}

/** How an adapter takes its options: see `AdapterCall`. */
interface SyncCall {
  readonly call: string;
  readonly known: Readonly<Record<string, true>>;
  /** Their name among those that are loaded where somebody needs them. */
  readonly hints: HintsName;
}

/**
 * The Keyturn for an adapter that cannot wait: one that was given, one that this process has already by the same options,
 * or a new one.
 *
 * @throws KeyturnError `argument_invalid`, and what stops a start and can be known at once
 */
export function keyturnInProcess(
  given: KeyturnOptions & { readonly keyturn?: Keyturn },
  { call, known, hints }: SyncCall,
  defaults: (given: KeyturnOptions) => KeyturnOptions = (options) => options,
): StartingKeyturn {
  const told = fits(given, known) ? {} : rarely().foreignOptions.hintsFor(hints, given);
  const { keyturn, options } = givenParts(given, call, known, told);
  if (keyturn !== undefined) return { ready: Promise.resolve(keyturn), close: async () => {} };
  return ofThisProcess()(defaults(options), startInPlace);
}

type Start = (options: KeyturnOptions) => Promise<Keyturn>;

interface Started extends StartingKeyturn {
  readonly options: KeyturnOptions;
}

/** Every copy of this package in the process knows it, if it is of the same version: a test compares with package.json. */
const IN_PROCESS = Symbol.for('keyturn/in-process@0.1.0');

type InProcess = (options: KeyturnOptions, start: Start) => StartingKeyturn;

/** A function, so that nobody who prints it sees the options: they may hold an environment with a secret. */
function ofThisProcess(): InProcess {
  const shared = globalThis as { [IN_PROCESS]?: InProcess };
  if (shared[IN_PROCESS] === undefined) Object.defineProperty(shared, IN_PROCESS, { value: newRegistry() });
  return shared[IN_PROCESS] as InProcess;
}

function newRegistry(): InProcess {
  const all = new Set<Started>();
  return (options, start) => {
    for (const one of all) if (sameKeyturn(one.options, options)) return one;
    const ready = start(options).catch((error) => {
      // The next evaluation tries again: what was wrong may have been put right.
      all.delete(started);
      throw error;
    });
    const started: Started = {
      options,
      ready,
      close: async () => {
        all.delete(started);
        const keyturn = await ready.catch(() => undefined);
        await keyturn?.close();
      },
    };
    all.add(started);
    // Whoever closes it by itself has none either.
    ready.then(
      (keyturn) => internalsOf(keyturn).onClose.add(() => all.delete(started)),
      () => {},
    );
    return started;
  };
}

/**
 * Whether two calls mean one Keyturn. A logger is made anew with each evaluation and goes for the same; a client may lead
 * to another database, and a clock is a test's own.
 */
function sameKeyturn(one: KeyturnOptions, other: KeyturnOptions): boolean {
  const facts = ({ cwd, env, profile, config }: KeyturnOptions) => ({ cwd, env, profile, config });
  return (
    one.clock === other.clock &&
    one.clients?.redis === other.clients?.redis &&
    one.clients?.postgres === other.clients?.postgres &&
    isDeepStrictEqual(facts(one), facts(other))
  );
}
