// The keyring document: the JSON text in which a keyring is kept, as it stands in a file, sealed in an engine.
// docs/keyring-document.md describes it.

import { KeyturnError } from '../errors.js';
import { isKid } from '../forms.js';
import { cleanSecret } from '../secret/text.js';
import {
  type ClockReadings,
  KEY_STATES,
  Key,
  type KeyDates,
  type KeyFacts,
  type KeyState,
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
  const root = new Field(parseJson(text, where), where, '').record();
  const version = root.get('keyturn');
  if (version.value !== VERSION) {
    const newer = typeof version.value === 'number' && version.value > VERSION;
    throw new KeyturnError(
      newer ? 'document_version' : 'document_invalid',
      newer ? `${where} was written by a newer Keyturn` : `${where} is JSON, but not a keyring document`,
      newer
        ? 'update this Keyturn'
        : `a keyring document begins with {"keyturn": ${VERSION}, …}; keyturn init writes one`,
    );
  }
  root.only(['keyturn', 'id', 'generation', 'replaces', 'keys', 'history', 'marks']);
  const keys = root.get('keys').list().map(readKey);
  const history = root.get('history').optionalList().map(readHistory);
  return new Keyring(keys, {
    id: root.get('id').text(),
    generation: root.get('generation').count(),
    history,
    marks: root.get('marks').optionalList().map(readMark),
    replaces: root
      .get('replaces')
      .optionalList()
      .map((id) => id.text()),
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
  const record = field.record();
  record.only(['kid', 'state', 'secret', 'dates', 'activates', 'lifetimes', 'clocks']);
  const stateField = record.get('state');
  const state = KEY_STATES.find((known) => known === stateField.value);
  if (state === undefined) return stateField.wrong(`must be one of ${KEY_STATES.join(', ')}`);
  const kid = record.get('kid').text();
  const activates = record.get('activates');
  const facts: KeyFacts = {
    dates: readDates(record.get('dates')),
    lifetimes: readCounts(record.get('lifetimes')),
    scheduledFor: activates.value === undefined ? undefined : activates.moment(),
    clocks: readCounts(record.get('clocks')),
  };
  const secret = record.get('secret');
  if (state === 'retired' || state === 'revoked') {
    if (secret.value !== undefined) return secret.wrong(`must be gone: the key is ${state}`);
    if (!isKid(kid)) return record.get('kid').wrong('must be 8 base64url characters');
    return new Key(kid, state, facts);
  }
  const material = new Material(cleanSecret(secret.text(), `${secret.path} in ${secret.where}`));
  // A hand-edited secret under an old id would verify nothing that was issued under that id.
  if (material.kid !== kid) return record.get('kid').wrong('does not belong to the secret beside it');
  return new Key(material, state, facts);
}

function readDates(field: Field): KeyDates {
  if (field.value === undefined) return {};
  const record = field.record();
  record.only(KEY_STATES);
  const dates: { [State in KeyState]?: number } = {};
  for (const state of KEY_STATES) {
    const date = record.get(state);
    if (date.value !== undefined) dates[state] = date.moment();
  }
  return dates;
}

function readCounts(field: Field): Lifetimes & ClockReadings {
  if (field.value === undefined) return {};
  const record = field.record();
  return Object.fromEntries(record.names().map((name) => [name, record.get(name).count()]));
}

function readHistory(field: Field): HistoryEntry {
  const record = field.record();
  record.only(['at', 'what', 'kid', 'who', 'why', 'gone', 'lines', 'since']);
  const line = { at: record.get('at').moment(), what: record.get('what').text() };
  const lines = record.get('lines');
  if (lines.value !== undefined)
    return { ...line, lines: lines.count(), since: record.get('since').moment() };
  const who = record.get('who');
  const why = record.get('why');
  const gone = record.get('gone').optionalList();
  return {
    ...line,
    kid: record.get('kid').text(),
    ...(who.value === undefined ? {} : { who: who.text() }),
    ...(why.value === undefined ? {} : { why: why.text() }),
    ...(gone.length === 0 ? {} : { gone: gone.map((name) => name.text()) }),
  };
}

function readMark(field: Field): Generation {
  const mark = parseMark(field.text());
  return mark ?? field.wrong('must be a generation and its mark, such as "12:Xk3dZ0rQ9aTn1bVu"');
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

  record(): Fields {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      return this.wrong('must be an object');
    return new Fields(this.value as Record<string, unknown>, this);
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
}

class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #field: Field;

  constructor(value: Readonly<Record<string, unknown>>, field: Field) {
    this.#value = value;
    this.#field = field;
  }

  get(name: string): Field {
    const value = Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
    return new Field(
      value,
      this.#field.where,
      this.#field.path === '' ? name : `${this.#field.path}.${name}`,
    );
  }

  names(): readonly string[] {
    return Object.keys(this.#value);
  }

  /** An unknown field may be something a newer version relies on: guessing would lose it at the next write. */
  only(names: readonly string[]): void {
    const unknown = Object.keys(this.#value).find((name) => !names.includes(name));
    if (unknown === undefined) return;
    if (/^[a-z_]{1,20}$/i.test(unknown)) this.get(unknown).wrong('is not a known field');
    this.#field.wrong('has a field that is not known; its name is not shown, since it may be a secret');
  }
}
