// The data of a session as it was loaded, or last saved. Most requests change nothing, and to compare values costs less than
// to write them as text.
import { dataText, type Values } from './data.js';
import type { SessionValues } from './session.js';

/** Characters. What is longer may be nested more deeply than a stack is: it is written to be compared. */
const LONGEST = 2048;

export class Base {
  /** As JSON text. */
  readonly text: string;
  /** Of that text, where whoever gets them gets copies. */
  readonly #values: Values | undefined;

  /** @param values of that text, which nobody changes from now on, as far as {@link isShared} says so */
  constructor(text: string, values?: Values) {
    this.text = text;
    this.#values = text.length > LONGEST ? undefined : values;
  }

  /** Whether many may have the values at once, since each gets copies. */
  get isShared(): boolean {
    return this.#values !== undefined;
  }

  /** Values to hand out. */
  given(values: Values): Values {
    return this.isShared ? (copyOf(values) as Values) : values;
  }

  /** A session's data as JSON text. @throws KeyturnError `session_invalid`, as {@link dataText} */
  textOf(session: SessionValues): string {
    return this.#values !== undefined && isAsCopied(session, this.#values) ? this.text : dataText(session);
  }
}

/** A copy of what `JSON.parse` has given, which takes a part of the time of parsing it again. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (const item of value) list.push(copyOf(item));
    return list;
  }
  // This copies "__proto__" as an own property, too: to set it then changes no prototype.
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) copy[key] = copyOf(copy[key]);
  return copy;
}

/**
 * Whether values would certainly be written as those that they were copied from. Of what is not a plain value it says no:
 * that has to be written to be known.
 */
function isAsCopied(values: Values, originals: Values): boolean {
  const keys = Object.keys(values);
  const known = Object.keys(originals);
  if (keys.length !== known.length) return false;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    // In their order, which the text has too.
    if (key !== known[at] || !isPlainCopy(values[key], originals[key])) return false;
  }
  return true;
}

function isPlainCopy(value: unknown, original: unknown): boolean {
  if (typeof original !== 'object' || original === null) return value === original;
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  if (!Array.isArray(original))
    return (
      Object.getPrototypeOf(value) === Object.prototype && isAsCopied(value as Values, original as Values)
    );
  if (!Array.isArray(value) || value.length !== original.length) return false;
  for (let at = 0; at < value.length; at++) if (!isPlainCopy(value[at], original[at])) return false;
  return true;
}
