// What a file in the folder of reports may hold. Another version may have written it, or a hand: what is not as it
// should be counts for nothing, since a number that is none would turn every comparison with a moment false.

import { LONGEST_LIFETIME } from '../config/value.js';
import { INSTANCE_NAME } from '../disk/identity.js';
import { LAST_MOMENT } from '../forms.js';

/** The most that is read of one file. */
export const LIMIT_BYTES: number = 256 * 1024;
/** Of a text that is shown to an operator. */
const LONGEST_TEXT = 4096;

type Shape = (value: unknown) => boolean;

/** A JSON object; undefined when it is none. */
export function readJson(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds since 1970; 0 stands for never. */
export const isMoment: Shape = (value) => isCount(value) && (value as number) <= LAST_MOMENT;

export const isMark: Shape = (value) => typeof value === 'string' && /^[\w-]{16}$/.test(value);

export const isInstance: Shape = (value) => typeof value === 'string' && INSTANCE_NAME.test(value);

/** A short line of text, which can be shown. */
export const isLine: Shape = (value) =>
  typeof value === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u.test(value);

/** Any text that is not too long; whoever shows it escapes it. */
export const isText: Shape = (value) => typeof value === 'string' && value.length <= LONGEST_TEXT;

export const isCount: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whole seconds: a document holds no others. */
export const isDuration: Shape = (value) => isCount(value) && (value as number) <= LONGEST_LIFETIME;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether every field has its shape. Further fields may be there: a newer version may say more. */
export function hasShape(value: unknown, shape: Readonly<Record<string, Shape>>): boolean {
  return isRecord(value) && Object.entries(shape).every(([name, fits]) => fits(value[name]));
}

export function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

export function listOf(shape: Shape, most: number): Shape {
  return (value) => Array.isArray(value) && value.length <= most && value.every(shape);
}
