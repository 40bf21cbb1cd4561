// Searches whatever a program emits for planted secrets, in every form in which they could show.
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { type KeyUse, Material } from '../../src/keyring/key.js';

/** So many characters of a secret in a row, or of an encoding of it, are a leak. */
const CHARACTERS = 12;
/** So many bytes of a secret in a row, written as numbers. */
const BYTES = 9;

const USES: readonly KeyUse[] = ['sign', 'seal', 'bind', 'jwt', 'ring', 'bridge'];
const PURPOSES = [
  'session',
  'csrf',
  'csrf-id',
  'flash',
  'password-reset',
  'email-verification',
  'invitation',
  'jwt',
  'refresh',
  'url',
  'wrap',
];

/** A name for what was found, by each piece that gives it away. */
type Pieces = Map<string, string>;

/** Looks for secrets and for the keys derived from them. What it finds it names, and never repeats. */
export class LeakSearch {
  readonly #texts: Pieces = new Map();
  readonly #numbers: Pieces = new Map();

  /**
   * @param secrets by what they are called: "the current secret"
   * @param days whose daily keys are searched for too, such as "2026-01-31"
   */
  constructor(secrets: Readonly<Record<string, string>>, days: readonly string[]) {
    for (const [name, secret] of Object.entries(secrets)) {
      this.#addText(secret, name);
      this.#addText(encodeURIComponent(secret), name);
      this.#addBytes(Buffer.from(secret), name);
      if (/^([0-9a-f]{2})+$/i.test(secret)) this.#addBytes(Buffer.from(secret, 'hex'), `${name}, decoded`);
      const material = new Material(secret);
      this.#addDerived(material, name);
      for (const day of days) this.#addDerived(material.child(day), `${name} on ${day}`);
    }
  }

  /** The names of what shows in a text; empty when nothing does. */
  find(text: string): readonly string[] {
    const found = new Set<string>();
    const lower = text.toLowerCase();
    // `<Buffer 61 62>`, `61:62`, `\x61\x62`, texts broken over lines: what stands between is taken out.
    const joined = lower.replace(/['"]\s*\+\s*['"]/g, '').replace(/\\x|\\u00|[\s,:;%"'\\]/g, '');
    for (const candidate of [lower, joined]) {
      for (let at = 0; at + CHARACTERS <= candidate.length; at++) {
        const name = this.#texts.get(candidate.slice(at, at + CHARACTERS));
        if (name !== undefined) found.add(name);
      }
    }
    // `[97, 98]`, `{"0":97,"1":98}`, and arrays of bytes as `inspect` sets them out.
    const numbers = text.replace(/["']?\d+["']?:/g, ' ').match(/\d+/g) ?? [];
    for (let at = 0; at + BYTES <= numbers.length; at++) {
      const name = this.#numbers.get(numbers.slice(at, at + BYTES).join());
      if (name !== undefined) found.add(name);
    }
    return [...found];
  }

  #addDerived(material: Material, name: string): void {
    for (const use of USES) {
      for (const purpose of PURPOSES) {
        const derived = Buffer.from(material.derive(use, purpose));
        const what = `the ${use} key for ${purpose} of ${name}`;
        this.#addBytes(derived, what);
        // What an HMAC keeps of its key (RFC 2104): its bytes flipped.
        this.#addBytes(Buffer.from(derived.map((byte) => byte ^ 0x36)), `${what}, inner pad`);
        this.#addBytes(Buffer.from(derived.map((byte) => byte ^ 0x5c)), `${what}, outer pad`);
      }
    }
  }

  #addBytes(bytes: Buffer, name: string): void {
    this.#addText(bytes.toString('latin1'), name);
    this.#addText(bytes.toString('hex'), name);
    for (const encoding of ['base64', 'base64url'] as const) {
      // Inside a longer text base64 comes in three forms. The outer characters depend on the neighbours.
      for (const offset of [0, 1, 2]) {
        const text = Buffer.concat([Buffer.alloc(offset), bytes])
          .toString(encoding)
          .replace(/=+$/, '');
        this.#addText(text.slice(offset === 0 ? 0 : offset + 1, -1), name);
      }
    }
    for (let at = 0; at + BYTES <= bytes.length; at++)
      this.#numbers.set([...bytes.subarray(at, at + BYTES)].join(), name);
  }

  #addText(text: string, name: string): void {
    const lower = text.toLowerCase();
    for (let at = 0; at + CHARACTERS <= lower.length; at++) {
      const piece = lower.slice(at, at + CHARACTERS);
      if (!this.#texts.has(piece)) this.#texts.set(piece, name);
    }
  }
}

const DEEP = {
  depth: null,
  showHidden: true,
  getters: true,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Number.POSITIVE_INFINITY,
} as const;

/** A value in every way in which programs print, store and pass on values. */
export function everyFormOf(value: unknown): string {
  const forms: Array<() => unknown> = [
    () => inspect(value, DEEP),
    () => inspect(value),
    () => format('%s %o %O %j', value, value, value, value),
    () => String(value),
    () => `${value}`,
    () => JSON.stringify(value),
    () => inspect(structuredClone(value), DEEP),
    () => serialize(value).toString('latin1'),
    () => inspect({ ...(value as object) }, DEEP),
    () => inspect(Object.getOwnPropertyDescriptors(value), DEEP),
  ];
  const written = forms.map((form) => {
    try {
      return String(form());
    } catch (error) {
      // A function in it cannot be cloned: what the refusal says is printed as well.
      return inspect(error, DEEP);
    }
  });
  if (value instanceof Error) {
    const { message, stack, cause, hint } = value as Error & { readonly hint?: string };
    written.push(message, stack ?? '', hint ?? '', JSON.stringify({ ...value, message, stack, hint }));
    if (cause !== undefined) written.push(everyFormOf(cause));
  }
  return written.join('\n');
}
