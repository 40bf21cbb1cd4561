// Which libraries an app signs with beside Keyturn, where it gives them their secrets, and whether a bridge is in use.
import { appSources } from './app-sources.js';
import {
  assignmentsOf,
  bindingsOf,
  type Call,
  type CallOptions,
  callsOf,
  optionsOf,
  without,
} from './calls.js';
import { NEIGHBOURS } from './catalogue/index.js';
import { packagesOf } from './installed.js';
import type { CallShape, CallText, Neighbour } from './neighbour.js';
import { opaque, type SecretOrigin, secretOrigins, shown } from './secret-origin.js';
import type { Source, Span } from './source.js';

/** A place in the source of an app where a library gets its secret. */
export interface Place {
  /** Relative to the folder of the app. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly lastLine: number;
  /** Where the secret comes from; empty where it is not seen. */
  readonly secrets: readonly SecretOrigin[];
  /** How the library is called there. */
  readonly shape: CallShape;
  /** What to write instead. */
  readonly after: string;
  /** How long what it signs lives, in seconds, as the options say; `unread`: they say it in a way that is not followed. */
  readonly maxAge: number | 'unread' | undefined;
  /** What is to stand once beside `kt`; undefined where nothing has to. */
  readonly beside: string | undefined;
  /** Of options that stand elsewhere: the name of what holds them, and its line. */
  readonly optionsAt: { readonly name: string; readonly line: number } | undefined;
  /** Whether the file has `require` and no `import`. */
  readonly commonJs: boolean;
  /** Whether a secret of the app's own is seen there, and no bridge. What is computed may be keys of one. */
  readonly isOwn: boolean;
}

/** A library of an app. */
export interface FoundNeighbour {
  readonly neighbour: Neighbour;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
  readonly places: readonly Place[];
  /** Whether the app imports its bridge. */
  readonly bridged: boolean;
  /** Whether an adapter takes its sessions over, by the option moveIn. */
  readonly movedIn: boolean;
  /** Where the library has a secret of its own: with a bridge in use those places that it has left out. */
  readonly left: readonly Place[];
}

/** What was found of an app. */
export interface Found {
  readonly neighbours: readonly FoundNeighbour[];
  /** Whether there are more source files than were read. */
  readonly cut: boolean;
  /** Whether the app has sessions, tokens or links of Keyturn's own, and not bridges alone. */
  readonly usesOwn: boolean;
}

/** An adapter, or whatever else signs for one of Keyturn's own purposes. */
const OWN_ENTRY = /['"]keyturn\/(?:edge|express|fastify|hono|http|jwt|koa|web|blobs)['"]/;
const OWN_CALL = /\.(?:signer|sealer|links)\(/;

export function findNeighbours(folder: string): Found {
  const packages = new Map(packagesOf(folder).map(({ name, version }) => [name, version]));
  const known = NEIGHBOURS.filter((one) => packages.has(one.package) && isOf(one, packages.get(one.package)));
  if (known.length === 0) return { neighbours: [], cut: false, usesOwn: false };
  const names = known.flatMap(({ package: name, bridge }) => [name, `keyturn/bridges/${bridge}`]);
  const { sources, cut } = appSources(folder, (text) =>
    [...names, 'moveIn', 'keyturn'].some((name) => text.includes(name)),
  );
  const usesOwn = sources.some(
    ({ text, code }) => OWN_ENTRY.test(text) || (text.includes('keyturn') && OWN_CALL.test(code)),
  );
  const neighbours = known.map((neighbour) => {
    const places = sources.flatMap((source) => placesIn(source, neighbour));
    const { bridge, registeredWith = '' } = neighbour;
    const bridged = sources.some(
      (source) => importsFrom(source, `keyturn/bridges/${bridge}`) && source.code.includes(registeredWith),
    );
    const movedIn =
      neighbour.movesIn === true &&
      sources.some(({ text, code }) => /\bmoveIn\s*:/.test(code) && text.includes(neighbour.purpose));
    const left = bridged ? places.filter(({ isOwn }) => isOwn) : places;
    return { neighbour, version: packages.get(neighbour.package), places, bridged, movedIn, left };
  });
  const told = neighbours.filter(
    ({ neighbour, places, bridged, movedIn }) =>
      neighbour.isFramework !== true || bridged || movedIn || places.length > 0,
  );
  return { neighbours: told, cut, usesOwn };
}

/** Where a comment names it nothing is cured. */
function importsFrom(source: Source, path: string): boolean {
  for (let at = source.text.indexOf(path); at >= 0; at = source.text.indexOf(path, at + 1)) {
    const quote = source.text[at - 1] as string;
    if (/['"`]/.test(quote) && source.isCode(at - 1) && source.text[at + path.length] === quote) return true;
  }
  return false;
}

/** Of one that is not installed nobody knows the version: the first that is known counts. */
function isOf(neighbour: Neighbour, version: string | undefined): boolean {
  const { majors, package: name } = neighbour;
  if (version === undefined) return NEIGHBOURS.find((one) => one.package === name) === neighbour;
  return majors === undefined || majors.includes(Number.parseInt(version, 10));
}

function placesIn(source: Source, neighbour: Neighbour): readonly Place[] {
  const bindings = bindingsOf(source, [neighbour.package, ...(neighbour.entries ?? [])]);
  return neighbour.calls.flatMap((shape) => {
    const all = bindings.get('*');
    const bound = bindings.get(shape.name) ?? (all === undefined ? undefined : `${all}.${shape.name}`);
    if (bound === undefined) return [];
    if (shape.assigned !== undefined)
      return assignmentsOf(source, shape.assigned).flatMap((call) => placeOf(source, shape, call) ?? []);
    const name = shape.member === undefined ? bound : `${bound}.${shape.member}`;
    return callsOf(source, name).flatMap((call) => placeOf(source, shape, call) ?? []);
  });
}

function placeOf(source: Source, shape: CallShape, call: Call): Place | undefined {
  const { properties, argument = 0, within } = shape;
  const at = argument === 'last' ? call.args.length - 1 : argument;
  const given = call.args[at];
  const outer = properties === undefined ? undefined : optionsOf(source, given);
  const inner = outer?.properties.find(({ name }) => name === within)?.value;
  const options = within === undefined ? outer : optionsOf(source, inner);
  if (within !== undefined && options === undefined) return undefined;
  const property = options?.properties.find(
    ({ name }) => properties?.includes(name) || (properties?.length === 0 && name === KEPT),
  );
  const secret = properties === undefined ? given : property?.value;
  // Without its secret it is another use of the library, or has its bridge already. Among options that are spread into these
  // there may be one.
  const isWhole = options?.properties.every(({ name }) => name !== '') ?? given === undefined;
  if (secret === undefined && isWhole && shape.implicit === undefined) return undefined;
  const text = textOfCall(source, shape, call, at, options);
  const origins = secret && secretOrigins(source, secret);
  const hasBridge = source.code.slice(call.start, call.end).includes(shape.imports);
  return {
    path: source.path,
    line: source.lineOf(call.start),
    lastLine: source.lineOf(call.end),
    secrets: origins ?? implicitly(shape),
    shape,
    after: shape.after(text),
    beside: shape.beside?.(text),
    maxAge: lifetimeIn(source, options, shape),
    optionsAt:
      options?.named === undefined
        ? undefined
        : { name: options.named, line: source.lineOf(property?.start ?? options.span.start) },
    isOwn: !hasBridge && origins?.some(({ kind }) => kind !== 'expression') === true,
    commonJs: !/^[ \t]*import\s/m.test(source.code) && /\brequire\s*\(/.test(source.code),
  };
}

function lifetimeIn(
  source: Source,
  options: CallOptions | undefined,
  { lifetime }: CallShape,
): Place['maxAge'] {
  let at = options;
  for (const [depth, name] of (lifetime?.path ?? []).entries()) {
    const found = at?.properties.find((one) => one.name === name);
    if (found === undefined) return undefined;
    if (depth === (lifetime?.path.length ?? 0) - 1) {
      const value = productOf(source.of(found.value));
      return value === undefined ? 'unread' : Math.ceil(lifetime?.unit === 'ms' ? value / 1000 : value);
    }
    at = optionsOf(source, found.value);
    if (at === undefined) return 'unread';
  }
  return undefined;
}

/** Of numbers that are multiplied, as lifetimes are written; undefined for anything else. */
function productOf(text: string): number | undefined {
  const factors = text
    .replaceAll('_', '')
    .split('*')
    .map((part) => part.trim());
  return factors.every((part) => /^\d{1,15}(?:\.\d{1,6})?(?:e\d)?$/.test(part))
    ? factors.reduce((product, part) => product * Number(part), 1)
    : undefined;
}

function implicitly({ implicit }: CallShape): readonly SecretOrigin[] {
  return implicit === undefined ? [] : [{ kind: 'variable', name: implicit }];
}

/** Of a library that keeps its secret: it encrypts what is in a database. */
const KEPT = 'secret';

function textOfCall(
  source: Source,
  { properties = [], drops = [] }: CallShape,
  { name, args }: Call,
  at: number,
  options: CallOptions | undefined,
): CallText {
  const isNamed = options?.named !== undefined;
  const gone = [...properties, ...drops];
  const left = (): string => {
    if (options === undefined) return args[at] === undefined ? '{}' : opaque(source, args[at] as Span);
    return isNamed ? (options.named as string) : without(source, options, gone);
  };
  return {
    name,
    args: args.map((arg, index) => (index === at ? left() : shown(source, arg))),
    others: args.flatMap((arg, index) => (index === at ? [] : [shown(source, arg)])),
    options: left(),
    property: (wanted) => {
      const found = options?.properties.find((one) => one.name === wanted);
      return found && shown(source, found.value);
    },
    with: (property, to) => {
      if (options === undefined) return `{ ...${left()}, ${property}: ${to(undefined)} }`;
      const found = options.properties.find((one) => one.name === property);
      const set = `${property}: ${to(found && shown(source, found.value))}`;
      if (isNamed) return `{ ...${options.named}, ${set} }`;
      return withProperty(without(source, options, [...gone, property]), set);
    },
  };
}

/** An object literal with one more property, in its own lines. */
function withProperty(literal: string, property: string): string {
  if (literal === '{}') return `{ ${property} }`;
  if (literal.includes('\n')) return literal.replace(/,?\n\}$/, `,\n  ${property},\n}`);
  return literal.replace(/,?\s*\}$/, `, ${property} }`);
}
