// The old secrets of libraries that an app moves in from, or that stay beside Keyturn: `[move_in.<name>]`. Loaded where
// there are any.
import { dirname, resolve as resolvePath } from 'node:path';
import {
  FORMATS,
  type MoveInFormat,
  type MoveInPhase,
  type MoveInSettings,
  type OldSecret,
} from '../config/move-in.js';
import type { Profile } from '../config/profile.js';
import { shellQuote } from '../config/shell-quote.js';
import { bitsOfOthers } from '../disk/modes.js';
import { ownerOf, readNow, SOURCE_LIMIT } from '../disk/read.js';
import { KeyturnError } from '../errors.js';
import { Material } from '../keyring/key.js';
import { weakness } from '../secret/counted.js';
import { judge } from '../secret/strength.js';
import type { Machine } from './machine.js';
import type { Problems } from './problem.js';

/** An old secret as its library takes it. Whatever shows it shows no secret: see {@link Material}. */
export class OldKey {
  readonly kid: string;
  readonly #material: Material;
  readonly #isText: boolean;

  constructor(secret: string | Uint8Array) {
    this.#material = new Material(secret);
    this.#isText = typeof secret === 'string';
    this.kid = this.#material.kid;
  }

  get bytes(): Uint8Array {
    return this.#material.revealBytes();
  }

  get secret(): string | Uint8Array {
    return this.#isText ? this.#material.revealSecret() : this.bytes;
  }
}

/** A library whose cookies or tokens are accepted, and what it has signed them with so far. */
export interface MovingIn {
  readonly name: string;
  readonly format: MoveInFormat;
  /** The one that it signs with first. */
  readonly secrets: readonly OldKey[];
  readonly phase: MoveInPhase;
  /** When the old secrets are accepted no longer, in milliseconds since 1970; it counts in the phase `over`. */
  readonly until: number | undefined;
  /** Undefined: what the library calls it by itself. */
  readonly cookie: string | undefined;
}

const isFormat = (name: string): name is MoveInFormat => (FORMATS as readonly string[]).includes(name);

/** @param folder where relative paths of files begin that the program or a variable names */
export function readMoveIn(
  said: ReadonlyMap<string, MoveInSettings>,
  profile: Profile,
  machine: Machine,
  folder: string,
  problems: Problems,
): ReadonlyMap<string, MovingIn> {
  const found = new Map<string, MovingIn>();
  const now = machine.now();
  for (const [name, settings] of said) {
    const moving = problems.attempt('configuration', () => {
      const format = settings.format ?? name;
      if (!isFormat(format)) throw noFormat(name, settings);
      const { secrets, secretsFrom, phase = 'beside', until, cookie } = settings;
      // An empty list is said on purpose: forgotten, everybody would be signed out.
      if (secrets === undefined) throw noSecrets(name, settings);
      if (profile === 'prod') refuseOpenTexts(name, settings);
      const beginning = secretsFrom?.layer === 'file' ? dirname(secretsFrom.path) : folder;
      const texts = readTexts(secrets, name, machine, beginning, problems);
      if (texts === undefined) return undefined;
      const ending = { name, phase, until };
      tellWeak(ending, secrets, texts, now, (error) =>
        profile === 'prod' && until === undefined
          ? problems.error('configuration', error)
          : problems.warn('configuration', error),
      );
      if (profile === 'prod') tellEnd(ending, now, problems);
      const keys = texts.map((text, at) => keyOf(text, secrets[at]?.encoding, name));
      return { name, format, secrets: keys, phase, until, cookie };
    });
    if (moving !== undefined) found.set(name, moving);
  }
  return found;
}

function noFormat(name: string, { origin }: MoveInSettings): KeyturnError {
  return new KeyturnError(
    'config_invalid',
    `move_in.${name} in ${origin.name} does not say which library it is of`,
    `add format under [move_in.${name}]: one of ${FORMATS.join(', ')}`,
  );
}

function noSecrets(name: string, { origin }: MoveInSettings): KeyturnError {
  return new KeyturnError(
    'config_invalid',
    `move_in.${name} in ${origin.name} names no secrets`,
    `add secrets = [{ env = "SESSION_SECRET" }] under [move_in.${name}]: the variable that the library has got its secret from`,
  );
}

/** As the secrets of the past are: see config-secrets.ts. */
function refuseOpenTexts(name: string, { secrets = [], secretsFrom }: MoveInSettings): void {
  if (!secrets.some(({ text }) => text !== undefined)) return;
  const cure = `name the variable that holds it: secrets = [{ env = "SESSION_SECRET" }]`;
  const refuse = (what: string, hint: string) => {
    throw new KeyturnError('secret_in_config', `an old secret of move_in.${name} ${what}`, hint);
  };
  if (secretsFrom?.layer === 'program')
    refuse('stands in the program, where whoever reads its code can read it', cure);
  if (secretsFrom?.layer !== 'file') return;
  const owner = ownerOf(secretsFrom.path);
  if (owner === undefined || bitsOfOthers(owner.mode) !== 0)
    refuse(
      `stands in ${secretsFrom.name}, which others than its owner can read`,
      `${cure}, or chmod 600 ${shellQuote(secretsFrom.name)}`,
    );
}

/** The text as it stands: a library takes a space at its end for a part of it. */
function keyOf(text: string, encoding: OldSecret['encoding'], name: string): OldKey {
  if (encoding === undefined) return new OldKey(text);
  const bytes = Buffer.from(text, encoding);
  const isWhole =
    encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i.test(text) : /^[\w+/-]+={0,2}$/.test(text) && bytes.length > 0;
  if (isWhole) return new OldKey(bytes);
  throw new KeyturnError(
    'secret_malformed',
    `an old secret of move_in.${name} is not ${encoding === 'hex' ? 'an even number of hex digits' : 'base64'}`,
    `correct it, or take encoding out of [move_in.${name}]`,
  );
}

/** Undefined where one is lacking. */
function readTexts(
  secrets: readonly OldSecret[],
  name: string,
  machine: Machine,
  folder: string,
  problems: Problems,
): readonly string[] | undefined {
  try {
    return secrets.map((secret) => textOf(secret, name, machine, folder));
  } catch (error) {
    if (!(error instanceof KeyturnError)) throw error;
    problems.errorOfServing('configuration', error);
    return undefined;
  }
}

function textOf({ text, env, file }: OldSecret, name: string, machine: Machine, folder: string): string {
  if (text !== undefined) return text;
  if (env !== undefined) {
    const value = machine.env[env] ?? machine.others?.[env];
    if (value !== undefined && value !== '') return value;
    throw new KeyturnError(
      'secret_missing',
      `move_in.${name} takes an old secret from the variable ${env}, which is ${value === undefined ? 'not set' : 'empty'}`,
      `set it to what the library of [move_in.${name}] has signed with so far; for a command, name the file that sets it: --env-file .env. Without it whoever has an old cookie is signed out`,
    );
  }
  const path = resolvePath(folder, file as string);
  try {
    const read = new TextDecoder('utf-8', { fatal: true }).decode(readNow(path, SOURCE_LIMIT));
    const trimmed = read.replace(/\r?\n$/, '');
    if (trimmed !== '') return trimmed;
  } catch {
    throw unreadable(name, path, 'cannot be read as text');
  }
  throw unreadable(name, path, 'is empty');
}

function unreadable(name: string, path: string, why: string): KeyturnError {
  return new KeyturnError(
    'secret_unreadable',
    `move_in.${name} takes an old secret from ${path}, which ${why}`,
    'put there what the library has signed with so far, and let this process read it',
  );
}

type Ending = Pick<MovingIn, 'name' | 'phase' | 'until'>;

/** Whoever guesses it signs in as anybody, for as long as it is accepted. So in production that has an end. */
function tellWeak(
  { name, phase, until }: Ending,
  secrets: readonly OldSecret[],
  texts: readonly string[],
  now: number,
  tell: (error: KeyturnError) => void,
): void {
  for (const [at, text] of texts.entries()) {
    const strength = judge(text);
    if (strength.enough) continue;
    const { env, file } = secrets[at] as OldSecret;
    const place = env ?? file;
    const which =
      place === undefined
        ? `an old secret of move_in.${name}`
        : `the old secret of move_in.${name} in ${place}`;
    const what = `${which} is too weak: ${weakness(strength)}`;
    if (until === undefined) {
      const hint = `say when it is accepted no longer: ${untilLine(name, now)}; it counts once phase is "over". Whoever guesses it can sign until then, as before`;
      tell(new KeyturnError('secret_weak', what, hint));
    } else {
      const hint =
        phase === 'over'
          ? `take the section out as soon as keyturn status sees no old cookie any more; it ends at ${dayOf(until)}`
          : `go on to phase = "over" under [move_in.${name}] when every replica runs Keyturn`;
      tell(new KeyturnError('secret_weak', what, hint));
    }
  }
}

/** What is accepted without an end is never taken away; and whom an end has signed out nobody would tell. */
function tellEnd({ name, phase, until }: Ending, now: number, problems: Problems): void {
  if (phase !== 'over') return;
  const tell = (what: string, hint: string) =>
    problems.warn('configuration', new KeyturnError('config_invalid', what, hint));
  if (until === undefined)
    tell(
      `move_in.${name} is in the phase over, and nothing says when its old secrets end`,
      `add ${untilLine(name, now)}`,
    );
  else if (until <= now)
    tell(
      `move_in.${name} has ended at ${dayOf(until)}: what its old secrets have signed is refused`,
      `take the section out; if somebody is still to be let in, set a later until`,
    );
}

/** A day, in 90 days. */
function untilLine(name: string, now: number): string {
  return `until = ${dayOf(now + 90 * 86_400_000)} under [move_in.${name}]`;
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
