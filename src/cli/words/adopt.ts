// What keyturn adopt says: for each library what becomes of its users, where its secret is, and what to write instead.

import { shellQuote } from '../../config/shell-quote.js';
import { formatDuration } from '../../config/value.js';
import type { AppBelow } from '../../neighbours/apps-below.js';
import type { Found, FoundNeighbour, Place } from '../../neighbours/find.js';
import type { SecretOrigin } from '../../neighbours/secret-origin.js';
import { oneLine } from '../../printable.js';
import { type Line, styled } from '../line.js';

/** What is known of the secrets that variables hold just now. */
export interface AdoptFacts {
  /** Why the secret in one is too weak; undefined where it is not, or where it is not set here. */
  readonly weaknessOf: (variable: string) => string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function adoptLines(found: Found, facts: AdoptFacts, apps: readonly AppBelow[]): readonly Line[] {
  const { neighbours, cut } = found;
  const nothing = 'No library is found here that signs with a secret of its own and that Keyturn knows.';
  const all = neighbours.length === 0 ? [nothing] : neighbours.flatMap((one) => linesOf(one, facts));
  const left = cut
    ? ['', 'There are more source files than were read: run it in the folder of each app.']
    : [];
  return [...all, ...onlyBridges(found), ...left, ...belowLines(apps), '', 'Nothing was changed.'];
}

function belowLines(apps: readonly AppBelow[]): readonly Line[] {
  if (apps.length === 0) return [];
  return [
    '',
    'Apps below have libraries that sign. Run it for each of them:',
    ...apps.map(({ path, packages }): Line => {
      const command = `keyturn adopt --cwd ${shellQuote(oneLine(path))}`;
      return { first: '  ', second: `${command}  (${packages.map(oneLine).join(', ')})` };
    }),
  ];
}

/** Built-in purposes hold keys up for longer than most libraries do. */
function onlyBridges({ neighbours, usesOwn }: Found): readonly Line[] {
  if (usesOwn || !neighbours.some(({ left }) => left.length > 0)) return [];
  return [
    'Will the app use nothing of Keyturn but bridges? Then say so before the first rotation:',
    '',
    '  keyturn.toml',
    ...ONLY_BRIDGES.map(added),
  ];
}

const ONLY_BRIDGES = [
  '[purposes]',
  'builtin = []  # otherwise a key is kept for 30 days, for links and tokens that nobody makes',
];

function linesOf(found: FoundNeighbour, facts: AdoptFacts): readonly Line[] {
  const { neighbour, version = 'not installed', left, bridged, movedIn } = found;
  const page = `${PACKAGE}/${pageOf(neighbour)}`;
  const name: Line = [styled('bold', `${neighbour.package} ${oneLine(version)}`)];
  if (movedIn && left.length === 0)
    return [name, `  Its sessions move in. ${PACKAGE}/docs/moving-in.md says what comes next.`, ''];
  const head: Line[] = [name, { first: '  ', second: `Alone: ${neighbour.alone}.` }];
  if (bridged && left.length === 0)
    return [...head, `  Its bridge is in use. ${page} says what comes next.`, ''];
  if (left.length === 0)
    return [...head, `  No call of it is found in the source. Where there is one, see ${page}.`, ''];
  const still = '  Its bridge is in use, and there are still calls with a secret of their own.';
  return [
    ...head,
    ...(bridged ? [still] : []),
    ...twoWays(found),
    ...left.flatMap((place) => placeLines(found, place)),
    '',
    '  keyturn.toml',
    ...tomlOf(found, facts).map(added),
    '',
    `  ${page} says what to deploy, and when.`,
    '',
  ];
}

/** The middleware or plugin that takes the place of a library whose sessions move in. */
const ADAPTERS: Readonly<Record<string, string>> = {
  'koa-session': 'koa',
  '@fastify/session': 'fastify',
};

/** Where its sessions can move in, that is as good a way as the bridge. */
function twoWays({ neighbour, left }: FoundNeighbour): readonly Line[] {
  if (neighbour.movesIn !== true) return [];
  const adapter = ADAPTERS[neighbour.package] ?? 'express';
  const path = `keyturn/${adapter}`;
  const isCommonJs = left.some(({ commonJs }) => commonJs);
  const options = `{ moveIn: { '${neighbour.purpose}': { … } } }`;
  return [
    '',
    '  There are two ways. Nobody is signed out on either:',
    '  1. The library stays, and signs with keys that rotate. What to write for that is below.',
    '  2. Keyturn keeps the sessions in its place, and takes over those that are there:',
    added(
      isCommonJs
        ? `const { default: keyturn } = require('${path}');`
        : `import keyturn from ${quoted(path)};`,
    ),
    added(adapter === 'fastify' ? `app.register(keyturn, ${options});` : `app.use(keyturn(${options}));`),
    `     ${PACKAGE}/docs/moving-in.md has the options and the deploys. Flash messages and tokens`,
    '     against forged requests come with it; passport goes on as it is. Two requests that change the',
    '     same property at once are a conflict there (409), unless lastWins names it.',
  ];
}

const pageOf = ({ bridge, page = bridge }: FoundNeighbour['neighbour']) => `docs/bridges/${page}.md`;

/** Where an app finds the pages. */
const PACKAGE = 'node_modules/keyturn';

/** A line that is to be written somewhere. */
function added(code: string): Line {
  return { verbatim: `    + ${code}` };
}

function placeLines({ neighbour }: FoundNeighbour, place: Place): readonly Line[] {
  const where = place.line === place.lastLine ? `${place.line}` : `${place.line}-${place.lastLine}`;
  const path = oneLine(place.path);
  const options =
    place.optionsAt === undefined
      ? []
      : [`  ${path}:${place.optionsAt.line}  take the secret out of ${place.optionsAt.name}`];
  return [
    '',
    `  ${path}:${where}  its secret comes from ${[...new Set(place.secrets.map(originInWords))].join(', ') || 'elsewhere'}`,
    '',
    `  ${path}, at the top`,
    ...importsOf(neighbour.bridge, place).map(added),
    `  ${path}:${where}, in place of the call`,
    ...place.after.split('\n').map(added),
    ...options,
  ];
}

function originInWords(origin: SecretOrigin): string {
  if (origin.kind === 'variable')
    return `the variable ${origin.name}${origin.orText ? ', or from a text in the source where that is not set' : ''}`;
  if (origin.kind === 'text') return 'a text in the source, known to everybody who can read it';
  return `the expression ${origin.text}`;
}

/** Lines of code: what a file has to import, and where the keys come from. */
function importsOf(bridge: string, { shape, commonJs, beside }: Place): readonly string[] {
  const more = beside?.split('\n') ?? [];
  const packages = [
    ['createKeyturn', 'keyturn'],
    [shape.imports, `keyturn/bridges/${bridge}`],
  ] as const;
  if (commonJs)
    return [
      ...packages.map(([what, path]) => `const { ${what} } = require('${path}');`),
      'const kt = await createKeyturn(); // inside of an async function that starts the app',
      ...more,
    ];
  return [
    ...packages.map(([what, path]) => `import { ${what} } from ${quoted(path)};`),
    'const kt = await createKeyturn();',
    ...more,
  ];
}

const quoted = (path: string) => `'${path}'`;

/** What keyturn.toml has to say of a library, and of the secrets that it has had. */
function tomlOf({ neighbour, places: all, left }: FoundNeighbour, facts: AdoptFacts): readonly string[] {
  const places = left.length > 0 ? left : all;
  const { purpose } = neighbour;
  const format = places.find(({ shape }) => shape.format !== undefined)?.shape.format;
  const origins = places.flatMap(({ secrets }) => secrets);
  const named = origins.length === 0 ? [{ kind: 'text' } as const] : origins;
  const entries = [...new Set(named.map((origin) => entryFor(origin, purpose)))];
  const notes = [
    ...new Set(
      origins.flatMap((origin) => {
        if (origin.kind === 'variable')
          return origin.orText
            ? [`# ${origin.name}: where it is not set, put the text in the source there first`]
            : [];
        const what = origin.kind === 'text' ? 'the text in the source' : `what ${origin.text} gives`;
        return [`# ${variableFor(origin, purpose)}: put ${what} there`];
      }),
    ),
  ];
  const variables = origins.flatMap((origin) => (origin.kind === 'variable' ? [origin.name] : []));
  const weak = [...new Set(variables)].flatMap((name) => {
    const why = facts.weaknessOf(name);
    return why === undefined ? [] : [`# ${name} is too weak: ${why}`];
  });
  return [
    `[purposes.${purpose}]`,
    lifetimeLine(neighbour.maxAge, places),
    `[move_in.${purpose}]`,
    'phase = "beside"  # deploy this first; the page says when to go over',
    ...(format === undefined ? [] : [`format = "${format}"`]),
    `secrets = [${entries.join(', ')}]`,
    ...(weak.length === 0
      ? []
      : [
          ...weak,
          `until = ${new Date(facts.now + 90 * DAY).toISOString().slice(0, 10)}  # a weak secret needs an end; it counts in the phase over`,
        ]),
    ...notes,
  ];
}

const DAY = 86_400_000;

function lifetimeLine(usual: string, places: readonly Place[]): string {
  const read = places.flatMap(({ maxAge }) => (typeof maxAge === 'number' ? [maxAge] : []));
  const { path = [] } = places.find(({ maxAge }) => maxAge === 'unread')?.shape.lifetime ?? {};
  const line = `max_age = "${read.length === 0 ? usual : formatDuration(Math.max(...read))}"`;
  return path.length === 0
    ? `${line}  # the longest that what it signs lives`
    : `${line}  # as long as ${path.join('.')} in the source, or longer: put that in`;
}

function entryFor(origin: SecretOrigin, purpose: string): string {
  const encoding = origin.kind === 'variable' && origin.encoding;
  return `{ env = "${variableFor(origin, purpose)}"${encoding ? `, encoding = "${encoding}"` : ''} }`;
}

function variableFor(origin: SecretOrigin, purpose: string): string {
  return origin.kind === 'variable'
    ? origin.name
    : `${purpose.toUpperCase().replaceAll('-', '_')}_OLD_SECRET`;
}

export function adoptJson(found: Found, facts: AdoptFacts, apps: readonly AppBelow[]): unknown {
  return {
    neighbours: found.neighbours.map((one) => ({
      package: one.neighbour.package,
      version: one.version ?? null,
      alone: one.neighbour.alone,
      bridge: `keyturn/bridges/${one.neighbour.bridge}`,
      page: pageOf(one.neighbour),
      bridged: one.bridged,
      places: one.places.map((place) => ({
        left: one.left.includes(place),
        path: place.path,
        line: place.line,
        lastLine: place.lastLine,
        secrets: place.secrets,
        imports: importsOf(one.neighbour.bridge, place),
        after: place.after,
      })),
      config: tomlOf(one, facts),
    })),
    onlyBridges: !found.usesOwn,
    apps,
    complete: !found.cut && apps.length === 0,
  };
}
