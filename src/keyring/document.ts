// The keyring document: the JSON text in which a keyring is kept, as it stands in a file, sealed in an engine.
// docs/keyring-document.md describes it.

import { KeyturnError } from '../errors.js';
import { isKid } from '../formats.js';
import { cleanSecret } from '../secret/text.js';
import {
  type ClockReadings,
  KEY_STATES,
  Key,
  type KeyDates,
  type KeyFacts,
  type Lifetimes,
  Material,
} from './key.js';
import { type HistoryEntry, Keyring } from './keyring.js';
import { formatMark, type Generation, parseMark } from './marks.js';

const VERSION = 1;

/**
 * Reads a keyring document. Errors name the place (`keys[2].state`), never the content.
 *
 * @throws KeyturnError `document_invalid`, `document_version`, `keyring_invalid`
 */
export function parseDocument(text: string, where: string): Keyring {
  const document = new Field(parseJson(text, where), where, '');
  const { keyturn: version } = document.object();
  if (typeof version === 'number' && version > VERSION) throw newerKeyturn(where);
  if (version !== VERSION) {
    throw new KeyturnError(
      'document_invalid',
      `${where} is JSON, but not a keyring document`,
      `a keyring document begins with {"keyturn": ${VERSION}, …}: if it was one, restore it from a copy`,
    );
  }
  const root = document.fields('keyturn', 'id', 'generation', 'replaces', 'keys', 'history', 'marks');
  const keys = root.keys.list().map(readKey);
  const history = root.history.optionalList().map(readHistory);
  return new Keyring(keys, {
    id: root.id.text(),
    generation: root.generation.count(),
    history,
    marks: root.marks.optionalList().map(readMark),
    replaces: root.replaces.optionalList().map((id) => id.text()),
  });
}

/** Writes a keyring as a document: secrets included, so the result belongs into a file of mode 0600 and nowhere else. */
export function writeDocument(keyring: Keyring): string {
  const document = {
    keyturn: VERSION,
    id: keyring.id,
    generation: keyring.generation,
    ...(keyring.replaces.length === 0 ? {} : { replaces: keyring.replaces }),
    keys: keyring.keys.map((key) => ({
      kid: key.id,
      state: key.state,
      ...(key.material === undefined ? {} : { secret: key.material.revealSecret() }),
      dates: Object.fromEntries(
        Object.entries(key.dates).map(([state, at]) => [state, new Date(at as number).toISOString()]),
      ),
      ...(key.scheduledFor === undefined ? {} : { activates: new Date(key.scheduledFor).toISOString() }),
      ...(Object.keys(key.lifetimes).length === 0 ? {} : { lifetimes: key.lifetimes }),
      ...(Object.keys(key.clocks).length === 0 ? {} : { clocks: key.clocks }),
    })),
    history: keyring.history.map(({ since, ...entry }) => ({
      ...entry,
      at: new Date(entry.at).toISOString(),
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    })),
    marks: keyring.marks.map(formatMark),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function readKey(field: Field): Key {
  const found = field.fields('kid', 'state', 'secret', 'dates', 'activates', 'lifetimes', 'clocks');
  const state = KEY_STATES.find((known) => known === found.state.value);
  if (state === undefined) return found.state.wrong(`must be one of ${KEY_STATES.join(', ')}`);
  const kid = found.kid.text();
  const facts: KeyFacts = {
    dates: readDates(found.dates),
    lifetimes: readCounts(found.lifetimes),
    scheduledFor: found.activates.optionalMoment(),
    clocks: readCounts(found.clocks),
  };
  const { secret } = found;
  if (state === 'retired' || state === 'revoked') {
    if (secret.value !== undefined) return secret.wrong(`must be gone: the key is ${state}`);
    if (!isKid(kid)) return found.kid.wrong('must be 8 base64url characters');
    return new Key(kid, state, facts);
  }
  const material = new Material(cleanSecret(secret.text(), `${secret.path} in ${secret.where}`));
  // A hand-edited secret under an old id would verify nothing that was issued under that id.
  if (material.kid !== kid) return found.kid.wrong('does not belong to the secret beside it');
  return new Key(material, state, facts);
}

function readDates(field: Field): KeyDates {
  if (field.value === undefined) return {};
  const found = Object.entries(field.fields(...KEY_STATES)).filter(([, { value }]) => value !== undefined);
  return Object.fromEntries(found.map(([state, date]) => [state, date.moment()]));
}

function readCounts(field: Field): Lifetimes & ClockReadings {
  if (field.value === undefined) return {};
  return Object.fromEntries(Object.keys(field.object()).map((name) => [name, field.at(name).count()]));
}

function readHistory(field: Field): HistoryEntry {
  const found = field.fields('at', 'what', 'kid', 'who', 'why', 'gone', 'lines', 'since');
  const line = { at: found.at.moment(), what: found.what.text() };
  const { lines, since, kid, who, why } = found;
  if (lines.value !== undefined) return { ...line, lines: lines.count(), since: since.moment() };
  const gone = found.gone.optionalList();
  return {
    ...line,
    kid: kid.text(),
    ...(who.value === undefined ? {} : { who: who.text() }),
    ...(why.value === undefined ? {} : { why: why.text() }),
    ...(gone.length === 0 ? {} : { gone: gone.map((name) => name.text()) }),
  };
}

function readMark(field: Field): Generation {
  const mark = parseMark(field.text());
  return mark ?? field.wrong('must be a generation and its mark, such as "12:Xk3dZ0rQ9aTn1bVu"');
}

export function newerKeyturn(where: string): KeyturnError {
  return new KeyturnError(
    'document_version',
    `${where} was written by a newer Keyturn`,
    'update this Keyturn',
  );
}

/** The parser's own message is dropped: it quotes the text, and the text holds secrets. */
function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new KeyturnError(
      'document_invalid',
      `${where} is not valid JSON`,
      'restore it from a copy: every change is written whole, so a broken file was edited or cut off',
    );
  }
}

/** One value of the document together with its path, so that every error can say where. */
class Field {
  readonly value: unknown;
  readonly where: string;
  readonly path: string;

  constructor(value: unknown, where: string, path: string) {
    this.value = value;
    this.where = where;
    this.path = path;
  }

  wrong(what: string): never {
    throw new KeyturnError(
      'document_invalid',
      `${this.path || 'the document'} in ${this.where} ${what}`,
      'correct it by hand, or restore the file from a copy',
    );
  }

  object(): Readonly<Record<string, unknown>> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      return this.wrong('must be an object');
    return this.value as Record<string, unknown>;
  }

  /** What an object holds under a name; it may hold nothing there. */
  at(name: string): Field {
    const object = this.object();
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    return new Field(value, this.where, this.path === '' ? name : `${this.path}.${name}`);
  }

  /**
   * The fields of an object that has no others: one that is not known may be something that a newer version relies on,
   * and guessing would lose it at the next write.
   */
  fields<Name extends string>(...names: readonly Name[]): { readonly [Known in Name]: Field } {
    const unknown = Object.keys(this.object()).find((name) => !(names as readonly string[]).includes(name));
    if (unknown === undefined)
      return Object.fromEntries(names.map((name) => [name, this.at(name)])) as { [Known in Name]: Field };
    if (/^[a-z_]{1,20}$/i.test(unknown)) return this.at(unknown).wrong('is not a known field');
    return this.wrong('has a field that is not known; its name is not shown, since it may be a secret');
  }

  list(): Field[] {
    if (!Array.isArray(this.value)) return this.wrong('must be a list');
    return this.value.map((item, index) => new Field(item, this.where, `${this.path}[${index}]`));
  }

  optionalList(): Field[] {
    return this.value === undefined ? [] : this.list();
  }

  text(): string {
    if (typeof this.value !== 'string' || this.value === '') return this.wrong('must be a text');
    return this.value;
  }

  count(): number {
    if (!Number.isSafeInteger(this.value) || (this.value as number) < 0)
      return this.wrong('must be a whole number');
    return this.value as number;
  }

  moment(): number {
    const at = typeof this.value === 'string' ? Date.parse(this.value) : Number.NaN;
    if (Number.isNaN(at)) return this.wrong('must be a date such as "2026-01-31T12:00:00.000Z"');
    return at;
  }

  optionalMoment(): number | undefined {
    return this.value === undefined ? undefined : this.moment();
  }
}
