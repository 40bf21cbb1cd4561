// From the text that the ladder found, and its companions, to a keyring in which every key has been judged.

import type { Settings } from '../config/layers.js';
import type { Profile } from '../config/profile.js';
import { variableOf } from '../config/settings.js';
import { isQuoted } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { isKid } from '../forms.js';
import { looksLikeDocument } from '../keyring/document-text.js';
import { Key, type KeyState, Material } from '../keyring/key.js';
import { Keyring } from '../keyring/keyring.js';
import type { Source } from '../secret/ladder.js';
import { MINIMUM_BYTES } from '../secret/strength.js';
import { cleanSecret } from '../secret/text.js';
import { hasVocabulary, vocabularyMissing } from '../secret/vocabulary.js';
import type { ProblemArea, Problems } from './problem.js';
import { strengthOf, WeakKeyExceptions } from './weak-keys.js';

/** The three things a source can hold. */
export type SourceFormat = 'secret' | 'array' | 'document';

const PREVIOUS = 'security.signing_secret.previous_secrets';
const NEXT = 'security.signing_secret.next_secrets';
const REVOKED = 'security.signing_secret.revoked_kids';
const COMPANIONS = [PREVIOUS, NEXT, REVOKED] as const;

/** What keys are judged by, and where what is wrong with them goes. */
export interface Judging {
  readonly settings: Settings;
  readonly profile: Profile;
  readonly now: number;
  readonly problems: Problems;
  /** Ids of keys that this process holds already: strength is judged at a start, never of a ring in force. */
  readonly running: ReadonlySet<string> | undefined;
}

/** What the keys of a ring are called in errors: the place each came from, by key id. */
type Places = Map<string, string>;

/**
 * Builds the keyring in force. Whatever is wrong goes to `problems`; the keyring is undefined when it cannot
 * be built at all.
 */
export async function assembleKeyring(
  source: Source,
  text: string,
  judging: Judging,
): Promise<{ readonly format: SourceFormat; readonly keyring: Keyring | undefined }> {
  const { settings, problems } = judging;
  const where = source.kind === 'file' ? `${source.path} (from ${source.name})` : source.name;
  const places: Places = new Map();
  let format: SourceFormat = 'secret';
  const keyring = await problems.attemptAsync('signing_secret', async () => {
    format = formatOf(source, text, where);
    if (format === 'document') {
      refuseCompanions(settings, where);
      const { parseDocument } = await import('../keyring/document.js');
      return parseDocument(text, where);
    }
    const collector = new KeyCollector(places, problems);
    collector.add(format === 'array' ? readArray(text, where) : [text], 'active', () => where);
    addCompanions(collector, settings);
    return collector.keyring();
  });
  if (keyring !== undefined) judgeKeys(keyring, places, where, judging);
  return { format, keyring };
}

function formatOf(source: Source, text: string, where: string): SourceFormat {
  const array = looksLikeArray(text);
  if (source.kind === 'file' || source.kind === 'command') {
    return looksLikeDocument(text) ? 'document' : array ? 'array' : 'secret';
  }
  if ((array || looksLikeDocument(text)) && isJson(text)) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} holds JSON, where one secret belongs`,
      `give the newest secret there and the others in ${variableOf(PREVIOUS)}, or put the JSON into a file and name it in ${variableOf('security.signing_secret.file')}`,
    );
  }
  return 'secret';
}

export function looksLikeArray(text: string): boolean {
  return text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .startsWith('[');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The secrets in a JSON array. @throws KeyturnError `secret_malformed`, `secret_empty` */
export function readArray(text: string, where: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message would quote the secrets.
  }
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} begins like a JSON array of secrets, but is not one`,
      'write ["newest secret", "older secret"], each in double quotes',
    );
  }
  if (value.length === 0) {
    throw new KeyturnError(
      'secret_empty',
      `${where} is an array without a secret`,
      'put a secret there: keyturn generate prints one',
    );
  }
  return value;
}

function refuseCompanions(settings: Settings, where: string): void {
  const set = COMPANIONS.filter((name) => settings.get(name).length > 0);
  if (set.length === 0) return;
  throw new KeyturnError(
    'keyring_with_companions',
    `${where} is a keyring document, and ${set.map((name) => settings.origin(name)?.name).join(', ')} would add to it`,
    'a document holds all its keys and their states: take the other setting out',
  );
}

function addCompanions(collector: KeyCollector, settings: Settings): void {
  const place = (name: (typeof COMPANIONS)[number]) => (index: number) => {
    const origin = settings.origin(name);
    const what = origin?.layer === 'variable' ? origin.name : `${name} in ${origin?.name}`;
    return `secret ${index + 1} of ${what}`;
  };
  collector.add(settings.get(PREVIOUS), 'retiring', place(PREVIOUS));
  collector.add(settings.get(NEXT), 'staged', place(NEXT));
  for (const kid of settings.get(REVOKED)) collector.revoke(kid, settings.origin(REVOKED)?.name ?? REVOKED);
}

/** Docker's `--env-file` and others leave them where they are; where a shell reads the same line, they are gone. */
function quoted(where: string): KeyturnError {
  return new KeyturnError(
    'secret_malformed',
    `${where} has quotation marks around it, which count as part of the secret`,
    'take them out before anything is signed with it; where tokens of it are alive, leave them in everywhere until it is rotated',
  );
}

/** Collects keys from single secrets. The first is active; a secret that comes again is said and left out. */
class KeyCollector {
  readonly #keys = new Map<string, Key>();
  readonly #places: Places;
  readonly #problems: Problems;

  constructor(places: Places, problems: Problems) {
    this.#places = places;
    this.#problems = problems;
  }

  add(secrets: readonly string[], state: KeyState, place: (index: number) => string): void {
    for (const [index, secret] of secrets.entries()) {
      const nth =
        secrets.length > 1 && state === 'active' ? `secret ${index + 1} of ${place(index)}` : place(index);
      const material = new Material(cleanSecret(secret, nth));
      if (isQuoted(material.revealSecret())) this.#problems.warn('keyring', quoted(nth));
      const before = this.#places.get(material.kid);
      if (before !== undefined) {
        this.#problems.warn(
          'keyring',
          new KeyturnError(
            'keyring_invalid',
            `${nth} is the same secret as ${before}`,
            'keep each secret once',
          ),
        );
        continue;
      }
      this.#places.set(material.kid, nth);
      this.#keys.set(material.kid, new Key(material, state === 'active' && index > 0 ? 'retiring' : state));
    }
  }

  revoke(kid: string, where: string): void {
    if (!isKid(kid)) {
      throw new KeyturnError(
        'keyring_invalid',
        `${where} names something that is not a key id`,
        'a key id is 8 characters, as keyturn doctor and keyturn inspect show it',
      );
    }
    if (this.#keys.get(kid)?.state === 'active') {
      throw new KeyturnError(
        'keyring_invalid',
        `${where} revokes ${kid}, the key that signs`,
        'provide a new signing secret (keyturn generate) in the same step',
      );
    }
    this.#keys.set(kid, new Key(kid, 'revoked'));
  }

  keyring(): Keyring {
    return new Keyring([...this.#keys.values()]);
  }
}

/** Judges every key that can sign or verify. A weak one is an error in production and a warning elsewhere. */
function judgeKeys(keyring: Keyring, places: Places, source: string, judging: Judging): void {
  const { settings, profile, now, problems, running } = judging;
  const exceptions = new WeakKeyExceptions(keyring, settings, now);
  if (running === undefined) exceptions.tellTooLong(problems, areaOf);
  if (!hasVocabulary()) {
    if (profile === 'prod') problems.error('signing_secret', vocabularyMissing());
    else problems.warn('signing_secret', vocabularyMissing());
  }
  for (const key of keyring.live) {
    // A process that holds it goes on: refusing the next ring for its sake would keep every step from it.
    if (running?.has(key.id) === true) continue;
    const strength = strengthOf(key);
    if (strength.enough) continue;
    const place = places.get(key.id) ?? `the ${key.state} key ${key.id} in ${source}`;
    const until = exceptions.of(key);
    const what = `${place} is too weak: ${strength.bytes} of ${MINIMUM_BYTES} bytes count, since ${strength.why}`;
    if (until !== undefined) {
      problems.warn(
        areaOf(key),
        new KeyturnError(
          'secret_weak',
          `${what} (accepted until ${new Date(until).toISOString().slice(0, 10)})`,
          key.state === 'active' ? `let the staged key sign before then` : `retire ${key.id} before then`,
        ),
      );
    } else {
      const error = new KeyturnError('secret_weak', what, weakHint(key, places, source, exceptions));
      if (profile === 'prod') problems.error(areaOf(key), error);
      else problems.warn(areaOf(key), error);
    }
  }
}

function areaOf(key: Key): ProblemArea {
  return key.state === 'active' ? 'signing_secret' : 'keyring';
}

function weakHint(key: Key, places: Places, source: string, exceptions: WeakKeyExceptions): string {
  const latest = exceptions.latest(key);
  const excuse =
    latest === undefined
      ? undefined
      : `set accept_weak = [{ kid = "${key.id}", until = <before ${new Date(latest).toISOString()}> }] under [security.signing_secret]`;
  if (key.state === 'retiring') return `take it out, or, to rotate away from it, ${excuse}`;
  const replace = `replace ${places.get(key.id) ?? source} by the output of "keyturn generate"`;
  return excuse === undefined ? replace : `${replace}; until the staged key signs, ${excuse}`;
}
