// Where an app calls a library: how it imports it, under which name, and with which options.

import { declarationOf, endOfStatement, shown } from './secret-origin.js';
import { type Property, propertiesOf, type Source, type Span } from './source.js';

/** A call of a library. */
export interface Call extends Span {
  /** What the app calls the function. */
  readonly name: string;
  readonly args: readonly Span[];
}

/** The options of a call: an object literal in it, or one that stands elsewhere in the file. */
export interface CallOptions {
  readonly span: Span;
  readonly properties: readonly Property[];
  /** The name of the constant that holds them; undefined where they stand in the call. */
  readonly named: string | undefined;
}

/** What a file imports of a package: what the package calls it, and what the file does. */
export type Bindings = ReadonlyMap<string, string>;

// Spaces are counted, and nothing that may hold them stands beside them: else a long run is looked through from each of its places.
const IMPORT = (name: string) =>
  new RegExp(
    `\\bimport\\b(?!\\s{0,40}type\\b)([^'";]{1,400}?)\\bfrom\\s{0,40}(['"])${escaped(name)}\\2`,
    'g',
  );
const REQUIRE = (name: string) =>
  new RegExp(
    `\\b(?:const|let|var)\\b([^=;]{1,400}?)=\\s{0,40}(?:require|await\\s{1,40}import)\\s{0,40}\\(\\s{0,40}(['"])${escaped(name)}\\2\\s{0,40}\\)(\\.default|\\.\\w+)?`,
    'g',
  );

/** @param names of the package and its entry points. `default` stands for the default export, or all that `require` gives */
export function bindingsOf(source: Source, names: readonly string[]): Bindings {
  const found = new Map<string, string>();
  for (const name of names) {
    for (const one of source.text.matchAll(IMPORT(name))) {
      if (!source.isCode(one.index)) continue;
      const clause = (one[1] as string).trim();
      const [, first] = /^([\w$]+)/.exec(clause) ?? [];
      const [, all] = /\*\s+as\s+([\w$]+)/.exec(clause) ?? [];
      if (first !== undefined) found.set('default', first);
      if (all !== undefined) found.set('*', all);
      for (const [own, local] of namesIn(clause, 'as')) found.set(own, local);
    }
    for (const one of source.text.matchAll(REQUIRE(name))) {
      if (!source.isCode(one.index)) continue;
      const [, clause = '', , member] = one;
      const target = clause.trim();
      if (target.startsWith('{')) for (const [own, local] of namesIn(target, ':')) found.set(own, local);
      else found.set(member === undefined || member === '.default' ? 'default' : member.slice(1), target);
    }
  }
  return found;
}

function* namesIn(clause: string, between: 'as' | ':'): Generator<readonly [own: string, local: string]> {
  const [, inside] = /\{([^}]*)\}/.exec(clause) ?? [];
  for (const part of (inside ?? '').split(',')) {
    const [own, local] = part.replace(/^\s*type\s+/, '').split(between === 'as' ? /\s+as\s+/ : /\s*:\s*/);
    const name = own?.trim();
    if (name) yield [name, local?.trim() || name];
  }
}

/** Nobody has written more calls of one library into one file. */
const MOST_CALLS = 100;

/** Every call of a function by its name. */
export function callsOf(source: Source, name: string): readonly Call[] {
  const pattern = new RegExp(`(?<![\\w$.])${escaped(name)}\\s*(?:<[^()<>]{0,200}>\\s*)?\\(`, 'g');
  return [...source.code.matchAll(pattern)].slice(0, MOST_CALLS).flatMap((found) => {
    if (/\b(?:function|class)\s+$/.test(source.code.slice(Math.max(0, found.index - 20), found.index)))
      return [];
    const inside = source.inside(found.index + found[0].length - 1);
    if (inside === undefined) return [];
    return [{ name, start: found.index, end: inside.end + 1, args: source.parts(inside) }];
  });
}

/** Every assignment to a property, as a call with one argument: `app.keys = [secret]`. */
export function assignmentsOf(source: Source, property: string): readonly Call[] {
  const pattern = new RegExp(`(?<![\\w$.])([\\w$]+)\\.${escaped(property)}\\s*=(?!=)\\s*`, 'g');
  return [...source.code.matchAll(pattern)].map((found) => {
    const start = found.index + found[0].length;
    const end = endOfStatement(source, start);
    return { name: found[1] as string, start: found.index, end, args: [{ start, end }] };
  });
}

/** The options that stand in a call, or behind a name in it. */
export function optionsOf(source: Source, span: Span | undefined): CallOptions | undefined {
  if (span === undefined) return undefined;
  const properties = propertiesOf(source, span);
  if (properties !== undefined) return { span, properties, named: undefined };
  const name = source.of(span);
  const value = /^[\w$]+$/.test(name) ? declarationOf(source, name) : undefined;
  const behind = value && propertiesOf(source, value);
  return value === undefined || behind === undefined
    ? undefined
    : { span: value, properties: behind, named: name };
}

/** Options as they stand there, without some of them. What is left is code of the app, in its own lines. */
export function without(source: Source, { span, properties }: CallOptions, names: readonly string[]): string {
  const kept = properties.filter(({ name }) => !names.includes(name));
  if (kept.length === properties.length) return shown(source, span);
  if (kept.length === 0) return '{}';
  const isOverLines = source.of(span).includes('\n');
  const texts = kept.map((property) => shown(source, property));
  if (!isOverLines) return `{ ${texts.join(', ')} }`;
  return `{\n${texts.map((text) => `  ${text},`).join('\n')}\n}`;
}

function escaped(name: string): string {
  return name.replace(/[$.*+?^()[\]{}|/\\-]/g, '\\$&');
}
