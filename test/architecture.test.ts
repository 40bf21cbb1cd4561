// The floors of ARCHITECTURE.md, held: who may import whom, and who may touch the process, the disk and the console.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/**
 * From the ground up: a room may import what lies on floors below its own, and nothing on its own floor but itself.
 * A room is a folder of `src`, or a file that stands alone there.
 */
const FLOORS: ReadonlyArray<readonly string[]> = [
  ['formats', 'printable', 'process'],
  ['errors'],
  ['disk'],
  ['config', 'neighbours', 'secret'],
  ['keyring'],
  ['codecs', 'engines', 'fleet', 'purposes', 'signing'],
  ['links', 'resolve', 'sessions/stores'],
  ['keyring-stores', 'sessions', 'single-use'],
  ['rotation', 'runtime'],
  ['internals'],
  ['doctor', 'keyturn', 'words'],
  ['move-in'],
  ['blobs', 'bridges', 'http', 'jwt', 'sealed-store', 'sign-out', 'start'],
  ['console'],
  [
    'adapters/edge',
    'adapters/express',
    'adapters/fastify',
    'adapters/hono',
    'adapters/http',
    'adapters/koa',
    'adapters/web',
    'bridges/authjs',
    'bridges/better-auth',
    'bridges/cookie-parser',
    'bridges/csrf-csrf',
    'bridges/express-session',
    'bridges/fast-jwt',
    'bridges/fastify',
    'bridges/h3',
    'bridges/hono',
    'bridges/iron-session',
    'bridges/jose',
    'bridges/jsonwebtoken',
    'bridges/keygrip',
    'bridges/next-auth',
    'bridges/react-router',
    'bridges/signed-cookies',
    'rarely',
    'testing',
  ],
  ['demo'],
  ['cli', 'index'],
];

/** Folders that have rooms of their own in them. */
const WINGS = ['adapters', 'bridges', 'sessions/stores'];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.c?ts$/.test(file))
  .map((file) => file.replaceAll('\\', '/'));

interface Import {
  readonly from: string;
  /** A file of `src`, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const source = (file: string) => readFileSync(join(SRC, file), 'utf8');

const imports: readonly Import[] = files.flatMap((from) =>
  [
    ...source(from).matchAll(
      /(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|(typeof |: |= )?import\('([^']+)'\)/g,
    ),
  ].map((found) => {
    const named = found[3] ?? (found[5] as string);
    const to = named.startsWith('.') ? join(dirname(from), named).replaceAll('\\', '/') : named;
    return { from, to: to.replace(/\.(c?)js$/, '.$1ts'), typeOnly: (found[2] ?? found[4]) !== undefined };
  }),
);

const within = imports.filter(({ to }) => files.includes(to));

function roomOf(file: string): string {
  const parts = file.replace(/\.c?ts$/, '').split('/');
  const [first = '', second] = parts;
  // What lies in a wing itself, all its rooms stand on.
  if (WINGS.includes(first) && parts.length > 2) return `${first}/${second}`;
  return WINGS.includes(`${first}/${second}`) ? `${first}/${second}` : first;
}

const floorOf = (file: string) => FLOORS.findIndex((floor) => floor.includes(roomOf(file)));

describe('the floors', () => {
  test('every file has a room on one of them', () => {
    expect(files.filter((file) => floorOf(file) === -1)).toEqual([]);
    const rooms = new Set(files.map(roomOf));
    expect(FLOORS.flat().filter((room) => !rooms.has(room))).toEqual([]);
  });

  test('ARCHITECTURE.md draws the same', () => {
    const drawn = FLOORS.toReversed().map((floor) => floor.join('  '));
    expect(readFileSync(resolve(SRC, '../ARCHITECTURE.md'), 'utf8')).toContain(`\n${drawn.join('\n')}\n`);
  });

  test('what is imported lies below', () => {
    const upward = within
      .filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(from) <= floorOf(to))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(upward).toEqual([]);
  });

  test('no file leads back to itself, not even by types', () => {
    const targets = (from: string) => within.filter((one) => one.from === from);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (done.has(file)) return;
      expect(path, [...path, file].join(' -> ')).not.toContain(file);
      for (const { to } of targets(file)) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });
});

describe('the edges', () => {
  const using = (pattern: RegExp) =>
    files.filter((file) => pattern.test(source(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))).sort();

  test('process is looked at in one file, and in the command line', () => {
    expect(using(/\bprocess\.|'node:process'/).filter((file) => !file.startsWith('cli/'))).toEqual([
      // A program of its own, which ends with the one that started it.
      'demo/replica.ts',
      // Which process this is, and whether another one still runs.
      'disk/identity.ts',
      // Whose the process is, compared with whose a file is.
      'disk/may-write.ts',
      // Which V8 it is.
      'process/many-properties.ts',
      // Whether packages are in folders.
      'process/optional-package.ts',
      // Which program was started: its configuration and its packages are looked for there, too.
      'process/started.ts',
      'resolve/machine.ts',
      // The variables alone: the rest of what tells the machine is not there.
      'start/at-edge.ts',
    ]);
  });

  test('console and process.exit belong to the command line', () => {
    // A worker has no standard error.
    // In quotation marks it is the name of an event: 'console.step'.
    expect(using(/(?<!')\bconsole\.|process\.exit\b/).filter((file) => !file.startsWith('cli/'))).toEqual([
      'start/at-edge.ts',
    ]);
  });

  test('no text of an error is looked into: facts are fields', () => {
    const operations =
      'startsWith|endsWith|includes|indexOf|match|matchAll|search|replace|replaceAll|slice|split';
    const text = '(message|hint|remark)';
    expect(
      using(
        new RegExp(
          `\\.${text}\\)?\\??\\.(${operations})\\(|\\.(test|exec)\\([\\w.?]*\\.${text}\\)|(?<![\\w.])${text}\\??\\.(${operations})\\(`,
        ),
      ),
    ).toEqual([
      // What Redis answers begins with the code of its error.
      'engines/open-redis.ts',
      'engines/redis.ts',
    ]);
  });

  test('the file system is touched in a handful of named files', () => {
    expect(using(/from 'node:fs/).filter((file) => !file.startsWith('cli/'))).toEqual([
      'blobs/files.ts',
      'demo/folder.ts',
      'disk/files.ts',
      'disk/identity.ts',
      'disk/lock.ts',
      'disk/new-file.ts',
      'disk/pipe.ts',
      'disk/read.ts',
      'disk/rename.ts',
      'doctor/git-program.ts',
      'doctor/places.ts',
      'doctor/wordlist.ts',
      'fleet/file-clock.ts',
      'fleet/file-fleet.ts',
      'keyring-stores/file.ts',
      'neighbours/app-sources.ts',
      'process/optional-package.ts',
      'process/started.ts',
      'resolve/follow.ts',
      // The name of the boot.
      'resolve/monotonic-clock.ts',
      'rotation/init/init.ts',
      'secret/development.ts',
      'secret/lists.ts',
    ]);
  });

  test('cryptography stays in keyring, signing and codecs; elsewhere random bytes are drawn at most', () => {
    // Redis knows its scripts by their SHA-1.
    expect(source('engines/redis.ts')).toMatch(/import \{ createHash \} from 'node:crypto'/);
    // Published secrets are kept as digests, and a digest of something trivial is no secret.
    const digesting = ['secret/guessable.ts', 'secret/published.ts'];
    for (const file of digesting) expect(source(file)).toMatch(/import \{ hash \} from 'node:crypto'/);
    const users = using(/from 'node:crypto'/).filter(
      (file) =>
        !/^(codecs|keyring|signing)\//.test(file) && file !== 'engines/redis.ts' && !digesting.includes(file),
    );
    for (const file of users)
      expect(source(file), file).toMatch(/import \{ randomBytes \} from 'node:crypto'/);
    expect(users).toEqual([
      'disk/files.ts',
      'disk/lock.ts',
      'disk/new-file.ts',
      'resolve/monotonic-clock.ts',
      'secret/generate.ts',
      'sessions/stores/redis.ts',
    ]);
  });

  test('time is handed in: nothing reads the clock but the edge and defaults', () => {
    // How old a lock or a killed upload is goes by the clock that dated it: the machine's. So does standing still.
    expect(using(/new Date\(\)|Date\.now\(\)/)).toEqual([
      'blobs/files.ts',
      // What runs in a browser goes by its clock.
      'console/assets/script.ts',
      'disk/lock.ts',
      'engines/resume.ts',
      'process/clock.ts',
    ]);
  });

  test('frameworks are imported as types only, and the package depends on one small library', () => {
    const packages = imports.filter(
      ({ to }) => !files.includes(to) && !to.startsWith('node:') && !to.startsWith('#'),
    );
    const values = new Set(packages.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to));
    // Hono knows its exceptions by their class, and whoever has the adapter has Hono.
    expect([...values].sort()).toEqual(['hono/http-exception', 'smol-toml']);
    // Peers are loaded where they are asked for, and by nobody else.
    expect(using(/libsodium/)).toEqual([
      'config/descriptions.ts',
      'rarely/files.cts',
      'signing/sealer-unavailable.ts',
      'signing/sodium.ts',
    ]);
    expect(using(/loadOptional</).filter((file) => file !== 'process/optional-package.ts')).toEqual([
      'config/csrf-origins.ts',
      // No peer: a start that cannot wait for `import()` gets it this way.
      'config/files.ts',
      'engines/packages.ts',
      'signing/sodium.ts',
    ]);
    // Bundlers follow what they can read: an `import()` of a peer is to stand in a type at most.
    const readable = /(?<!typeof |: |= )(import|require)\('(tldts|libsodium-wrappers|redis|ioredis|pg)'\)/;
    // But for a list that is never called: what traces files goes by it, and bundlers get something else in its place.
    expect(using(readable)).toEqual(['rarely/files.cts']);
    for (const file of files)
      expect(source(file), file).not.toMatch(/from '(tldts|libsodium-wrappers|redis|ioredis|pg)'/);
    const manifest = JSON.parse(readFileSync(resolve(SRC, '../package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies)).toEqual(['smol-toml']);
    for (const { to } of packages) {
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] as string);
      expect({ ...manifest.dependencies, ...manifest.peerDependencies }).toHaveProperty([name]);
    }
  });
});
