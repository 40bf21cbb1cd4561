// The layers of ARCHITECTURE.md, held: who may import whom, and who may touch the process, the disk and the console.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const source = (file: string) => readFileSync(join(SRC, file), 'utf8');

const imports: readonly Import[] = files.flatMap((from) =>
  [
    ...source(from).matchAll(
      /(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|(typeof |: |= )?import\('([^']+)'\)/g,
    ),
  ].map((found) => ({
    from,
    to: found[3] ?? (found[5] as string),
    typeOnly: (found[2] ?? found[4]) !== undefined,
  })),
);

/** The layer of a file: its folder, or for a file that stands alone its name. `adapters/http.ts` is one of its own. */
function layerOf(file: string): string {
  if (file === 'adapters/http.ts') return 'adapters/http';
  const [first] = file.split('/');
  return (first as string).replace(/\.ts$/, '');
}

/** What each layer may import. Nothing turns back, and siblings do not know each other. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  printable: [],
  started: [],
  'optional-package': ['started'],
  errors: ['printable'],
  disk: ['errors'],
  config: ['started', 'errors', 'disk'],
  engines: ['optional-package', 'errors', 'config'],
  keyring: ['errors', 'disk'],
  secret: ['errors', 'disk'],
  // The registry says how long tokens live, and so how long a weak key may be let in.
  resolve: ['started', 'errors', 'disk', 'config', 'keyring', 'secret', 'purposes'],
  signing: ['optional-package', 'errors', 'config', 'keyring'],
  stores: ['errors', 'config', 'engines'],
  purposes: ['optional-package', 'errors', 'config', 'signing', 'stores'],
  fleet: ['errors', 'disk', 'config', 'keyring'],
  'session-store': ['errors', 'config', 'engines', 'stores'],
  'ring-stores': ['errors', 'disk', 'config', 'keyring', 'secret', 'resolve', 'engines', 'fleet'],
  runtime: [
    'printable',
    'errors',
    'config',
    'keyring',
    'secret',
    'resolve',
    'signing',
    'purposes',
    'fleet',
    'ring-stores',
  ],
  rotation: [
    'errors',
    'disk',
    'config',
    'keyring',
    'secret',
    'resolve',
    'engines',
    'purposes',
    'fleet',
    'ring-stores',
  ],
  build: ['errors', 'keyring', 'stores', 'runtime'],
  outside: [
    'errors',
    'config',
    'engines',
    'fleet',
    'resolve',
    'stores',
    'session-store',
    'ring-stores',
    'runtime',
  ],
  keyturn: [
    'build',
    'errors',
    'config',
    'keyring',
    'resolve',
    'engines',
    'signing',
    'purposes',
    'stores',
    'outside',
    'ring-stores',
    'runtime',
  ],
  'sign-out': ['errors', 'config', 'stores', 'keyturn'],
  'sealed-store': ['errors', 'config', 'signing', 'purposes', 'stores', 'keyturn'],
  jwt: ['errors', 'config', 'keyring', 'signing', 'stores', 'keyturn'],
  blobs: ['errors', 'disk', 'config', 'resolve', 'signing', 'purposes', 'keyturn'],
  http: [],
  'adapters/http': [
    'errors',
    'config',
    'keyring',
    'http',
    'keyturn',
    'runtime',
    'purposes',
    'signing',
    'stores',
  ],
  adapters: ['errors', 'config', 'http', 'keyturn', 'runtime', 'purposes', 'blobs', 'adapters/http'],
  doctor: [
    'errors',
    'disk',
    'config',
    'keyring',
    'secret',
    'resolve',
    'engines',
    'signing',
    'purposes',
    'fleet',
    'rotation',
  ],
  cli: [
    'printable',
    'errors',
    'disk',
    'config',
    'keyring',
    'secret',
    'resolve',
    'signing',
    'purposes',
    'fleet',
    'rotation',
    'doctor',
  ],
  testing: ['errors', 'keyring', 'signing', 'stores', 'keyturn'],
  index: [
    'errors',
    'config',
    'engines',
    'keyring',
    'signing',
    'purposes',
    'stores',
    'runtime',
    'keyturn',
    'sign-out',
  ],
};

describe('the layers', () => {
  test('every file belongs to one', () => {
    expect(files.map(layerOf).filter((layer) => !(layer in MAY_IMPORT))).toEqual([]);
  });

  test('arrows point one way only', () => {
    const wrong = imports
      .filter(({ to }) => to.startsWith('.'))
      .map(
        ({ from, to }) =>
          [
            from,
            relative(SRC, resolve(SRC, dirname(from), to))
              .replaceAll('\\', '/')
              .replace(/\.js$/, '.ts'),
          ] as const,
      )
      .filter(
        ([from, to]) => layerOf(from) !== layerOf(to) && !MAY_IMPORT[layerOf(from)]?.includes(layerOf(to)),
      )
      .map(([from, to]) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  test('no circle in what may import what', () => {
    const seen = new Map<string, 'open' | 'done'>();
    const visit = (layer: string, path: readonly string[]): void => {
      if (seen.get(layer) === 'done') return;
      expect(seen.get(layer), [...path, layer].join(' -> ')).toBeUndefined();
      seen.set(layer, 'open');
      for (const next of MAY_IMPORT[layer] ?? []) visit(next, [...path, layer]);
      seen.set(layer, 'done');
    };
    for (const layer of Object.keys(MAY_IMPORT)) visit(layer, []);
  });

  test('adapters do not import each other, stores do not either', () => {
    const siblings = imports.filter(({ from, to }) => {
      if (!to.startsWith('.')) return false;
      const target = relative(SRC, resolve(SRC, dirname(from), to)).replaceAll('\\', '/');
      const pair = ['adapters', 'stores'].find(
        (folder) => from.startsWith(`${folder}/`) && target.startsWith(`${folder}/`),
      );
      // What an adapter has in a file of its own, for its own framework.
      if (target === from.replace(/\.ts$/, '-blobs.js')) return false;
      return (
        pair !== undefined && !['adapters/http.js', 'stores/store.js', 'stores/text.js'].includes(target)
      );
    });
    expect(siblings).toEqual([]);
  });
});

describe('the edges', () => {
  const using = (pattern: RegExp) =>
    files.filter((file) => pattern.test(source(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))).sort();

  test('process is looked at in one file, and in the command line', () => {
    expect(using(/\bprocess\.|'node:process'/).filter((file) => !file.startsWith('cli/'))).toEqual([
      // Which process this is, and whether another one still runs.
      'disk/identity.ts',
      // Whether packages are in folders.
      'optional-package.ts',
      'resolve/machine.ts',
      // Which program was started: its configuration and its packages are looked for there, too.
      'started.ts',
    ]);
  });

  test('console and process.exit belong to the command line', () => {
    expect(using(/\bconsole\.|process\.exit\b/).filter((file) => !file.startsWith('cli/'))).toEqual([]);
  });

  test('the file system is touched in a handful of named files', () => {
    expect(using(/from 'node:fs/).filter((file) => !file.startsWith('cli/'))).toEqual([
      'blobs/files.ts',
      'disk/files.ts',
      'disk/identity.ts',
      'disk/lock.ts',
      'disk/read.ts',
      'doctor/git-program.ts',
      'doctor/places.ts',
      'doctor/run.ts',
      'doctor/wordlist.ts',
      'fleet/file-fleet.ts',
      'keyring/file.ts',
      'optional-package.ts',
      'resolve/config-secrets.ts',
      'resolve/follow.ts',
      'resolve/machine.ts',
      // The name of the boot.
      'resolve/steady-clock.ts',
      'rotation/found.ts',
      'secret/development.ts',
      'secret/lists.ts',
      'started.ts',
    ]);
  });

  test('cryptography stays in keyring and signing; elsewhere random bytes are drawn at most', () => {
    // Redis knows its scripts by their SHA-1.
    expect(source('engines/redis.ts')).toMatch(/import \{ createHash \} from 'node:crypto'/);
    // Published secrets are kept as digests, and a digest of something trivial is no secret.
    const digesting = ['secret/guessable.ts', 'secret/published.ts'];
    for (const file of digesting) expect(source(file)).toMatch(/import \{ hash \} from 'node:crypto'/);
    const users = using(/from 'node:crypto'/).filter(
      (file) =>
        !/^(keyring|signing)\//.test(file) && file !== 'engines/redis.ts' && !digesting.includes(file),
    );
    for (const file of users)
      expect(source(file), file).toMatch(/import \{ randomBytes \} from 'node:crypto'/);
    expect(users).toEqual([
      'disk/files.ts',
      'disk/lock.ts',
      'resolve/steady-clock.ts',
      'secret/development.ts',
      'secret/generate.ts',
      'stores/redis.ts',
    ]);
  });

  test('time is handed in: nothing reads the clock but the edge and defaults', () => {
    // How old a lock or a killed upload is goes by the clock that dated it: the machine's. So does standing still.
    expect(using(/new Date\(\)|Date\.now\(\)/)).toEqual([
      'blobs/files.ts',
      'disk/lock.ts',
      'engines/thaw.ts',
    ]);
  });

  test('frameworks are imported as types only, and the package depends on one small library', () => {
    const packages = imports.filter(
      ({ to }) => !to.startsWith('.') && !to.startsWith('node:') && !to.startsWith('#'),
    );
    const values = new Set(packages.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to));
    expect([...values].sort()).toEqual(['smol-toml']);
    // Peers are loaded where they are asked for, and by nobody else.
    expect(using(/libsodium/)).toEqual(['config/about.ts', 'signing/sodium.ts']);
    expect(using(/loadOptional</).filter((file) => file !== 'optional-package.ts')).toEqual([
      'engines/packages.ts',
      'purposes/csrf-origins.ts',
      'signing/sodium.ts',
    ]);
    // Bundlers follow what they can read: an `import()` of a peer is to stand in a type at most.
    const readable = /(?<!typeof |: |= )(import|require)\('(tldts|libsodium-wrappers|redis|ioredis|pg)'\)/;
    expect(using(readable)).toEqual([]);
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
