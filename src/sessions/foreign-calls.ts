// Calls of a session's methods as other libraries have them: each is refused with what to write here.
import { type OptionNames, requireOptions } from '../config/options.js';
import { KeyturnError } from '../errors.js';
import type { ELSEWHERE, NOT_HERE } from './data.js';
import type { RegenerateOptions } from './session.js';

const REGENERATE_OPTIONS: OptionNames<RegenerateOptions> = { keep: true, epoch: true };

const INSTEAD: Readonly<Record<(typeof ELSEWHERE)[number], string>> = {
  save: 'what has changed is saved before the response goes out; await session.update(fn) saves at once',
  touch: 'a session in use is extended by itself',
  reload: 'await session.update(fn) works on what is stored by then',
  resetMaxAge: 'a session in use is extended by itself',
};

export function notNeeded(name: keyof typeof INSTEAD): KeyturnError {
  return wrong(`session.${name}() is not needed: ${INSTEAD[name]}`, INSTEAD[name]);
}

const SAID_ELSEWHERE: Readonly<Record<(typeof NOT_HERE)[number], string>> = {
  cookie:
    'how the cookie is made is set under [session.cookie], and how long it lives by idle and max_age under [session]; session.remember() gives one session a longer life',
  sessionId: 'write session.id',
};

export function notHere(name: keyof typeof SAID_ELSEWHERE): KeyturnError {
  return wrong(`there is no session.${name}: ${SAID_ELSEWHERE[name]}`, SAID_ELSEWHERE[name]);
}

const FIXED = {
  id: 'write session.regenerate() for a new one',
  isNew: 'keep data under another name',
  expiresAt: 'write session.remember() for a session that lives longer',
};

export function cannotBeSet(name: keyof typeof FIXED): KeyturnError {
  return wrong(`session.${name} cannot be set`, FIXED[name]);
}

/** @throws KeyturnError `argument_invalid` */
export function regenerateOptions(given: readonly unknown[]): RegenerateOptions {
  const [options, ...more] = given;
  if (typeof options === 'function' || more.length > 0) throw misread(given, 'regenerate');
  if (isNames(options)) return { keep: options };
  if (Array.isArray(options))
    throw wrong('regenerate() was given a list of something else than names', KEEP_HINT);
  requireOptions(options, 'regenerate(options)', REGENERATE_OPTIONS);
  const { keep } = (options ?? {}) as RegenerateOptions;
  if (keep === undefined || typeof keep === 'boolean' || isNames(keep))
    return (options ?? {}) as RegenerateOptions;
  throw wrong('keep is not a list of names, true or false', KEEP_HINT);
}

/**
 * What `remember` was given; true where that is nothing at all. A box that is not ticked is not in the form: what is
 * undefined, null or empty must not remember.
 *
 * @throws KeyturnError `argument_invalid`
 */
export function rememberLength(given: readonly unknown[]): boolean | number | string {
  if (given.length === 0) return true;
  const [length] = given;
  if (given.length > 1 || typeof length === 'function') throw misread(given, 'remember');
  if (length === undefined || length === null || length === '')
    throw wrong(
      'session.remember() was given nothing, as by a box that is not ticked',
      'write if (body.remember) session.remember(); for as long as session.remember allows, or give it a length, true or false',
    );
  return length as boolean | number | string;
}

const KEEP_HINT = 'write regenerate({ keep: ["cart"] }), or keep: true for all';

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

const HINTS = {
  regenerate: KEEP_HINT,
  destroy: 'write session.destroy()',
  remember: 'write session.remember(), or session.remember("14d")',
};

/** A callback, as express-session takes one: it would never be called. */
export function misread(
  given: readonly unknown[],
  method: 'regenerate' | 'destroy' | 'remember',
): KeyturnError {
  return given.some((each) => typeof each === 'function')
    ? wrong(
        `session.${method}() takes no callback: it is done when it returns`,
        `write session.${method}(), and go on in the next line`,
      )
    : wrong(`${method}() was given more than it takes`, HINTS[method]);
}

const CALLS = {
  get: ['get(name)', 'one property is session.name or session.get(name); all of them are { ...session }'],
  set: ['set(name, value)', 'write Object.assign(session, values) for several at once'],
  delete: ['delete(name)', 'to end the session write session.destroy()'],
} as const;

export function withoutName(method: keyof typeof CALLS): KeyturnError {
  const [call, hint] = CALLS[method];
  return wrong(`session.${call} was called without a name: ${hint}`, hint);
}

export function withoutValue(): KeyturnError {
  return wrong('set() takes a name and a value', 'write session.set(name, value), or session.name = value');
}

function wrong(message: string, hint: string): KeyturnError {
  return new KeyturnError('argument_invalid', message, hint);
}
