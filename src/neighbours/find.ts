// Which libraries an app signs with beside Keyturn, where it gives them their secrets, and whether a bridge is in use.
import { appSources } from './app-sources.js';
import { bindingsOf, type Call, type CallOptions, callsOf, optionsOf, without } from './calls.js';
import { type CallShape, NEIGHBOURS, type Neighbour } from './catalogue.js';
import { packagesOf } from './installed.js';
import { opaque, type SecretOrigin, secretOrigins, shown } from './secret-origin.js';
import type { Source } from './source.js';

/** A place in the source of an app where a library gets its secret. */
export interface Place {
  /** Relative to the folder of the app. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly lastLine: number;
  /** Where the secret comes from; empty where it is not seen. */
  readonly secrets: readonly SecretOrigin[];
  /** What to write instead. */
  readonly after: string;
  /** Of options that stand elsewhere: the name of what holds them, and its line. */
  readonly optionsAt: { readonly name: string; readonly line: number } | undefined;
  /** Whether the file has `require` and no `import`. */
  readonly commonJs: boolean;
}

/** A library of an app. */
export interface FoundNeighbour {
  readonly neighbour: Neighbour;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
  readonly places: readonly Place[];
  /** Whether the app imports its bridge. */
  readonly bridged: boolean;
}

/** What was found of an app. */
export interface Found {
  readonly neighbours: readonly FoundNeighbour[];
  /** Whether there are more source files than were read. */
  readonly cut: boolean;
}

export function findNeighbours(folder: string): Found {
  const packages = new Map(packagesOf(folder).map(({ name, version }) => [name, version]));
  const known = NEIGHBOURS.filter((neighbour) => packages.has(neighbour.package));
  if (known.length === 0) return { neighbours: [], cut: false };
  const names = known.flatMap(({ package: name, bridge }) => [name, `keyturn/bridges/${bridge}`]);
  const { sources, cut } = appSources(folder, (text) => names.some((name) => text.includes(name)));
  const neighbours = known.map((neighbour) => ({
    neighbour,
    version: packages.get(neighbour.package),
    places: sources.flatMap((source) => placesIn(source, neighbour)),
    bridged: sources.some((source) => importsFrom(source, `keyturn/bridges/${neighbour.bridge}`)),
  }));
  return { neighbours, cut };
}

/** Where a comment names it nothing is cured. */
function importsFrom(source: Source, path: string): boolean {
  for (let at = source.text.indexOf(path); at >= 0; at = source.text.indexOf(path, at + 1)) {
    const quote = source.text[at - 1] as string;
    if (/['"`]/.test(quote) && source.isCode(at - 1) && source.text[at + path.length] === quote) return true;
  }
  return false;
}

function placesIn(source: Source, neighbour: Neighbour): readonly Place[] {
  const bindings = bindingsOf(source, [neighbour.package, ...(neighbour.entries ?? [])]);
  return neighbour.calls.flatMap((shape) => {
    const all = bindings.get('*');
    const name = bindings.get(shape.name) ?? (all === undefined ? undefined : `${all}.${shape.name}`);
    if (name === undefined) return [];
    return callsOf(source, name).flatMap((call) => placeOf(source, shape, call) ?? []);
  });
}

function placeOf(source: Source, shape: CallShape, call: Call): Place | undefined {
  const given = call.args[shape.argument];
  const { properties } = shape;
  const options = properties === undefined ? undefined : optionsOf(source, given);
  const property = options?.properties.find(({ name }) => properties?.includes(name));
  const secret = properties === undefined ? given : property?.value;
  // Among options that are spread into these there may be one.
  const isWhole = options?.properties.every(({ name }) => name !== '') ?? false;
  if (secret === undefined && isWhole) return undefined;
  return {
    path: source.path,
    line: source.lineOf(call.start),
    lastLine: source.lineOf(call.end),
    secrets: secret === undefined ? [] : secretOrigins(source, secret),
    after: shape.after(call.name, argumentsAfter(source, shape, call, options)),
    optionsAt:
      options?.named === undefined
        ? undefined
        : { name: options.named, line: source.lineOf(property?.start ?? options.span.start) },
    commonJs: !/^[ \t]*import\s/m.test(source.code) && /\brequire\s*\(/.test(source.code),
  };
}

function argumentsAfter(
  source: Source,
  { argument, properties = [] }: CallShape,
  { args }: Call,
  options: CallOptions | undefined,
): readonly string[] {
  return args.map((arg, at) => {
    if (at !== argument || options?.named !== undefined) return shown(source, arg);
    return options === undefined ? opaque(source, arg) : without(source, options, properties);
  });
}
