// Reads what files, the program and variables say, layer by layer, and gathers what is wrong with it.
import { KeyturnError } from '../errors.js';
import { isName } from '../formats.js';
import { Rare } from '../process/awaited.js';
import type { Origin, PlacedValue, PurposeSettings } from './layers.js';
import type { MoveInSettings } from './move-in.js';
import { nearest } from './nearest.js';
import type { Profile } from './profile.js';
import {
  COMPANION_VARIABLES,
  PURPOSE_FIELDS,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  variableOf,
} from './settings.js';
import { knownBeginning, mayBeShown } from './unknown-name.js';
import { isBlank, type Kind } from './value.js';

/** Every name that is fixed. Those of purposes are not: an app chooses them. */
const KNOWN: readonly string[] = [...SETTING_NAMES, ...SETTING_NAMES.map(variableOf), ...COMPANION_VARIABLES];

const SOURCES: readonly SettingName[] = [
  'security.signing_secret.secret',
  'security.signing_secret.file',
  'security.signing_secret.command',
];

/** So many mistakes are told; a file that is something else altogether has one on every line. */
const MOST_ERRORS = 20;

/** What only those need who move in from elsewhere. */
export const moveInFields: Rare<typeof import('./move-in.js')> = new Rare(() => import('./move-in.js'));

export class LayerBuilder {
  readonly placed: Map<SettingName, PlacedValue[]> = new Map();
  readonly purposes: Map<string, PurposeSettings> = new Map();
  readonly moveIn: Map<string, MoveInSettings> = new Map();
  readonly #errors: KeyturnError[] = [];
  #untold = 0;

  constructor(profile: Profile) {
    for (const name of SETTING_NAMES) {
      const setting: { default?: unknown; profileDefaults?: Partial<Record<Profile, unknown>> } =
        SETTINGS[name];
      if (setting.default !== undefined) {
        this.#place(name, setting.default, { layer: 'built-in', name: 'built-in' });
      }
      const special = setting.profileDefaults?.[profile];
      if (special !== undefined)
        this.#place(name, special, { layer: 'profile', name: `the ${profile} profile` });
    }
  }

  /** Everything that is wrong, in the order in which it was found. */
  errors(): readonly KeyturnError[] {
    if (this.#untold === 0) return this.#errors;
    const what = `the configuration has ${this.#untold} more mistakes`;
    return [...this.#errors, new KeyturnError('config_invalid', what, 'correct those that are told first')];
  }

  addTree(tree: Readonly<Record<string, unknown>>, origin: Origin, prefix = ''): void {
    for (const [key, raw] of Object.entries(tree)) {
      const path = `${prefix}${key}`;
      if (isSetting(path)) {
        const only = `is read from ${variableOf(path)} only: a file must never make a program run something`;
        if ('variableOnly' in SETTINGS[path]) this.#refuse(path, origin, only);
        else this.#read(path, raw, origin);
      } else if (path === 'purposes' && isTable(raw)) {
        for (const [name, fields] of Object.entries(raw)) {
          if (name === 'builtin') this.#read('purposes.builtin', fields, origin);
          else this.#addNamed(PURPOSES, name, fields, origin);
        }
      } else if (path === 'move_in' && isTable(raw)) {
        for (const [name, fields] of Object.entries(raw)) this.#addNamed(MOVE_IN, name, fields, origin);
      } else if (SECTIONS.includes(path)) {
        if (isTable(raw)) this.addTree(raw, origin, `${path}.`);
        else this.#refuse(path, origin, `must be a section: [${path}]`);
      } else if (isTable(raw)) {
        this.#unknown('section', path, origin.name, SECTIONS);
      } else {
        this.#unknown('setting', path, origin.name, [...SETTING_NAMES, 'purposes']);
      }
    }
  }

  addVariables(env: Readonly<Record<string, string | undefined>>): void {
    const known = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]));
    for (const [variable, raw] of Object.entries(env)) {
      if (raw === undefined || !variable.startsWith('KEYTURN_') || COMPANION_VARIABLES.includes(variable))
        continue;
      const origin: Origin = { layer: 'variable', name: variable };
      const name = known.get(variable);
      if (name !== undefined) {
        this.#read(name, raw, origin);
        continue;
      }
      const named = variable.length > LONGEST_VARIABLE ? null : NAMED_VARIABLE.exec(variable);
      if (named !== null) {
        const [, section, name, field] = named as unknown as readonly string[];
        const fields = { [(field as string).toLowerCase()]: raw };
        const place = section === 'PURPOSES' ? PURPOSES : MOVE_IN;
        this.#addNamed(place, (name as string).toLowerCase().replaceAll('_', '-'), fields, origin);
      } else if (!isServiceLink(variable)) {
        this.#unknown('variable', variable, 'the environment', [...known.keys(), ...COMPANION_VARIABLES]);
      }
    }
  }

  #addNamed(section: Section, name: string, fields: unknown, origin: Origin): void {
    const { path, what, known } = section;
    if (!isName(name) || !isTable(fields)) {
      this.#refuse(
        mayBeShown(name, undefined) ? `${path}.${name}` : `a name under ${path}`,
        origin,
        `is not ${what}: [${path}.<name>] takes a name of a-z, 0-9 and "-" that begins with a letter`,
      );
      return;
    }
    const read: Record<string, unknown> = {};
    for (const [field, raw] of Object.entries(fields)) {
      const kind = Object.hasOwn(known, field) ? known[field]?.kind : undefined;
      if (kind === undefined) {
        const names = Object.keys(known).map((each) => `${path}.${name}.${each}`);
        this.#unknown('setting', `${path}.${name}.${field}`, origin.name, names);
        continue;
      }
      const value = kind.read(raw);
      if (value === undefined) this.#refuse(`${path}.${name}.${field}`, origin, `must be ${kind.expects}`);
      else read[field === 'max_age' ? 'maxAge' : field] = value;
      if (field === 'secrets') read.secretsFrom = origin;
    }
    const all: Map<string, object> = section === PURPOSES ? this.purposes : this.moveIn;
    all.set(name, { ...all.get(name), ...read, origin });
  }

  #read(name: SettingName, raw: unknown, origin: Origin): void {
    const kind: Kind<unknown> = SETTINGS[name].kind;
    // An empty source is judged by the ladder: it must be an error there, not a source that is not set.
    const empty = typeof raw === 'string' && raw.trim() === '' && SOURCES.includes(name);
    const value = empty ? raw : kind.read(raw);
    if (value === undefined) {
      const what = origin.layer === 'variable' ? origin.name : `${name} in ${origin.name}`;
      const hint = 'correct the value, or take it out to use the default';
      const code = typeof raw === 'string' && !isBlank(raw) ? kind.code : undefined;
      this.#wrong(() => new KeyturnError(code ?? 'config_invalid', `${what} must be ${kind.expects}`, hint));
      return;
    }
    this.#place(name, value, origin);
  }

  #place(name: SettingName, value: unknown, origin: Origin): void {
    this.placed.set(name, [...(this.placed.get(name) ?? []), { value, origin }]);
  }

  #refuse(path: string, origin: Origin, why: string): void {
    this.#wrong(
      () =>
        new KeyturnError('config_invalid', `${path} in ${origin.name} ${why}`, 'correct it, or take it out'),
    );
  }

  /** @param error made only if it is told: a suggestion takes a while to find */
  #wrong(error: () => KeyturnError): void {
    if (this.#errors.length < MOST_ERRORS) this.#errors.push(error());
    else this.#untold++;
  }

  #unknown(
    what: 'variable' | 'setting' | 'section',
    path: string,
    where: string,
    known: readonly string[],
  ): void {
    this.#wrong(() => {
      const atTop = path.slice(path.lastIndexOf('.') + 1);
      const misplaced = atTop !== path && isSetting(atTop);
      const near = misplaced
        ? atTop
        : nearest(Object.hasOwn(GUESSES, path) ? (GUESSES[path] as string) : path, known);
      const hint = misplaced
        ? `${atTop} stands at the top of the file, before the first [section]`
        : near === undefined
          ? 'take it out; docs/configuration.md lists every setting'
          : `did you mean ${near}?`;
      if (Object.hasOwn(GUESSES, path) || mayBeShown(path, near, KNOWN))
        return new KeyturnError('config_unknown_key', `${what} ${path} in ${where} is not known`, hint);
      const beginning = knownBeginning(path, known);
      const which = beginning === '' ? `a ${what}` : `a ${what} that begins with ${beginning}`;
      return new KeyturnError(
        'config_unknown_key',
        `${which} in ${where} is not known; its name is not shown, since it may be a secret`,
        hint,
      );
    });
  }
}

/** `session`, `session.cookie` and so on: settings stand in them. */
const SECTIONS: readonly string[] = [
  ...new Set(
    SETTING_NAMES.flatMap((name) => {
      const parts = name.split('.').slice(0, -1);
      return parts.map((_, at) => parts.slice(0, at + 1).join('.'));
    }),
  ),
  'purposes',
  'move_in',
];

/** What many write first. */
const GUESSES: Readonly<Record<string, string>> = {
  KEYTURN_SECRET: 'KEYTURN_SECURITY__SIGNING_SECRET',
  KEYTURN_SECRET_KEY: 'KEYTURN_SECURITY__SIGNING_SECRET',
  KEYTURN_SIGNING_SECRET: 'KEYTURN_SECURITY__SIGNING_SECRET',
};

function isSetting(path: string): path is SettingName {
  return Object.hasOwn(SETTINGS, path);
}

function isTable(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}

/** Longer than every name that means something; patterns are tried on shorter ones only. */
const LONGEST_VARIABLE = 128;
const NAMED_VARIABLE = /^KEYTURN_(PURPOSES|MOVE_IN)__([A-Z][A-Z0-9_]*?)__([A-Z_]+)$/;

/** A section whose parts an app names. */
interface Section {
  readonly path: string;
  /** What one of its parts is. */
  readonly what: string;
  readonly known: Readonly<Record<string, { readonly kind: Kind<unknown> }>>;
}

const PURPOSES: Section = { path: 'purposes', what: 'a purpose', known: PURPOSE_FIELDS };
const MOVE_IN: Section = {
  path: 'move_in',
  what: 'the name of what moves in',
  get known() {
    return moveInFields.module.MOVE_IN_FIELDS;
  },
};

/** Kubernetes sets such variables for a Service that happens to be called "keyturn". */
function isServiceLink(variable: string): boolean {
  if (variable.length > LONGEST_VARIABLE) return false;
  return /^KEYTURN_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)?)$/.test(
    variable,
  );
}
