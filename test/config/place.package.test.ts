// Configuration is found where the app is, however it is started.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Fastify from 'fastify';
import { describe, expect, test } from 'vitest';
import plugin from '../../src/adapters/fastify/index.js';
import { findPlace } from '../../src/config/place.js';
import { elsewhereBelow, placesBelow } from '../../src/config/places-below.js';
import { othersMayWrite } from '../../src/disk/may-write.js';
import { runDoctor } from '../../src/doctor/run.js';
import { thisMachine } from '../../src/resolve/machine.js';
import { keyturn as command } from '../cli/run.js';
import {
  folderWith,
  keysOf,
  machine,
  OLDER,
  refusalOn,
  resolveOn,
  STRONG,
  startOn,
} from '../support/machine.js';

const DEV = { KEYTURN_ENV: 'dev' };
const PACKAGE = '{"name":"web","private":true}';
const CONFIG = '[session]\nidle = "1h"';

/** A monorepo with one app, and files beside. */
async function monorepo(
  files: Readonly<Record<string, string>> = {},
): Promise<{ root: string; web: string }> {
  const root = realpathSync(
    await folderWith({
      'package.json': '{"workspaces":["apps/*"]}',
      'apps/web/package.json': PACKAGE,
      ...files,
    }),
  );
  return { root, web: join(root, 'apps/web') };
}

const place = async (cwd: string, entry?: string, env = {}) => (await findPlace({ cwd, entry, env })).folder;

describe('the folder of the app', () => {
  test('is the working directory where that has a configuration file, of whatever profile', async () => {
    for (const name of ['keyturn.toml', 'keyturn.prod.toml', 'keyturn.production.toml']) {
      const { root, web } = await monorepo({ [name]: '', 'apps/web/keyturn.toml': '' });
      expect(await place(root, web)).toBe(root);
    }
  });

  test('is else the package of the file that was started, where that has one', async () => {
    const { root, web } = await monorepo({ 'apps/web/keyturn.toml': '', '.keyturn/secret': STRONG });
    expect(await place(root, web)).toBe(web);
    expect(await place('/', web)).toBe(web);
    expect(await place(join(root, 'apps'), join(web, 'src/deep'))).toBe(web);
  });

  test('is else the one with a folder .keyturn, so that no second secret is made', async () => {
    const first = await monorepo({ '.keyturn/secret': STRONG });
    expect(await place(first.root, first.web)).toBe(first.root);
    const second = await monorepo({ 'apps/web/.keyturn/secret': STRONG });
    expect(await place(second.root, second.web)).toBe(second.web);
  });

  test('is the package where nothing is there yet, and the working directory where the app lies elsewhere', async () => {
    const { root, web } = await monorepo();
    expect(await place(root, web)).toBe(web);
    expect(await place(join(web, 'src'), web)).toBe(web);
    const elsewhere = await folderWith({});
    expect(await place(elsewhere, web)).toBe(elsewhere);
    const { web: configured } = await monorepo({ 'apps/web/keyturn.toml': '' });
    expect(await place(elsewhere, configured)).toBe(configured);
  });

  test('is not what a bundler has made, with a package.json that says only how its modules are taken', async () => {
    const { root, web } = await monorepo({
      'apps/web/dist/package.json': '{"type":"module","sideEffects":false}',
      'apps/web/keyturn.toml': '',
    });
    expect(await place(root, join(web, 'dist/server'))).toBe(web);
  });

  test('is never an installed package: a test runner, a framework, a tool', async () => {
    const { root } = await monorepo({
      'node_modules/runner/package.json': PACKAGE,
      'node_modules/runner/keyturn.toml': '',
      'node_modules/.pnpm/tool@1/node_modules/tool/package.json': PACKAGE,
    });
    expect(await place(root, join(root, 'node_modules/runner'))).toBe(root);
    expect(await place(root, join(root, 'node_modules/.pnpm/tool@1/node_modules/tool'))).toBe(root);
  });

  test('is the working directory where no package is found above, and where no file was started', async () => {
    const cwd = await folderWith({ 'app/server.js': '' });
    expect(await place(cwd, join(cwd, 'app'))).toBe(cwd);
    expect(await place(cwd)).toBe(cwd);
  });

  test.each([
    ['cut off', '{'],
    ['empty', ''],
    ['a list', '["name"]'],
    ['a text', '"name"'],
    ['null', 'null'],
    ['too large', `{"name":"${'x'.repeat(300_000)}"}`],
  ])('is not where package.json is none: %s', async (_, broken) => {
    const { root, web } = await monorepo({
      'apps/web/package.json': broken,
      'apps/web/node_modules': '',
      'apps/web/keyturn.toml': '',
    });
    expect(await place('/', web)).toBe(root);
    const deep = await monorepo({ 'apps/web/src/package.json': broken, 'apps/web/keyturn.toml': '' });
    expect(await place('/', join(deep.web, 'src'))).toBe(deep.web);
  });

  test('is where package.json begins with a byte-order mark', async () => {
    const { web } = await monorepo({
      'apps/web/package.json': `\uFEFF${PACKAGE}`,
      'apps/web/keyturn.toml': '',
    });
    expect(await place('/', web)).toBe(web);
  });

  test.skipIf(process.platform === 'win32').each([
    ['a package.json', 'package.json', PACKAGE],
    ['installed packages', 'node_modules/x/package.json', PACKAGE],
  ])('is not looked for where others may write: %s', async (_, name, content) => {
    const shared = realpathSync(
      await folderWith({ [name]: content, 'keyturn.toml': CONFIG, 'mine/app/server.js': '' }),
    );
    const started = join(shared, 'mine/app');
    expect(await place('/', started)).toBe(shared);
    chmodSync(shared, 0o1777);
    expect(await place('/', started)).toBe('/');
    expect(await place('/', shared)).toBe('/');
    expect(await place(started, started)).toBe(started);
    // Nor above it.
    await mkdir(join(shared, 'mine/app/node_modules'));
    expect(await place(join(shared, 'mine'), started)).toBe(started);
    chmodSync(join(shared, 'mine/app'), 0o1777);
    expect(await place(join(shared, 'mine'), started)).toBe(join(shared, 'mine'));
  });

  test.each([
    ['of root', 0o755, 0, false],
    ['its own', 0o700, 1000, false],
    ['its own, all may write to it, as on a mounted drive', 0o777, 1000, false],
    ['its own, all may write to it, sticky', 0o1777, 1000, true],
    ['of root, all may write to it', 0o777, 0, true],
    ['of root, as /tmp', 0o1777, 0, true],
    ['of somebody else', 0o755, 1001, true],
    ['of the owner of what was started', 0o755, 1002, false],
    ['of that one, all may write to it', 0o777, 1002, true],
  ])('others may write to a folder %s', (_, permissions, uid, expected) => {
    expect(othersMayWrite({ mode: 0o040000 | permissions, uid }, 1002, 1000)).toBe(expected);
    // /tmp is not root's own either.
    expect(othersMayWrite({ mode: 0o041777, uid: 0 }, 1002, 0)).toBe(true);
  });

  test('a caller that says where is not second-guessed', async () => {
    const { root } = await monorepo();
    expect(thisMachine({ cwd: root }).entry).toBeUndefined();
  });
});

test('the plugin takes cwd as createKeyturn does', async () => {
  const cwd = await folderWith({ 'keyturn.toml': '[session.cookie]\nname = "here.sid"' });
  const app = Fastify();
  await app.register(plugin, { cwd, env: DEV });
  app.get('/', async (request) => {
    request.session.user = 'ada';
    return 'in';
  });
  expect((await app.inject('/')).cookies.map(({ name }) => name)).toContain('here.sid');
  expect(existsSync(join(cwd, '.keyturn/secret'))).toBe(true);
  await app.close();
});

describe('KEYTURN_CONFIG', () => {
  test('names a folder, or a file with that of the profile beside it', async () => {
    const cwd = await folderWith({
      'keyturn.toml': '[session]\nidle = "9h"',
      'conf/keyturn.toml': '[session]\nidle = "1h"',
      'conf/keyturn.dev.toml': '[session]\nmax_age = "2h"',
      'etc/shop.toml': '[session]\nidle = "3h"',
      'etc/shop.dev.toml': '[session]\nmax_age = "4h"',
      'etc/plain': '[session]\nidle = "5h"',
    });
    const read = async (KEYTURN_CONFIG: string) => {
      const {
        settings,
        configFiles,
        problems,
        cwd: folder,
      } = await resolveOn({ cwd, env: { ...DEV, KEYTURN_CONFIG } });
      expect(problems).toEqual([]);
      expect(folder).toBe(cwd);
      return [
        settings.get('session.idle') / 3600,
        settings.get('session.max_age') / 3600,
        configFiles.length,
      ];
    };
    expect(await read('conf')).toEqual([1, 2, 2]);
    expect(await read(join(cwd, 'conf/'))).toEqual([1, 2, 2]);
    expect(await read('etc/shop.toml')).toEqual([3, 4, 2]);
    expect(await read('etc/plain')).toEqual([5, 720, 1]);
  });

  test.each([
    ['', 'is empty'],
    [' ', 'is empty'],
    ['missing', 'names nothing that is there'],
    ['empty', 'names a folder without keyturn.toml'],
    ['"conf"', 'has quotation marks around it'],
    [STRONG, 'names nothing that is there'],
  ])('%j refuses the start, and is not repeated', async (KEYTURN_CONFIG, what) => {
    const cwd = await folderWith({ 'keyturn.toml': CONFIG });
    await mkdir(join(cwd, 'empty'));
    const error = await refusalOn({ cwd, env: { ...DEV, KEYTURN_CONFIG } });
    expect(error).toMatchObject({ code: 'config_invalid', message: `KEYTURN_CONFIG ${what}` });
    expect(existsSync(join(cwd, '.keyturn'))).toBe(false);
  });

  test('init writes its lines where they are read', async () => {
    const cwd = await folderWith({ 'conf/keyturn.toml': CONFIG });
    const env = { ...DEV, KEYTURN_CONFIG: 'conf' };
    const { stdout, stderr, code } = await command(['init'], { cwd, env });
    expect(code, stderr).toBe(0);
    expect(existsSync(join(cwd, 'keyturn.toml'))).toBe(false);
    expect(stdout + stderr).toContain('../.keyturn/keyring.json'.replace('../', ''));
  });
});

describe('paths', () => {
  test('begin in the folder of the file that has them, and in the working directory for a variable', async () => {
    const { root, web } = await monorepo({
      'apps/web/keyturn.toml': '[security.signing_secret]\nfile = "secrets/key"',
      'apps/web/secrets/key': STRONG,
      'secrets/key': OLDER,
      'etc/keyturn.toml': '[security.signing_secret]\nfile = "key"',
      'etc/key': OLDER,
    });
    const started = (env = {}) => resolveOn({ cwd: root, entry: web, env: { ...DEV, ...env } });
    expect(keysOf(await started())).toEqual([`${STRONG}:active`]);
    const file = { KEYTURN_SECURITY__SIGNING_SECRET_FILE: 'secrets/key' };
    expect(keysOf(await started(file))).toEqual([`${OLDER}:active`]);
    expect((await started(file)).hidden).toEqual([
      expect.objectContaining({ kind: 'file', path: join(web, 'secrets/key') }),
    ]);
    expect(keysOf(await started({ KEYTURN_CONFIG: 'etc' }))).toEqual([`${OLDER}:active`]);
    expect((await started({ KEYTURN_DATA_DIR: 'data' })).dataDir).toBe(join(root, 'data'));
    expect((await started()).dataDir).toBe(join(web, '.keyturn'));
  });
});

describe('what is said', () => {
  test('the log names the files that were read, or where none is', async () => {
    const lineOf = async (cwd: string) => {
      const { log, keyturn } = await startOn({ cwd, env: DEV });
      await keyturn.close();
      return log.find(({ facts }) => facts.event === 'configuration.read');
    };
    const cwd = await folderWith({ 'keyturn.toml': CONFIG, 'keyturn.dev.toml': '' });
    const files = [join(cwd, 'keyturn.toml'), join(cwd, 'keyturn.dev.toml')];
    expect(await lineOf(cwd)).toMatchObject({
      level: 'info',
      facts: { files },
      message: `configuration is read from ${files.join(', ')}`,
    });
    const empty = await folderWith({});
    expect((await lineOf(empty))?.message).toBe(`no configuration file is read: there is none in ${empty}`);
  });

  test('a command at the root of a monorepo says where configuration is', async () => {
    const { root } = await monorepo({
      'apps/web/keyturn.toml': CONFIG,
      'apps/admin/keyturn.prod.toml': '',
      'node_modules/x/keyturn.toml': '',
      '.hidden/keyturn.toml': '',
    });
    expect(await placesBelow(root)).toEqual([join(root, 'apps/admin'), join(root, 'apps/web')]);
    expect(await elsewhereBelow(root)).toEqual({
      what: 'configuration files are in apps/admin and 1 more, and are not read from here',
      hint: 'run this in the folder of the app, or name it: --cwd apps/admin',
    });
    expect(await elsewhereBelow(join(root, 'apps/web'))).toBeUndefined();
    const ran = await command(['status'], { cwd: root, env: DEV });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('--cwd apps/admin') });
    const { checks } = await runDoctor(machine({ cwd: root, env: DEV }));
    expect(checks.find(({ name }) => name === 'configuration')).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('--cwd apps/admin'),
    });
  });

  test('init and import begin nothing above an app, unless the folder is named', async () => {
    const { root, web } = await monorepo({ 'apps/web/keyturn.toml': CONFIG, 'old-secret': STRONG });
    for (const args of [['init'], ['init', '--if-missing'], ['import', 'old-secret']]) {
      const ran = await command([...args, '--json'], { cwd: root, env: DEV });
      expect(ran.code).toBe(1);
      expect(JSON.parse(ran.stdout)).toMatchObject({
        error: {
          code: 'config_elsewhere',
          hint: 'run this in the folder of the app, or name it: --cwd apps/web; where the app is this folder, --cwd .',
        },
      });
      for (const name of ['keyturn.toml', 'keyturn.prod.toml', '.keyturn'])
        expect(existsSync(join(root, name)), name).toBe(false);
    }
    expect((await command(['init', '--cwd', web], { cwd: root, env: DEV })).code).toBe(0);
    expect(existsSync(join(web, '.keyturn/keyring.json'))).toBe(true);
    expect((await command(['init', '--cwd', root], { cwd: root, env: DEV })).code).toBe(0);
    expect(existsSync(join(root, 'keyturn.toml'))).toBe(true);
  });

  test('an app at the root, and a place that is named, are begun in spite of files below', async () => {
    const { root } = await monorepo({ 'apps/web/keyturn.toml': CONFIG, 'keyturn.prod.toml': '' });
    expect((await command(['init'], { cwd: root, env: DEV })).code).toBe(0);
    const other = await monorepo({ 'apps/web/keyturn.toml': CONFIG });
    const env = { ...DEV, KEYTURN_CONFIG: 'apps/web' };
    expect((await command(['init'], { cwd: other.root, env })).code).toBe(0);
    expect(existsSync(join(other.root, 'keyturn.toml'))).toBe(false);
  });

  test('a start warns where the working directory takes the place of the package that is started', async () => {
    const { root, web } = await monorepo({ 'keyturn.toml': CONFIG, 'apps/web/keyturn.toml': CONFIG });
    const warned = async (where: Parameters<typeof resolveOn>[0]) =>
      (await resolveOn({ env: DEV, ...where })).problems.filter(
        ({ error }) => error.code === 'config_elsewhere',
      );
    expect(await warned({ cwd: root, entry: web })).toMatchObject([
      {
        severity: 'warning',
        error: { message: expect.stringContaining(`from ${root}, and not from ${web},`) },
      },
    ]);
    expect(await warned({ cwd: web, entry: web })).toEqual([]);
    expect(await warned({ cwd: root })).toEqual([]);
    expect(await warned({ cwd: root, entry: web, env: { ...DEV, KEYTURN_CONFIG: 'apps/web' } })).toEqual([]);
  });

  test('a folder whose name a shell would run is quoted where a hint names it', async () => {
    const root = await folderWith({ "$(id) it's/keyturn.toml": CONFIG });
    const below = await elsewhereBelow(root);
    expect(below?.hint).toMatch(/--cwd '\$\(id\) it'\\''s'$/);
    // As a shell takes it: one word, the name itself.
    const word = below?.hint.split('--cwd ')[1];
    expect(execFileSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' })).toBe("$(id) it's");
  });

  test('commands say when running processes read another place', async () => {
    const cwd = join(realpathSync(await folderWith({ '$(id)/keyturn.toml': CONFIG })), '$(id)');
    const other = realpathSync(await folderWith({ 'keyturn.toml': CONFIG }));
    expect((await command(['init'], { cwd: other, env: DEV })).code).toBe(0);
    const env = { ...DEV, KEYTURN_SECURITY__SIGNING_SECRET_FILE: join(other, '.keyturn/keyring.json') };
    const { keyturn } = await startOn({ cwd, env, now: Date.now() });
    try {
      const here = await command(['status'], { cwd, env });
      expect(here.stdout).not.toContain('reads');
      const there = await command(['status'], { cwd: other, env });
      const says = `reads ${join(cwd, 'keyturn.toml')}, and this command ${join(other, 'keyturn.toml')}; run this command in its folder, or with --cwd '${cwd}'`;
      expect(there.stdout).toContain(says);
      expect((await command(['stage'], { cwd: other, env })).stderr).toContain(says);
      const { checks } = await runDoctor(machine({ cwd: other, env, now: Date.now() }));
      expect(checks.find(({ name }) => name === 'fleet')).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining(`reads ${join(cwd, 'keyturn.toml')}, and the doctor`),
      });
    } finally {
      await keyturn.close();
    }
  });
});

describe('a process', () => {
  const BUILT = new URL('../../dist/index.js', import.meta.url).href;
  const APP = `import { createKeyturn } from ${JSON.stringify(BUILT)};
const kt = await createKeyturn();
process.stdout.write(kt.health.source);
await kt.close();`;

  const SILENT = { ...DEV, KEYTURN_LOG__LEVEL: 'silent' };

  async function run(args: readonly string[], cwd: string): Promise<string> {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, args, {
      cwd,
      env: { PATH: process.env.PATH, ...SILENT },
      stdio: [...stdio],
    });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(child, 'close');
    return said;
  }

  test('uses one secret, wherever and however it is started', async () => {
    const { root, web } = await monorepo({
      'apps/web/server.mjs': APP,
      'apps/web/threads.mjs': `import { createKeyturn } from ${JSON.stringify(BUILT)};
import { Worker } from 'node:worker_threads';
await (await createKeyturn()).close();
new Worker(new URL('../../node_modules/pool/worker.mjs', import.meta.url));`,
      'node_modules/pool/worker.mjs': APP,
      'node_modules/pool/package.json': PACKAGE,
    });
    mkdirSync(join(root, 'node_modules/.bin'), { recursive: true });
    symlinkSync(join(web, 'server.mjs'), join(root, 'node_modules/.bin/web'));
    const secret = join(web, '.keyturn/secret');
    expect(await run(['apps/web/server.mjs'], root)).toBe(secret);
    expect(await run(['server.mjs'], web)).toBe(secret);
    expect(await run([join(web, 'server.mjs')], '/')).toBe(secret);
    expect(await run(['node_modules/.bin/web'], root)).toBe(secret);
    expect(await run(['apps/web/threads.mjs'], root)).toBe(secret);
    expect(existsSync(join(root, '.keyturn'))).toBe(false);
    // No file is started: its words are none.
    expect(await run(['--input-type=module', '-e', APP, join(web, 'server.mjs')], root)).toBe(
      join(root, '.keyturn/secret'),
    );
  });
});
