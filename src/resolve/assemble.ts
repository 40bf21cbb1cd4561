// From the text that the ladder found, and its companions, to a keyring in which every key has been judged.

import type { Settings } from '../config/layers.js';
import type { Profile } from '../config/profile.js';
import { variableOf } from '../config/settings.js';
import { isQuoted } from '../config/value.js';
import { KeyturnError } from '../errors.js';
import { isKid, parseJson } from '../formats.js';
import { looksLikeDocument } from '../keyring/document-text.js';
import { Key, type KeyState, Material } from '../keyring/key.js';
import { Keyring } from '../keyring/keyring.js';
import { Rare } from '../process/awaited.js';
import { type Judge, weakness } from '../secret/counted.js';
import type { Source } from '../secret/find-secret.js';
import { cleanSecret, looksLikeArray, parseSecretArray } from '../secret/text.js';
import type { ProblemArea, Problems } from './problem.js';
import { strengthBy, WeakKeyExceptions } from './weak-keys.js';

/** What only those need who have a document. */
export const documents: Rare<typeof import('../keyring/document.js')> = new Rare(
  () => import('../keyring/document.js'),
);

/** The three things a source can hold. */
export type SourceFormat = 'secret' | 'array' | 'document';

const PREVIOUS = 'security.signing_secret.previous_secrets';
const NEXT = 'security.signing_secret.next_secrets';
const REVOKED = 'security.signing_secret.revoked_kids';
const COMPANIONS = [PREVIOUS, NEXT, REVOKED] as const;

/** What keys are judged by, and where what is wrong with them goes. */
interface Judging {
  readonly settings: Settings;
  readonly profile: Profile;
  readonly now: number;
  readonly problems: Problems;
  /** Ids of keys that this process holds already: strength is judged at a start, never of a ring in force. */
  readonly running: ReadonlySet<string> | undefined;
  readonly judge: Judge;
}

/** What the keys of a ring are called in errors: the place each came from, by key id. */
type Places = Map<string, string>;

/**
 * Builds the keyring in force. Whatever is wrong goes to `problems`; the keyring is undefined when it cannot
 * be built at all.
 */
export function assembleKeyring(
  source: Source,
  text: string,
  judging: Judging,
): { readonly format: SourceFormat; readonly keyring: Keyring | undefined } {
  const { settings, problems } = judging;
  const where = source.kind === 'file' ? `${source.path} (from ${source.name})` : source.name;
  const places: Places = new Map();
  let format: SourceFormat = 'secret';
  const keyring = problems.attempt('signing_secret', () => {
    format = formatOf(source, text, where);
    if (format === 'document') {
      refuseCompanions(settings, where);
      return documents.module.parseDocument(text, where);
    }
    const secrets = format === 'array' ? parseSecretArray(text, where) : [text];
    return ringOfSecrets(secrets, where, judging, places);
  });
  if (keyring !== undefined) judgeKeys(keyring, places, where, judging);
  return { format, keyring };
}

function formatOf(source: Source, text: string, where: string): SourceFormat {
  const format = looksLikeDocument(text) ? 'document' : looksLikeArray(text) ? 'array' : 'secret';
  if (['file', 'command', 'binding'].includes(source.kind)) return format;
  if (format !== 'secret' && parseJson(text) !== undefined) {
    throw new KeyturnError(
      'secret_malformed',
      `${where} holds JSON, where one secret belongs`,
      `give the newest secret there and the others in ${variableOf(PREVIOUS)}, or put the JSON into a file and name it in ${variableOf('security.signing_secret.file')}`,
    );
  }
  return 'secret';
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

/** Docker's `--env-file` and others leave them where they are; where a shell reads the same line, they are gone. */
function quoted(where: string): KeyturnError {
  return new KeyturnError(
    'secret_malformed',
    `${where} has quotation marks around it, which count as part of the secret`,
    'take them out before anything is signed with it; where tokens of it are alive, leave them in everywhere until it is rotated',
  );
}

/** A ring of single secrets and their companions. The first is active; one that comes again is told and left out. */
function ringOfSecrets(
  found: readonly string[],
  where: string,
  { settings, problems }: Judging,
  places: Places,
): Keyring {
  const keys = new Map<string, Key>();
  const add = (
    secrets: readonly string[],
    place: (nth: number) => string,
    stateOf: (nth: number) => KeyState,
  ) => {
    for (const [index, secret] of secrets.entries()) {
      const name = place(index + 1);
      const material = new Material(cleanSecret(secret, name));
      if (isQuoted(material.revealSecret())) problems.warn('keyring', quoted(name));
      const before = places.get(material.kid);
      if (before !== undefined) {
        const what = `${name} is the same secret as ${before}`;
        problems.warn('keyring', new KeyturnError('keyring_invalid', what, 'keep each secret once'));
        continue;
      }
      places.set(material.kid, name);
      keys.set(material.kid, new Key(material, stateOf(index + 1)));
    }
  };
  const companion = (name: typeof PREVIOUS | typeof NEXT, state: KeyState) => {
    const origin = settings.origin(name);
    const from = origin?.layer === 'variable' ? origin.name : `${name} in ${origin?.name}`;
    add(
      settings.get(name),
      (nth) => `secret ${nth} of ${from}`,
      () => state,
    );
  };
  const nthOf = (nth: number) => (found.length > 1 ? `secret ${nth} of ${where}` : where);
  add(found, nthOf, (nth) => (nth === 1 ? 'active' : 'retiring'));
  companion(PREVIOUS, 'retiring');
  companion(NEXT, 'staged');
  for (const kid of settings.get(REVOKED)) {
    requireRevocable(kid, keys, settings.origin(REVOKED)?.name ?? REVOKED);
    keys.set(kid, new Key(kid, 'revoked'));
  }
  return new Keyring([...keys.values()]);
}

function requireRevocable(kid: string, keys: ReadonlyMap<string, Key>, where: string): void {
  if (!isKid(kid))
    throw new KeyturnError(
      'keyring_invalid',
      `${where} names something that is not a key id`,
      'a key id is 8 characters, as keyturn doctor and keyturn inspect show it',
    );
  if (keys.get(kid)?.state === 'active')
    throw new KeyturnError(
      'keyring_invalid',
      `${where} revokes ${kid}, the key that signs`,
      'provide a new signing secret (keyturn generate) in the same step',
    );
}

/** Judges every key that can sign or verify. A weak one is an error in production and a warning elsewhere. */
function judgeKeys(keyring: Keyring, places: Places, source: string, judging: Judging): void {
  const { settings, profile, now, problems, running, judge } = judging;
  const exceptions = new WeakKeyExceptions(keyring, settings, now, judge);
  if (running === undefined) exceptions.tellTooLong(problems, areaOf);
  const tell = (area: ProblemArea, error: KeyturnError) =>
    profile === 'prod' ? problems.error(area, error) : problems.warn(area, error);
  const lacking = judge.lacking();
  if (lacking !== undefined) tell('signing_secret', lacking);
  for (const key of keyring.live) {
    // A process that holds it goes on: refusing the next ring for its sake would keep every step from it.
    if (running?.has(key.id) === true) continue;
    const strength = strengthBy(judge, key);
    if (strength.enough) continue;
    const place = places.get(key.id) ?? `the ${key.state} key ${key.id} in ${source}`;
    const until = exceptions.of(key);
    const what = `${place} is too weak: ${weakness(strength)}`;
    if (until === undefined) {
      tell(areaOf(key), new KeyturnError('secret_weak', what, weakHint(key, places, source, exceptions)));
    } else {
      const accepted = `${what} (accepted until ${new Date(until).toISOString().slice(0, 10)})`;
      const hint = key.state === 'active' ? 'promote the staged key' : `retire ${key.id}`;
      problems.warn(areaOf(key), new KeyturnError('secret_weak', accepted, `${hint} before then`));
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
