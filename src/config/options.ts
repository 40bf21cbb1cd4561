// What functions take in their options, held at run time too: programs in JavaScript have no compiler, and an option
// that is not known would be ignored in silence. What stands there may be a secret: see unknown-name.ts.
import { KeyturnError } from '../errors.js';
import { listOf } from '../printable.js';
import { nearest } from './nearest.js';
import { mayBeShown } from './unknown-name.js';

/** The names of all options of `O`; the compiler sees to it that none is left out. */
export type OptionNames<O> = { readonly [Name in keyof O]-?: true };

/** What to write instead of names that are known from elsewhere. */
export type OptionHints = Readonly<Record<string, string>>;

/** Names of other libraries, and what the same thing is called here. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  aud: ['audience'],
  connection: ['client', 'pool'],
  client: ['pool'],
  contentType: ['type'],
  context: ['bind'],
  directory: ['folder'],
  expires: ['maxAge'],
  expiresIn: ['maxAge'],
  expiry: ['maxAge'],
  iss: ['issuer'],
  keyPrefix: ['prefix'],
  lifetime: ['maxAge'],
  log: ['logger'],
  nbf: ['notBefore'],
  now: ['clock'],
  pool: ['client'],
  reason: ['why'],
  redis: ['client'],
  root: ['cwd'],
  sub: ['subject'],
  tableName: ['table'],
  timeToLive: ['maxAge'],
  ttl: ['maxAge'],
};

/** Whether these are options that a function knows. */
export function fits(given: unknown, known: Readonly<Record<string, true>>): boolean {
  if (given === undefined) return true;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  for (const name in given) if (isUnknown(given, name, known)) return false;
  return true;
}

/**
 * Inherited ones count, since options may be of a class. Those of every object do not: code elsewhere that puts a name
 * on `Object.prototype`, by a mistake or an attack, must not stop signing.
 */
function isUnknown(given: object, name: string, known: Readonly<Record<string, true>>): boolean {
  return (
    !Object.hasOwn(known, name) && (Object.hasOwn(given, name) || !Object.hasOwn(Object.prototype, name))
  );
}

/**
 * Refuses options that a function does not know.
 *
 * @param given whatever stands in the place of the options; undefined: none
 * @param call the function, as a programmer writes it: `signer.sign(payload, options)`
 * @param known see {@link OptionNames}
 * @throws KeyturnError `argument_invalid`
 */
export function requireOptions(
  given: unknown,
  call: string,
  known: Readonly<Record<string, true>>,
  hints: OptionHints = {},
): void {
  if (fits(given, known)) return;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new KeyturnError(
      'argument_invalid',
      `${call} takes its options as an object`,
      `write { ${Object.keys(known)[0]}: … }; it knows ${namesOf(known)}`,
    );
  }
  for (const name in given) if (isUnknown(given, name, known)) throw unknownOption(name, call, known, hints);
}

function unknownOption(
  name: string,
  call: string,
  known: Readonly<Record<string, true>>,
  hints: OptionHints,
): KeyturnError {
  const names = Object.keys(known);
  const hint = Object.hasOwn(hints, name) ? hints[name] : undefined;
  const synonyms = Object.hasOwn(SYNONYMS, name) ? (SYNONYMS[name] as readonly string[]) : [];
  const near = synonyms.find((synonym) => names.includes(synonym)) ?? nearest(name, names);
  // Names that other libraries use are not secrets, and neither are slips in our own.
  const shown = hint !== undefined || synonyms.length > 0 || mayBeShown(name, near);
  return new KeyturnError(
    'argument_invalid',
    shown
      ? `${call} has no option "${name}"`
      : `${call} has an option that it does not know; its name is not shown, since it may be a secret`,
    hint ?? (near === undefined ? `it knows ${namesOf(known)}` : meaning(near)),
  );
}

function meaning(name: string): string {
  return name === 'maxAge'
    ? 'write maxAge: a number of seconds, or a text such as "15min" or "3h"'
    : `write ${name}`;
}

function namesOf(known: Readonly<Record<string, true>>): string {
  const names = Object.keys(known);
  return names.length === 1 ? `only ${names[0]}` : listOf(names);
}

/**
 * @param what as in "the option epoch"
 * @throws KeyturnError `argument_invalid`
 */
export function requireFunction(given: unknown, what: string, hint: string): void {
  if (given === undefined || typeof given === 'function') return;
  throw new KeyturnError('argument_invalid', `${what} is not a function`, hint);
}

/** The longest that a timer waits, in milliseconds: of more it makes 1. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/**
 * A time that a timer waits.
 *
 * @param what as in "the option timeout"
 * @throws KeyturnError `argument_invalid` for anything but a number of milliseconds from 1 to 2,147,483,647
 */
export function requireMilliseconds(given: unknown, what: string): number {
  if (typeof given === 'number' && given >= 1 && given <= LONGEST_TIMER) return given;
  throw new KeyturnError(
    'argument_invalid',
    `${what} is not a number of milliseconds from 1 to 2,147,483,647`,
    'write milliseconds: 5000 for five seconds',
  );
}

/**
 * A number of things, whole.
 *
 * @param what as in "the option limit of memoryStore()"
 * @param hint what to write
 * @throws KeyturnError `argument_invalid` for anything but a whole number from `least` on
 */
export function requireCount(given: unknown, what: string, least: number, hint: string): number {
  if (Number.isSafeInteger(given) && (given as number) >= least) return given as number;
  throw new KeyturnError('argument_invalid', `${what} is not a whole number from ${least} on`, hint);
}
