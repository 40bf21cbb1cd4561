// What `foreign-calls.ts` says, for a worker, where each kilobyte counts: what is wrong, and where it stands what is right.
import { KeyturnError } from '../errors.js';
import type * as whole from './foreign-calls.js';
import type { RegenerateOptions } from './session.js';

const wrong = (what: string) => new KeyturnError('argument_invalid', what, 'docs/sessions.md');

const absent = (name: string) => wrong(`there is no session.${name}`);
export const notNeeded: typeof whole.notNeeded = absent;
export const notHere: typeof whole.notHere = absent;

const misused = (name: string) => wrong(`session.${name}() was given nothing it takes`);

export const cannotBeSet: typeof whole.cannotBeSet = (name) => wrong(`session.${name} cannot be set`);

export const misread: typeof whole.misread = (_given, name) => misused(name);
export const withoutName: typeof whole.withoutName = (name) => misused(name);
export const withoutValue: typeof whole.withoutValue = () => misused('set');

export const regenerateOptions: typeof whole.regenerateOptions = (given) => {
  const [first = {}] = given;
  const options = (Array.isArray(first) ? { keep: first } : first) as RegenerateOptions;
  const { keep = false } = options ?? {};
  // null has no keys to look at, and is not an answer: any text stands in for it that is none of the names.
  const isKnown = Object.keys(options ?? '?').every((name) => name === 'keep' || name === 'epoch');
  const isKept = Array.isArray(keep) ? keep.every((name) => typeof name === 'string') : keep === !!keep;
  if (given.length > 1 || typeof options !== 'object' || !isKnown || !isKept)
    throw misread(given, 'regenerate');
  return options;
};

export const rememberLength: typeof whole.rememberLength = (given) => {
  const [length] = given;
  const isThere = length !== undefined && length !== null && length !== '';
  if (given.length > 1 || !isThere || typeof length === 'function') throw misread(given, 'remember');
  return length as boolean;
};
