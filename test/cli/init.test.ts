// keyturn init: moving to a keyring document logs nobody out and overwrites nothing.
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { moveInFields } from '../../src/config/layer-builder.js';
import * as moveIn from '../../src/config/move-in.js';
import { configTemplate } from '../../src/config/template.js';
import {
  COMING,
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  NEXT,
  OLDER,
  PREVIOUS,
  REVOKED,
  SECRET,
  STRONG,
  startOn,
  tempDir,
} from '../support/machine.js';
import { keyturn, TWO_LINES } from './run.js';

moveInFields.atOnce(() => moveIn);

const NOW = Date.now();

async function start(cwd: string, env: Record<string, string>) {
  return (await startOn({ cwd, env, now: NOW })).keyturn;
}

function signs({ keyring }: Awaited<ReturnType<typeof start>>): string | undefined {
  return keyring.keys.find(({ state }) => state === 'active')?.id;
}

function states(cwd: string): string[] {
  const { keys } = JSON.parse(readFileSync(join(cwd, '.keyturn/keyring.json'), 'utf8'));
  return keys.map(({ kid, state }: { kid: string; state: string }) => `${kid} ${state}`);
}

describe('the keys in force', () => {
  test('tokens of a variable and its companions still verify, with the document alone', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'prod' };
    const sign = async (secret: string) =>
      (await start(tempDir(), { ...env, [SECRET]: secret })).signer('invitation').sign({ secretOf: 'x' });
    const [active, previous, next, revoked] = await Promise.all(
      [STRONG, OLDER, COMING, 'q'.repeat(8) + STRONG].map(sign),
    );
    const variables = {
      [SECRET]: STRONG,
      [PREVIOUS]: OLDER,
      [NEXT]: COMING,
      [REVOKED]: kidOf('q'.repeat(8) + STRONG),
    };
    const ran = await keyturn(['init'], { cwd, env: { ...env, ...variables } });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`${SECRET} still hides .keyturn/keyring.json`);
    for (const name of Object.keys(variables)) expect(ran.stderr).toContain(name);

    const after = await start(cwd, env);
    expect(after.keyring.generation).toBe(1);
    expect(after.keyring.keys.map(({ id, state }) => `${id} ${state}`)).toEqual(states(cwd));
    expect(states(cwd)).toEqual([
      `${kidOf(STRONG)} active`,
      `${kidOf(OLDER)} retiring`,
      `${kidOf(COMING)} staged`,
      `${variables[REVOKED]} revoked`,
    ]);
    const verify = (token: string | undefined) => after.signer('invitation').verify(token);
    expect([verify(active), verify(previous), verify(next)].map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(verify(revoked)).toEqual({ ok: false, reason: 'revoked_key' });
    expect((await keyturn(['doctor', '--strict'], { cwd, env })).code).toBe(0);
  });

  test('the secret of development goes over', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'dev' };
    const token = (await start(cwd, env)).signer('invitation').sign('hello');
    const ran = await keyturn(['init'], { cwd, env });
    expect(ran).toMatchObject({
      code: 0,
      stderr:
        'keyturn: note: restart every process that runs, so that it goes by the document, before keyturn rotate --wait\n',
    });
    expect((await start(cwd, env)).signer('invitation').verify(token)).toMatchObject({ ok: true });
  });

  test('a file with an array goes over, and the note names the variable', async () => {
    const cwd = await folderWith({ 'keys.json': JSON.stringify([STRONG, OLDER]) });
    const ran = await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev', [FILE]: 'keys.json' } });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`${FILE} still hides`);
    expect(states(cwd)).toEqual([`${kidOf(STRONG)} active`, `${kidOf(OLDER)} retiring`]);
  });

  test('a command goes over, and is replaced at once', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'dev', [COMMAND]: JSON.stringify(['echo', STRONG]) };
    const ran = await keyturn(['init'], { cwd, env });
    expect(ran.stderr).toBe(
      `keyturn: note: .keyturn/keyring.json replaces ${COMMAND}; take it away\nkeyturn: note: then restart every process without it, and rotate: keyturn rotate --wait\n`,
    );
    expect(states(cwd)).toEqual([`${kidOf(STRONG)} active`]);
  });

  test('without a secret in force a new one is made, in production too', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'prod' };
    const { code, stdout, stderr } = await keyturn(['init', '--json'], { cwd, env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = JSON.parse(readFileSync(join(cwd, '.keyturn/keyring.json'), 'utf8'));
    expect(JSON.parse(stdout)).toEqual({
      place: join(cwd, '.keyturn/keyring.json'),
      created: true,
      document: join(cwd, '.keyturn/keyring.json'),
      config: join(cwd, 'keyturn.toml'),
      configWritten: true,
      production: join(cwd, 'keyturn.prod.toml'),
      productionWritten: true,
      keys: [{ kid: document.keys[0].kid, state: 'active' }],
      takeAway: [],
    });
    expect(document).toMatchObject({ keyturn: 1, generation: 1, history: [{ what: 'init' }] });
    expect(document.id).toMatch(/^[\w-]{16}$/);
    expect((await keyturn(['doctor', '--strict'], { cwd, env })).code).toBe(0);
  });

  test('a keyturn.toml that came with a checkout gets its document', async () => {
    const toml = '[security.signing_secret]\nfile = ".keyturn/keyring.json"\n';
    const cwd = await folderWith({ 'keyturn.toml': toml });
    const ran = await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev' } });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(cwd, 'keyturn.prod.toml'))).toBe(false);
    expect((await keyturn(['doctor', '--strict'], { cwd, env: { KEYTURN_ENV: 'prod' } })).code).toBe(0);
  });
});

describe('another checkout', () => {
  /** What git would bring along. */
  function clone(cwd: string): string {
    const other = tempDir();
    for (const name of readdirSync(cwd)) if (name !== '.keyturn') cpSync(join(cwd, name), join(other, name));
    return other;
  }

  test.each([
    ['a variable in production', { KEYTURN_ENV: 'prod', [SECRET]: STRONG }],
    ['nothing in production', { KEYTURN_ENV: 'prod' }],
    ['nothing in development', { KEYTURN_ENV: 'dev' }],
  ])('init from %s stops neither development nor tests there', async (_, env) => {
    const cwd = tempDir();
    expect((await keyturn(['init'], { cwd, env })).code).toBe(0);
    const other = clone(cwd);
    expect(readdirSync(other).sort()).toEqual(['keyturn.prod.toml', 'keyturn.toml']);
    for (const profile of ['test', 'dev']) {
      const started = await start(other, { KEYTURN_ENV: profile });
      expect(started.keyring.generation).toBe(0);
    }
    // Here production and development go by the document, and tests by a secret of their own.
    const { [SECRET]: _gone, ...without } = env as Record<string, string>;
    const [kid] = states(cwd).map((state) => state.slice(0, 8));
    for (const profile of [without.KEYTURN_ENV as string, 'dev'])
      expect(signs(await start(cwd, { KEYTURN_ENV: profile }))).toBe(kid);
    expect(signs(await start(cwd, { KEYTURN_ENV: 'test' }))).not.toBe(kid);
    expect(readdirSync(join(cwd, '.keyturn')).sort()).toEqual(
      expect.arrayContaining(['.gitignore', 'keyring.json']),
    );
  });

  test('tests ignore what a file says for every profile, and heed what is said for them', async () => {
    const missing = '[security.signing_secret]\nfile = "not-here.json"\n';
    const cwd = await folderWith({ 'keyturn.toml': missing, 'keys.json': JSON.stringify([STRONG]) });
    expect(signs(await start(cwd, { KEYTURN_ENV: 'test' }))).not.toBe(kidOf(STRONG));
    await expect(start(cwd, { KEYTURN_ENV: 'dev' })).rejects.toMatchObject({ code: 'secret_unreadable' });
    const said = await start(cwd, { KEYTURN_ENV: 'test', [FILE]: 'keys.json' });
    expect(signs(said)).toBe(kidOf(STRONG));
    writeFileSync(join(cwd, 'keyturn.test.toml'), '[security.signing_secret]\nfile = "keys.json"\n');
    expect(signs(await start(cwd, { KEYTURN_ENV: 'test' }))).toBe(kidOf(STRONG));
  });
});

describe('files', () => {
  test.runIf(process.platform !== 'win32')('are for the owner alone, whole, and ignored by git', async () => {
    const cwd = tempDir();
    await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev' } });
    expect(statSync(join(cwd, '.keyturn')).mode & 0o777).toBe(0o700);
    expect(statSync(join(cwd, '.keyturn/keyring.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, 'keyturn.toml')).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(cwd, '.keyturn')).sort()).toEqual(['.gitignore', 'keyring.json']);
    expect(readFileSync(join(cwd, '.keyturn/.gitignore'), 'utf8')).toBe('*\n');
  });

  test('KEYTURN_DATA_DIR is respected', async () => {
    const cwd = tempDir();
    const dataDir = tempDir();
    const env = { KEYTURN_ENV: 'prod', KEYTURN_DATA_DIR: join(dataDir, 'keys') };
    expect((await keyturn(['init'], { cwd, env })).code).toBe(0);
    expect(existsSync(join(dataDir, 'keys/keyring.json'))).toBe(true);
    expect((await start(cwd, env)).keyring.generation).toBe(1);
  });

  test.each([
    'dev',
    'prod',
  ])('in %s existing files stay, and the lines to add are printed', async (profile) => {
    const toml = '[session]\nidle = "1h"\n';
    const cwd = await folderWith({ 'keyturn.toml': toml, 'keyturn.prod.toml': toml });
    const ran = await keyturn(['init'], { cwd, env: { KEYTURN_ENV: profile } });
    expect(ran.code).toBe(0);
    for (const name of ['keyturn.toml', 'keyturn.prod.toml'])
      expect(readFileSync(join(cwd, name), 'utf8')).toBe(toml);
    expect(ran.stderr).toContain('keyturn.prod.toml exists and is left as it is; it should say');
    expect(ran.stderr).toContain('[security.signing_secret]\nfile = ".keyturn/keyring.json"\n');
  });

  test.each([
    ['a document in force', { KEYTURN_ENV: 'dev' }, 'already names a keyring document'],
    ['a document that nothing uses', { KEYTURN_ENV: 'dev', [SECRET]: STRONG }, 'overwrites nothing'],
  ])('%s is left alone', async (_, env, message) => {
    const cwd = tempDir();
    await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev' } });
    const before = readFileSync(join(cwd, '.keyturn/keyring.json'), 'utf8');
    const ran = await keyturn(['init'], { cwd, env });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain(message);
    expect(readFileSync(join(cwd, '.keyturn/keyring.json'), 'utf8')).toBe(before);
  });

  test('a second time, while a variable hides what the first has made: that is said, and what to do', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'prod', [SECRET]: STRONG, [PREVIOUS]: OLDER };
    await keyturn(['init'], { cwd, env });
    const again = await keyturn(['init'], { cwd, env });
    expect(again.stderr).toContain(`exists and is hidden by ${SECRET}, and init overwrites nothing`);
    expect(again.stderr).toContain(
      `hint: it holds the same keys: take ${SECRET} and ${PREVIOUS} away, here and where the processes run, and restart them all without them\n`,
    );
    // Whoever goes by another secret would be signed out by that.
    const other = await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'prod', [SECRET]: COMING } });
    expect(other.stderr).toContain('hint: it does not hold all the keys in force: move it away first\n');
  });

  test('of several at once exactly one writes', async () => {
    const cwd = tempDir();
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev' } })),
    );
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1, 1]);
    expect(readdirSync(join(cwd, '.keyturn')).sort()).toEqual(['.gitignore', 'keyring.json']);
  });

  test('--if-missing: one that is there is fine, in force or not, and still nothing is changed', async () => {
    const cwd = tempDir();
    const env = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
    const run = (more: Record<string, string> = {}) =>
      keyturn(['init', '--if-missing', '--json'], { cwd, env: { ...env, ...more } });
    const runs = await Promise.all([run(), run(), run()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    const told = runs.map(({ stdout }) => JSON.parse(stdout));
    expect(told.filter(({ created }) => created)).toHaveLength(1);
    const [one] = told;
    expect(told.map(({ place, keys }) => [place, keys])).toEqual(Array(3).fill([one.place, one.keys]));
    const path = join(cwd, '.keyturn/keyring.json');
    const before = readFileSync(path, 'utf8');

    const hidden = await keyturn(['init', '--if-missing'], { cwd, env });
    expect(hidden).toMatchObject({ code: 0, stdout: '' });
    expect(hidden.stderr).toContain(`there is a keyring in ${path} already: nothing was changed\n`);
    expect(hidden.stderr).toContain(`${SECRET} still hides .keyturn/keyring.json`);
    expect(hidden.stderr).not.toContain('should say');
    const inForce = await keyturn(['init', '--if-missing'], { cwd, env: { KEYTURN_ENV: 'prod' } });
    expect(inForce.stderr).toBe(
      `keyturn: note: there is a keyring in ${path} already: nothing was changed\n`,
    );
    expect(readFileSync(path, 'utf8')).toBe(before);

    // No process could start with a broken one.
    writeFileSync(path, '{');
    for (const more of [{}, { [SECRET]: '' }]) expect((await run(more)).code).toBe(1);
  });

  test.each([
    ['a weak secret', { KEYTURN_ENV: 'prod', [SECRET]: 'changeme' }],
    ['an unreadable file', { KEYTURN_ENV: 'prod', [FILE]: 'missing.txt' }],
    ['an unknown profile', { KEYTURN_ENV: 'staging' }],
  ])('%s is refused and nothing is written', async (_, env) => {
    const cwd = tempDir();
    const ran = await keyturn(['init'], { cwd, env });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a place that cannot be written to is an error', async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'taken'), '');
    const ran = await keyturn(['init'], { cwd, env: { KEYTURN_ENV: 'dev', KEYTURN_DATA_DIR: 'taken' } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(TWO_LINES);
  });
});

describe('the keyturn.toml it writes', () => {
  const text = configTemplate();

  test('says nothing by itself', () => {
    expect(parse(text)).toEqual(expect.objectContaining({ session: expect.anything() }));
    expect(text.split('\n').filter((line) => !/^(#|\[|$)/.test(line))).toEqual([]);
  });

  test('is valid as it is', () => {
    expect(applyLayers('prod', [asLayer(text)], {}).errors).toEqual([]);
  });

  test('shows defaults that are valid when they are uncommented', () => {
    const all = text.replaceAll(/^#(?! )(.*)$/gm, (_, line: string) => (line.includes('"…"') ? '' : line));
    const { settings, errors } = applyLayers('prod', [asLayer(all)], {});
    expect(errors).toEqual([]);
    const plain = applyLayers('prod', [], {}).settings;
    for (const name of ['session.idle', 'session.backend', 'session.cookie.name', 'log.level'] as const) {
      expect(settings.origin(name)?.name).toBe('keyturn.toml');
      expect(settings.get(name)).toBe(plain.get(name));
    }
    expect(settings.purposes.get('invoice-link')?.maxAge).toBe(30 * 86400);
  });
});

function asLayer(text: string) {
  return {
    origin: { layer: 'file', name: 'keyturn.toml', path: 'keyturn.toml' },
    tree: parse(text),
  } as const;
}

test('a document that others can read fails the doctor in production', async () => {
  const cwd = tempDir();
  const env = { KEYTURN_ENV: 'prod' };
  await keyturn(['init'], { cwd, env });
  chmodSync(join(cwd, '.keyturn/keyring.json'), 0o644);
  const { code, stdout } = await keyturn(['doctor'], { cwd, env });
  expect(code).toBe(process.platform === 'win32' ? 0 : 1);
  if (code === 1) expect(stdout).toContain('hint: chmod 600 .keyturn/keyring.json');
});

test('a document in force that was damaged is not to be moved away', async () => {
  const cwd = await folderWith({
    'keyturn.prod.toml': '[security.signing_secret]\nfile = ".keyturn/keyring.json"\n',
    '.keyturn/keyring.json': '',
  });
  for (const args of [['init'], ['init', '--if-missing'], ['status'], ['stage'], ['doctor']]) {
    const { code, stderr, stdout } = await keyturn(args, { cwd, env: { KEYTURN_ENV: 'prod' } });
    expect(code).toBe(1);
    expect(stderr + stdout).toContain('hint: ');
    expect(stderr + stdout).not.toMatch(/generate|remove|move it|move the/);
  }
});
