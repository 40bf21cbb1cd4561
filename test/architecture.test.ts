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
  [...source(from).matchAll(/(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g)].map(
    (found) => ({
      from,
      to: found[3] ?? (found[4] as string),
      typeOnly: found[2] !== undefined,
    }),
  ),
);

/** The layer of a file: its folder, or for a file that stands alone its name. `adapters/http.ts` is one of its own. */
function layerOf(file: string): string {
  if (file === 'adapters/http.ts') return 'adapters/http';
  const [first] = file.split('/');
  return (first as string).replace(/\.ts$/, '');
}

/** What each layer may import. Nothing turns back, and siblings do not know each other. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  files: [],
  log: [],
  config: ['errors'],
  keyring: ['errors', 'files'],
  secret: ['errors', 'files'],
  resolve: ['errors', 'files', 'config', 'keyring', 'secret'],
  signing: ['errors', 'config', 'keyring'],
  stores: [],
  purposes: ['errors', 'config', 'signing', 'stores'],
  keyturn: ['errors', 'log', 'config', 'keyring', 'resolve', 'signing', 'purposes', 'stores'],
  'adapters/http': ['errors', 'log', 'keyturn', 'purposes', 'signing', 'stores'],
  adapters: ['errors', 'keyturn', 'purposes', 'adapters/http'],
  doctor: ['errors', 'files', 'config', 'keyring', 'secret', 'resolve', 'purposes'],
  cli: [
    'errors',
    'files',
    'log',
    'config',
    'keyring',
    'secret',
    'resolve',
    'signing',
    'purposes',
    'doctor',
    'keyturn',
  ],
  testing: ['errors', 'log', 'keyring', 'signing', 'stores', 'keyturn'],
  index: ['errors', 'log', 'config', 'keyring', 'signing', 'purposes', 'keyturn'],
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
      return pair !== undefined && !['adapters/http.js', 'stores/store.js'].includes(target);
    });
    expect(siblings).toEqual([]);
  });
});

describe('the edges', () => {
  const using = (pattern: RegExp) =>
    files.filter((file) => pattern.test(source(file).replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))).sort();

  test('process is looked at in one file, and in the command line', () => {
    expect(using(/\bprocess\./).filter((file) => !file.startsWith('cli/'))).toEqual(['resolve/machine.ts']);
  });

  test('console and process.exit belong to the command line', () => {
    expect(using(/\bconsole\.|process\.exit\b/).filter((file) => !file.startsWith('cli/'))).toEqual([]);
  });

  test('the file system is touched in a handful of named files', () => {
    expect(using(/from 'node:fs/).filter((file) => !file.startsWith('cli/'))).toEqual([
      'config/files.ts',
      'doctor/places.ts',
      'doctor/run.ts',
      'files.ts',
      'resolve/machine.ts',
      'resolve/resolve.ts',
      'secret/development.ts',
      'secret/ladder.ts',
    ]);
  });

  test('cryptography stays in keyring and signing; elsewhere random bytes are drawn at most', () => {
    const users = using(/from 'node:crypto'/).filter((file) => !/^(keyring|signing)\//.test(file));
    for (const file of users)
      expect(source(file), file).toMatch(/import \{ randomBytes \} from 'node:crypto'/);
    expect(users).toEqual(['files.ts', 'secret/development.ts', 'secret/generate.ts']);
  });

  test('time is handed in: nothing reads the clock but the edge and defaults', () => {
    expect(using(/new Date\(\)|Date\.now\(\)/)).toEqual([]);
  });

  test('frameworks are imported as types only, and the package depends on two small libraries', () => {
    const packages = imports.filter(({ to }) => !to.startsWith('.') && !to.startsWith('node:'));
    const values = new Set(packages.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to));
    expect([...values].sort()).toEqual(['cookie', 'smol-toml']);
    const manifest = JSON.parse(readFileSync(resolve(SRC, '../package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['cookie', 'smol-toml']);
    for (const { to } of packages) {
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] as string);
      expect({ ...manifest.dependencies, ...manifest.peerDependencies }).toHaveProperty([name]);
    }
  });
});
