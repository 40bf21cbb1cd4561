// The data of a session: which names it can have, and how it becomes text.
import { KeyturnError } from '../errors.js';
import { fromJson } from '../signing/token.js';
import type { Session, SessionControls, SessionValues } from './session.js';

export type Values = Readonly<Record<string, unknown>>;

const METHODS: { readonly [Name in keyof SessionControls]: true } = {
  id: true,
  isNew: true,
  expiresAt: true,
  remember: true,
  regenerate: true,
  destroy: true,
  update: true,
  get: true,
  set: true,
  delete: true,
};

/** Methods of other libraries' sessions, and what else those have: `foreign-calls.ts` says what to write here. */
export const ELSEWHERE = ['save', 'touch', 'reload', 'resetMaxAge'] as const;
export const NOT_HERE = ['cookie', 'sessionId'] as const;

const RESERVED: ReadonlySet<string> = new Set([
  ...Object.keys(METHODS),
  ...ELSEWHERE,
  ...NOT_HERE,
  'constructor',
  'toJSON',
  '__proto__',
]);

export function isReserved(key: string): boolean {
  return RESERVED.has(key);
}

/** Puts data into a session object, replacing what it has. */
export function fill(session: Record<string, unknown>, data: Values): void {
  for (const key of Object.keys(session)) delete session[key];
  for (const key of Object.keys(data)) if (!isReserved(key)) session[key] = data[key];
}

/**
 * The data as JSON text.
 *
 * @throws KeyturnError `session_invalid` when it holds what JSON cannot carry, or a reserved name
 */
export function dataText(session: SessionValues): string {
  for (const key of Object.keys(session)) refuseReserved(key);
  try {
    return JSON.stringify(session);
  } catch (error) {
    throw new KeyturnError(
      'session_invalid',
      'the session holds what JSON cannot carry',
      'keep plain values in it: no BigInt, no object that holds itself',
      { cause: error },
    );
  }
}

/** The data that the app holds, as it would be saved. */
export function valuesOf(session: SessionValues): Record<string, unknown> {
  return fromJson(dataText(session))?.value as Record<string, unknown>;
}

/** @throws KeyturnError `session_invalid` */
export function refuseReserved(key: string): void {
  if (!isReserved(key)) return;
  throw new KeyturnError(
    'session_invalid',
    `"${key}" cannot be the name of data in a session`,
    'choose another name: methods of the session are called so',
  );
}

/** Whether there is anything to keep: undefined, a function or a symbol is nothing to JSON. */
export function isEmpty(session: Session): boolean {
  for (const key in session) if (isKept(session.get(key))) return false;
  return true;
}

function isKept(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}
