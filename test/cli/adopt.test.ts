// keyturn adopt, and the doctor's check of the same libraries.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../support/machine.js';
import { keyturn } from './run.js';

/** An app with these files. */
function app(
  files: Readonly<Record<string, string>>,
  dependencies: readonly string[] = ['express-session'],
): string {
  const cwd = tempDir();
  const all = {
    'package.json': JSON.stringify({
      dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
    }),
    'node_modules/express-session/package.json': '{"version":"1.19.0"}',
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  return cwd;
}

const SERVER = `import session from 'express-session';

app.use(
  session({
    secret: process.env.SESSION_SECRET,
    store,
    resave: false,
  }),
);
`;

const BRIDGED = `import session from 'express-session';
import { expressSession } from 'keyturn/bridges/express-session';

app.use(expressSession(kt, session, { store }));
`;

describe('keyturn adopt', () => {
  test('says where, from which variable, and what to write', async () => {
    const cwd = app({ 'src/server.js': SERVER });
    const { code, stdout, stderr } = await keyturn(['adopt'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('express-session 1.19.0\n');
    expect(stdout).toContain('src/server.js:4-8  its secret comes from the variable SESSION_SECRET\n');
    expect(stdout).toContain(`    + expressSession(kt, session, {
    +   store,
    +   resave: false,
    + })`);
    expect(stdout).toContain("    + import { expressSession } from 'keyturn/bridges/express-session';");
    expect(stdout).toContain(`    + [move_in.express-session]
    + phase = "beside"  # deploy this first; the page says when to go over
    + secrets = [{ env = "SESSION_SECRET" }]`);
    expect(stdout.split('\n').every((line) => line.length <= 110)).toBe(true);
  });

  test('names both ways for sessions that can move in, with the lines that load Keyturn', async () => {
    const required = SERVER.replace(
      "import session from 'express-session'",
      "const session = require('express-session')",
    );
    for (const [source, line] of [
      [SERVER, "import keyturn from 'keyturn/express';"],
      [required, "const { default: keyturn } = require('keyturn/express');"],
    ] as const) {
      const { stdout } = await keyturn(['adopt'], { cwd: app({ 'src/server.js': source }) });
      expect(stdout).toContain('There are two ways.');
      expect(stdout).toContain(
        `    + ${line}\n    + app.use(keyturn({ moveIn: { 'express-session': { … } } }));`,
      );
      expect(stdout).toContain('lastWins');
    }
  });

  test('knows from a file that an old secret is weak', async () => {
    const cwd = app({ 'src/server.js': SERVER, 'a.env': 'SESSION_SECRET=keyboard-cat-of-the-app\n' });
    expect((await keyturn(['adopt'], { cwd })).stdout).not.toContain('too weak');
    const { stdout } = await keyturn(['adopt', '--env-file', 'a.env'], { cwd });
    expect(stdout).toContain('# SESSION_SECRET is too weak');
    expect(stdout).not.toContain('keyboard-cat');
  });

  test('where nothing else of Keyturn is used it says how keys go sooner', async () => {
    const line = 'builtin = []';
    const said = async (files: Readonly<Record<string, string>>) =>
      (await keyturn(['adopt'], { cwd: app(files) })).stdout.includes(line);
    expect(await said({ 'src/server.js': SERVER })).toBe(true);
    for (const own of [
      "import keyturn from 'keyturn/express';\n",
      "import { kt } from './keyturn.js';\nexport const invite = kt.signer('invitation');\n",
    ])
      expect(await said({ 'src/server.js': SERVER, 'src/own.js': own })).toBe(false);
    // There it has been said.
    expect(await said({ 'src/server.js': BRIDGED })).toBe(false);
  });

  test('what it says of keyturn.toml starts in production', async () => {
    const cwd = app({ 'src/server.js': SERVER });
    const { neighbours } = JSON.parse((await keyturn(['adopt', '--json'], { cwd })).stdout);
    writeFileSync(join(cwd, 'keyturn.toml'), neighbours[0].config.join('\n'));
    const env = {
      KEYTURN_ENV: 'prod',
      KEYTURN_SECURITY__SIGNING_SECRET: 'b2390de7fca268344dae0d1f48dc3ae94e590bb1aa9a56277a0c9ee6b24d362d',
      SESSION_SECRET: '792c98d17f863f6a385dc38b0ebf8ba26b6d85dc92aa5971b49ab9ad0839ef75',
    };
    const { stdout } = await keyturn(['doctor', '--json'], { cwd, env });
    expect(JSON.parse(stdout).summary.failed, stdout).toBe(0);
  });

  test.each([
    ['maxAge: 14 * 24 * 3600 * 1000', 'max_age = "14d"  # the longest'],
    ['maxAge: 1_209_600_000', 'max_age = "14d"  # the longest'],
    ['maxAge: TWO_WEEKS', 'max_age = "1d"  # as long as cookie.maxAge in the source'],
    ['sameSite: "lax"', 'max_age = "1d"  # the longest'],
  ])('the lifetime is that of the source: %s', async (cookie, line) => {
    const cwd = app({ 'src/server.js': SERVER.replace('store,', `store, cookie: { ${cookie} },`) });
    expect((await keyturn(['adopt'], { cwd })).stdout).toContain(line);
  });

  test('an old secret that is weak gets the end that it needs, and is not shown', async () => {
    const cwd = app({ 'src/server.js': SERVER });
    const env = { SESSION_SECRET: 'keyboard cat' };
    const { stdout } = await keyturn(['adopt'], { cwd, env, now: () => Date.UTC(2026, 0, 1) });
    const why = '0 of 32 bytes count, since 12 bytes of it are published demo values and separators';
    expect(stdout).toContain(`# SESSION_SECRET is too weak: ${why}`);
    expect(stdout).toContain('until = 2026-04-01  # a weak secret needs an end');
    expect(stdout).not.toContain('keyboard');
  });

  test('an app in CommonJS gets lines of CommonJS', async () => {
    const text = "const session = require('express-session');\napp.use(session({ secret: 'x' }));\n";
    const { stdout } = await keyturn(['adopt'], { cwd: app({ 'app.js': text }) });
    expect(stdout).toContain("const { expressSession } = require('keyturn/bridges/express-session');");
    expect(stdout).not.toContain('import {');
  });

  test('a secret in the source is told of, and not shown', async () => {
    const planted = 'planted-5d1c9e';
    const text = `import session from 'express-session';\nconst SECRET = '${planted}';\nsession({ secret: [SECRET, f('${planted}')] });`;
    const cwd = app({ 'app.ts': text });
    for (const args of [['adopt'], ['adopt', '--json'], ['doctor'], ['doctor', '--json']]) {
      const { stdout, stderr } = await keyturn(args, { cwd });
      expect(stdout + stderr, args.join(' ')).not.toContain(planted);
    }
    expect((await keyturn(['adopt'], { cwd })).stdout).toContain('a text in the source');
  });

  test('nor one within options that a function makes', async () => {
    const text = `import session from 'express-session';\nsession(made({ secret: 'planted-7a' }, 7));`;
    const cwd = app({ 'app.ts': text });
    for (const args of [['adopt'], ['adopt', '--json']]) {
      const { stdout } = await keyturn(args, { cwd });
      expect(stdout).not.toContain('planted');
      expect(stdout).toContain("expressSession(kt, session, made({ secret: '…' }, …))");
    }
  });

  test('a secret that is spread into the options is not overlooked', async () => {
    const text = `import session from 'express-session';\nsession({ ...common, resave: false });`;
    const { stdout } = await keyturn(['adopt'], { cwd: app({ 'app.ts': text }) });
    expect(stdout).toContain('app.ts:2  its secret comes from elsewhere');
  });

  test('a bridge in one file does not hide a secret in another', async () => {
    const cwd = app({ 'a.js': BRIDGED, 'src/server.js': SERVER });
    const { stdout } = await keyturn(['adopt'], { cwd });
    expect(stdout).toContain('Its bridge is in use, and there are still calls with a secret of their own.\n');
    expect(stdout).toContain('src/server.js:4-8  its secret comes from the variable SESSION_SECRET\n');
    const json = JSON.parse((await keyturn(['adopt', '--json'], { cwd })).stdout);
    expect(json.neighbours[0]).toMatchObject({
      bridged: true,
      places: [{ path: 'src/server.js', left: true }],
    });
    expect((await keyturn(['adopt'], { cwd: app({ 'a.js': BRIDGED }) })).stdout).toContain(
      'Its bridge is in use. node_modules/keyturn/docs/bridges/express-session.md says what comes next.',
    );
  });

  test('sessions that move in by the option of an adapter are known', async () => {
    const moved = `import keyturn from 'keyturn/express';\nkeyturn({ moveIn: { 'express-session': { store } } });`;
    const { stdout } = await keyturn(['adopt'], { cwd: app({ 'a.js': moved }) });
    expect(stdout).toContain(
      'Its sessions move in. node_modules/keyturn/docs/moving-in.md says what comes next.',
    );
    expect(stdout).not.toContain('signed out');
  });

  test('a text that stands in for a variable is not forgotten', async () => {
    const text = `import session from 'express-session';\nsession({ secret: process.env.SESSION_SECRET || 'x' });`;
    const { stdout } = await keyturn(['adopt'], { cwd: app({ 'a.js': text }) });
    expect(stdout).toContain('# SESSION_SECRET: where it is not set, put the text in the source there first');
  });

  test('changes nothing', async () => {
    const cwd = app({ 'src/server.js': SERVER });
    const before = readdirSync(cwd, { recursive: true }).length;
    await keyturn(['adopt'], { cwd });
    expect(readdirSync(cwd, { recursive: true })).toHaveLength(before);
    expect(readFileSync(join(cwd, 'src/server.js'), 'utf8')).toBe(SERVER);
  });

  test('what is built or installed is not looked at, nor what a link leads to', async () => {
    const cwd = app({ 'dist/server.js': SERVER, 'node_modules/x/index.js': SERVER });
    expect((await keyturn(['adopt'], { cwd })).stdout).toContain('No call of it is found in the source');
  });

  test('an app without such libraries, and a folder without an app', async () => {
    for (const cwd of [app({}, ['express']), tempDir()]) {
      const { code, stdout } = await keyturn(['adopt'], { cwd });
      expect([code, stdout]).toEqual([0, expect.stringContaining('No library is found here')]);
    }
  });
});

/** As the pages of docs/bridges have it: what the library is still called with. */
const BESIDE_BRIDGES = [
  ['jose', '{ jwtVerify }', 'jose', "await jwtVerify(token, keys.verifying, { algorithms: ['HS256'] });"],
  [
    'jsonwebtoken',
    'jwt',
    'jsonwebtoken',
    'const { key, options } = keys.signing();\njwt.sign({ sub }, key, options);\njwt.verify(token, keys.of(token));',
  ],
  ['koa', 'Koa', 'keygrip', "app.keys = liveKeygrip(kt, { maxAge: '1d' });"],
  ['@auth/core', '{ Auth }', 'authjs', 'Auth(request, await withKeys(request));'],
  [
    'better-auth',
    '{ betterAuth }',
    'better-auth',
    'betterAuth({ secret: process.env.BETTER_AUTH_SECRET, plugins: [betterAuthKeys(kt)] });',
  ],
  ['express-jwt', '{ expressjwt }', 'jsonwebtoken', 'expressjwt({ secret: keys.express, algorithms });'],
] as const;

describe('the doctor', () => {
  const findingOf = async (cwd: string) => {
    const { stdout } = await keyturn(['doctor', '--json'], { cwd, env: { KEYTURN_ENV: 'dev' } });
    return JSON.parse(stdout).checks.find(({ name }: { name: string }) => name === 'neighbours');
  };

  test('knows a library, its version, its fault and its cure', async () => {
    expect(await findingOf(app({ 'src/server.js': SERVER }))).toEqual({
      name: 'neighbours',
      status: 'warn',
      detail: expect.stringMatching(
        /^express-session 1\.19\.0 signs with a secret of its own: everybody is signed out/,
      ),
      hint: expect.stringContaining('keyturn/bridges/express-session'),
    });
  });

  test('sees that the bridge is in use', async () => {
    const text = "import { expressSession } from 'keyturn/bridges/express-session';";
    const alone = 'no [move_in.express-session] names an older secret';
    expect(await findingOf(app({ 'app.js': text }))).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining(alone),
    });
    const moving = '[move_in.express-session]\nsecrets = [{ env = "SESSION_SECRET" }]\n';
    const found = await findingOf(app({ 'app.js': text, 'keyturn.toml': moving }));
    expect(found).toMatchObject({ status: 'pass', detail: expect.not.stringContaining(alone) });
  });

  test('sees a secret beside the bridge, and says where', async () => {
    const found = await findingOf(app({ 'a.js': BRIDGED, 'src/server.js': SERVER }));
    expect(found).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(
        /has keyturn\/bridges\/express-session, and still a secret of its own at src\/server\.js:4: /,
      ),
      hint: 'keyturn adopt says what to write there',
    });
    expect(await findingOf(app({ 'a.js': BRIDGED }))).toMatchObject({ status: 'pass' });
  });

  test.each(
    BESIDE_BRIDGES,
  )('what a bridge gives %s is no secret', async (library, imported, bridge, code) => {
    const text = `import ${imported} from '${library}';\nimport { x } from 'keyturn/bridges/${bridge}';\n${code}`;
    expect(await findingOf(app({ 'app.js': text }, [library]))).toMatchObject({ status: 'pass' });
  });

  test('a comment that names the bridge cures nothing', async () => {
    const text = `// soon: keyturn/bridges/express-session\n${SERVER}`;
    expect(await findingOf(app({ 'app.js': text }))).toMatchObject({ status: 'warn' });
  });

  test('of a library that is only installed it says nothing', async () => {
    expect(await findingOf(app({}))).toMatchObject({ status: 'pass' });
  });
});

test('at the root of a monorepo it names the apps below, and their libraries', async () => {
  const manifest = JSON.stringify({ dependencies: { 'express-session': '*' } });
  const cwd = app({ 'apps/web/package.json': manifest, 'apps/docs/package.json': '{}' }, []);
  const { code, stdout } = await keyturn(['adopt'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toContain('  keyturn adopt --cwd apps/web  (express-session)\n');
  expect(stdout).not.toContain('apps/docs');
  const { apps, complete } = JSON.parse((await keyturn(['adopt', '--json'], { cwd })).stdout);
  expect([apps, complete]).toEqual([[{ path: 'apps/web', packages: ['express-session'] }], false]);
});

test('a package.json that is broken is said', async () => {
  const cwd = app({ 'package.json': '{"dependencies": {' });
  const { code, stderr } = await keyturn(['adopt'], { cwd });
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining('package.json cannot be read, or is not valid JSON'),
  ]);
});
