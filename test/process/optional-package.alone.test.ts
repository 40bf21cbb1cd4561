// Packages that need not be installed: present, missing and broken, in every form that Node, bundlers and test runners have.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { loadOptional } from '../../src/process/optional-package.js';

interface Peer {
  open(): string;
}

const root = mkdtempSync(join(tmpdir(), 'keyturn-optional-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;

/** An app with what is in its node_modules; the module that asks. */
function app(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(made++));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return pathToFileURL(join(folder, 'server.js')).href;
}

const load = (...places: string[]) => loadOptional<Peer>('peer', 'open', places);
const PEER = "exports.open = () => 'opened';";

test('one that is installed is loaded, whatever kind of module it is', () => {
  expect(load(app({ 'peer/index.js': PEER }))?.open()).toBe('opened');
  const standard = {
    'peer/package.json': '{"exports":"./index.js"}',
    'peer/index.js': `exports.__esModule = true; exports.default = { open: () => 'opened' };`,
  };
  expect(load(app(standard))?.open()).toBe('opened');
});

describe('one that is not installed is undefined', () => {
  test('as Node says it', () => {
    expect(load(app({}))).toBeUndefined();
  });

  test('as a bundler or a test runner says it that puts an empty module in its place', () => {
    expect(load(app({ 'peer/index.js': '' }))).toBeUndefined();
    expect(load(app({ 'peer/index.js': 'exports.default = {};' }))).toBeUndefined();
    expect(load(app({ 'peer/index.js': 'module.exports = null;' }))).toBeUndefined();
  });

  test('where there is no place to look from', () => {
    for (const place of ['[eval]', 'webpack:///./src/server.js', '', '.'])
      expect(load(place)).toBeUndefined();
    expect(load()).toBeUndefined();
  });
});

test('where this module is said to be at a place that is not there, the program is asked', () => {
  const gone = pathToFileURL(join(root, 'built/elsewhere/node_modules/keyturn/dist/index.js')).href;
  expect(load(gone, app({ 'peer/index.js': PEER }))?.open()).toBe('opened');
});

describe('one that is there and broken is no missing one', () => {
  test.each([
    ['lacks what it needs itself', { 'peer/index.js': "require('peer-core');" }],
    ['throws', { 'peer/index.js': "throw new Error('no WebAssembly here');" }],
    ['has no entry', { 'peer/package.json': '{"exports":{"./other":"./index.js"}}', 'peer/index.js': PEER }],
  ])('it %s', (_, files) => {
    expect(() => load(app(files))).toThrow();
  });
});

describe('it is looked for in the app alone', () => {
  const { argv, execArgv } = process;
  const initPaths = (): void => Reflect.get(Module, '_initPaths').call(Module);
  afterEach(() => {
    Object.assign(process, { argv, execArgv });
    vi.unstubAllEnvs();
    initPaths();
  });

  test('of the file that was started, and not of an argument where none was', () => {
    const started = fileURLToPath(app({ 'peer/index.js': PEER }));
    const asked = (first: string, ...options: string[]) => {
      Object.assign(process, { argv: [process.execPath, first], execArgv: options });
      return loadOptional<Peer>('peer', 'open');
    };
    expect(asked(started)?.open()).toBe('opened');
    expect(asked(started, '--enable-source-maps')?.open()).toBe('opened');
    for (const option of ['-e', '-p', '-pe', '--eval', '--print', '--eval=1', '-i'])
      expect(asked(started, option), option).toBeUndefined();
    expect(asked('server.js')).toBeUndefined();
  });

  test('and not where NODE_PATH or the home folder has it', () => {
    const elsewhere = dirname(fileURLToPath(app({ 'peer/index.js': PEER })));
    mkdirSync(join(elsewhere, '.node_modules/peer'), { recursive: true });
    writeFileSync(join(elsewhere, '.node_modules/peer/index.js'), PEER);
    const without = app({});
    const empty = app({ 'peer/README.md': '' });
    for (const [variable, value] of [
      ['NODE_PATH', join(elsewhere, 'node_modules')],
      ['HOME', elsewhere],
    ] as const) {
      vi.stubEnv(variable, value);
      initPaths();
      expect(Module.createRequire(without).resolve('peer')).toContain(elsewhere);
      expect(load(without), variable).toBeUndefined();
      expect(load(empty), variable).toBeUndefined();
      expect(load(without, app({ 'peer/index.js': PEER }))?.open()).toBe('opened');
      vi.unstubAllEnvs();
    }
  });

  test('also where it is linked, as in workspaces', () => {
    const place = app({});
    const folder = dirname(fileURLToPath(place));
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    mkdirSync(join(folder, '../linked'), { recursive: true });
    writeFileSync(join(folder, '../linked/index.js'), PEER);
    symlinkSync(join(folder, '../linked'), join(folder, 'node_modules/peer'), 'junction');
    expect(load(place)?.open()).toBe('opened');
  });

  test("wherever Yarn's Plug'n'Play has it", () => {
    vi.stubEnv('NODE_PATH', join(dirname(fileURLToPath(app({ 'peer/index.js': PEER }))), 'node_modules'));
    initPaths();
    const { versions } = process;
    Object.defineProperty(versions, 'pnp', { value: '3', configurable: true });
    try {
      expect(load(app({}))?.open()).toBe('opened');
    } finally {
      Reflect.deleteProperty(versions, 'pnp');
    }
  });
});
