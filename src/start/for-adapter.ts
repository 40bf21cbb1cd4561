// What every adapter is given: a Keyturn that was made before, or the options of one, which the adapter then makes.
import { fits, type OptionHints, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { Keyturn } from '../keyturn.js';
import { KEYTURN_OPTIONS, type KeyturnOptions } from './options.js';
import { createKeyturn } from './start.js';

/** How an adapter takes its options. */
export interface AdapterCall {
  /** As a programmer writes it, with `options` in it: `register(keyturn, options)`. */
  readonly call: string;
  /** The names of all options, those of `createKeyturn()` among them. */
  readonly known: Readonly<Record<string, true>>;
  /** What to write in the place of options that other libraries have. */
  readonly hints: () => Promise<OptionHints>;
}

/**
 * The Keyturn for an adapter.
 *
 * @param defaults options for one that is made here, below those that are given
 * @returns `isOwn`: it was made here, and is the adapter's to close
 * @throws KeyturnError `argument_invalid`, and all that {@link createKeyturn} throws
 */
export async function keyturnForAdapter(
  given: KeyturnOptions & { readonly keyturn?: Keyturn },
  { call, known, hints }: AdapterCall,
  defaults: KeyturnOptions = {},
): Promise<{ readonly keyturn: Keyturn; readonly isOwn: boolean }> {
  const { keyturn, options } = givenParts(given, call, known, fits(given, known) ? {} : await hints());
  if (keyturn !== undefined) return { keyturn, isOwn: false };
  return { keyturn: await createKeyturn({ ...defaults, ...options }), isOwn: true };
}

/** What an adapter was given: a Keyturn, or the options of one. @throws KeyturnError `argument_invalid` */
export function givenParts(
  given: KeyturnOptions & { readonly keyturn?: Keyturn },
  call: string,
  known: Readonly<Record<string, true>>,
  hints: OptionHints,
): { readonly keyturn: Keyturn | undefined; readonly options: KeyturnOptions } {
  if (typeof (given as Partial<Keyturn>).signer === 'function')
    throw new KeyturnError(
      'argument_invalid',
      'a keyturn was given in the place of options',
      `write ${call.replace('options', '{ keyturn: kt }')}`,
    );
  requireOptions(given, call, known, hints);
  const forKeyturn = Object.entries(given).filter(([name]) => Object.hasOwn(KEYTURN_OPTIONS, name));
  const [twice] = forKeyturn;
  if (given.keyturn !== undefined && twice !== undefined)
    throw new KeyturnError(
      'argument_invalid',
      `a keyturn was given, and beside it ${twice[0]}, which would do nothing`,
      `give ${twice[0]} to createKeyturn`,
    );
  return { keyturn: given.keyturn, options: Object.fromEntries(forKeyturn) };
}
