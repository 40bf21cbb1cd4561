// What JSON changes in silence: a date comes back as a text, a map as an empty object, a function not at all.

/** Something in a session that comes back otherwise than it was put in. */
interface Loss {
  /** As a program writes it: `session.cart[0].at`. */
  readonly path: string;
  readonly kind: string;
  readonly becomes: string;
  readonly hint: string;
}

/** Deeper than anything that fits into a session; what holds itself has been refused before. */
const DEEPEST = 50;

/** The first loss in a value, or undefined. */
export function lossIn(value: unknown, path: string, depth = 0): Loss | undefined {
  const loss = lossOf(value);
  if (loss !== undefined) return { path, ...loss };
  if (typeof value !== 'object' || value === null || depth >= DEEPEST) return undefined;
  // What says itself how it is kept does so on purpose.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined;
  for (const key of Object.keys(value)) {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    const step = Array.isArray(value) ? `[${key}]` : `.${key}`;
    const found = lossIn(inner, path + step, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lossOf(value: unknown): Omit<Loss, 'path'> | undefined {
  if (value instanceof Date)
    return { kind: 'a Date', becomes: 'finds a text', hint: 'keep date.getTime(), or date.toISOString()' };
  if (value instanceof Map || value instanceof Set)
    return { kind: 'a Map or Set', becomes: 'finds an empty object', hint: 'keep an array: [...entries]' };
  if (ArrayBuffer.isView(value))
    return { kind: 'bytes', becomes: 'finds an object', hint: 'keep a text: bytes.toString("base64url")' };
  if (value instanceof RegExp || value instanceof Promise)
    return { kind: 'an object of its own kind', becomes: 'finds an empty object', hint: 'keep plain values' };
  if (typeof value === 'function' || typeof value === 'symbol')
    return { kind: `a ${typeof value}`, becomes: 'finds nothing', hint: 'keep plain values' };
  if (typeof value === 'number' && !Number.isFinite(value))
    return { kind: String(value), becomes: 'finds null', hint: 'look where it was computed' };
  return undefined;
}
