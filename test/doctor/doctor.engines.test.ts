// The doctor's checks, over real folders and simulated machines.
import { chmodSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { CHECKS } from '../../src/doctor/checks.js';
import type { Finding } from '../../src/doctor/finding.js';
import { runDoctor } from '../../src/doctor/run.js';
import type { ReplicaReport } from '../../src/fleet/report.js';
import { parseDocument, writeDocument } from '../../src/keyring/document.js';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { initRing } from '../../src/rotation/init/init.js';
import { sessionSchemaSql } from '../../src/sessions/stores/postgres.js';
import { ownSchema } from '../support/engines.js';
import { writeReport } from '../support/file-reports.js';
import {
  COMING,
  COMMAND,
  FILE,
  folderWith,
  kidOf,
  machine,
  NEXT,
  NOW,
  OLDER,
  PREVIOUS,
  REVOKED,
  SECRET,
  type Simulated,
  STRONG,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
const DEV = { KEYTURN_ENV: 'dev' };

async function check(name: string, on: Simulated): Promise<Finding> {
  const { PATH } = process.env;
  const { checks } = await runDoctor(machine({ ...on, env: { PATH, ...on.env } }));
  return checks.find((found) => found.name === name) as Finding;
}

function chmod(cwd: string, modes: Record<string, number>): void {
  for (const [name, mode] of Object.entries(modes)) chmodSync(join(cwd, name), mode);
}

test('docs/doctor.md has a section for every check, in the order of the report', () => {
  const docs = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
  const sections = [...docs.matchAll(/^### `(\w+)`$/gm)].map((match) => match[1]);
  expect(sections).toEqual(Object.keys(CHECKS));
});

test('an empty folder stays empty', async () => {
  for (const env of [DEV, { KEYTURN_ENV: 'test' }, { KEYTURN_ENV: 'prod' }, PROD]) {
    const cwd = await folderWith({});
    await runDoctor(machine({ cwd, env }));
    expect(readdirSync(cwd)).toEqual([]);
  }
});

describe('profile', () => {
  test('said outright, it passes', async () => {
    expect(await check('profile', { env: DEV })).toMatchObject({ status: 'pass' });
    expect((await check('profile', { env: { NODE_ENV: 'production' } })).detail).toContain('NODE_ENV');
  });

  test('inferred, it warns, with the sign and the variable that settles it', async () => {
    const found = await check('profile', { env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } });
    expect(found).toMatchObject({ status: 'warn', hint: expect.stringContaining('KEYTURN_ENV=prod') });
    expect(found.detail).toContain('KUBERNETES_SERVICE_HOST');
    expect((await check('profile', { signs: { terminal: true } })).detail).toContain(
      'development rules apply',
    );
  });
});

describe('configuration and settings', () => {
  test('name the layers and the origin of every value, without values', async () => {
    const cwd = await folderWith({
      'keyturn.toml': '[session]\nidle = "1h"\n[purposes.invoice-link]\nmax_age = "90d"\n',
      'keyturn.prod.toml': '[session]\nidle = "2h"\n',
    });
    const env = { ...PROD, KEYTURN_SESSION__MAX_AGE: '40d' };
    expect((await check('configuration', { cwd, env })).detail).toBe(
      'built-in defaults, keyturn.toml, keyturn.prod.toml, 2 variables; later ones win',
    );
    expect((await check('settings', { cwd, env })).detail.split('\n')).toEqual([
      `security.signing_secret.secret <- ${SECRET}`,
      'session.idle <- keyturn.prod.toml (over keyturn.toml)',
      'session.max_age <- KEYTURN_SESSION__MAX_AGE',
      'purposes.invoice-link <- keyturn.toml',
    ]);
    expect((await check('purposes', { cwd, env })).detail).toContain('invoice-link 90d');
  });

  test('an unknown setting fails with the nearest name', async () => {
    const cwd = await folderWith({ 'keyturn.toml': '[session]\nidel = "1h"\n' });
    const found = await check('configuration', { cwd, env: DEV });
    expect(found).toMatchObject({ status: 'fail', hint: 'did you mean session.idle?' });
  });
});

describe('keyring', () => {
  test('lists keys, states and fingerprint', async () => {
    const env = { ...PROD, [PREVIOUS]: OLDER, [REVOKED]: 'AAAAAAAA' };
    const { status, detail } = await check('keyring', { env });
    expect(status).toBe('pass');
    expect(detail).toMatch(
      new RegExp(
        `^3 keys: ${kidOf(STRONG)} active, ${kidOf(OLDER)} retiring, AAAAAAAA revoked; .*fingerprint [\\w-]{11}$`,
      ),
    );
  });

  test.each([
    ['a weak previous secret', { [PREVIOUS]: 'changeme' }, 'fail', 'warn'],
    ['a weak next secret', { [NEXT]: 'x'.repeat(40) }, 'fail', 'warn'],
    ['the same secret twice', { [PREVIOUS]: STRONG }, 'warn', 'warn'],
  ] as const)('%s', async (_, companions, prod, dev) => {
    expect((await check('keyring', { env: { ...PROD, ...companions } })).status).toBe(prod);
    const development = { ...PROD, ...DEV, ...companions };
    expect((await check('keyring', { env: development })).status).toBe(dev);
    expect((await check('signing_secret', { env: { ...PROD, ...companions } })).status).toBe('pass');
  });
});

describe('source', () => {
  const document = writeDocument(
    new Keyring([new Key(new Material(STRONG), 'active')], { id: 'x', generation: 3 }),
  );

  test('names what is in force and its format', async () => {
    const detail = async (held: string) => {
      const cwd = await folderWith({ held });
      return (await check('source', { cwd, env: { KEYTURN_ENV: 'prod', [FILE]: 'held' } })).detail;
    };
    expect(await detail(STRONG)).toBe(`${FILE} is in force: one secret`);
    expect(await detail(JSON.stringify([STRONG]))).toBe(`${FILE} is in force: an array of secrets`);
    expect(await detail(document)).toBe(`${FILE} is in force: a keyring document`);
  });

  test.each([
    [STRONG, `: take ${SECRET} away, here and where the processes run, and restart them all without it`],
    [OLDER, `keep ${SECRET}, whose keys are in force, and move`],
  ])('says which to keep where a variable hides a document', async (secret, hint) => {
    const cwd = await folderWith({});
    const env = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
    await initRing({ machine: machine({ cwd, env }), placeSaid: true, imported: [] });
    const on = { cwd, env: { ...env, [SECRET]: secret } };
    expect(await check('source', on)).toMatchObject({ status: 'warn', hint: expect.stringContaining(hint) });
    expect(await check('rotation', on)).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining(`${SECRET} hides ${join(cwd, '.keyturn/keyring.json')}`),
    });
  });

  test('warns of what a variable hides', async () => {
    const cwd = await folderWith({
      held: STRONG,
      'keyturn.toml': '[security.signing_secret]\nfile = "other"\n',
    });
    const env = { ...PROD, [FILE]: 'held', [COMMAND]: '["true"]' };
    const { status, detail } = await check('source', { cwd, env });
    expect(status).toBe('warn');
    expect(detail).toContain(`${SECRET} hides ${FILE}`);
    expect(detail).toContain(`${SECRET} hides ${COMMAND}`);
    expect(detail).toContain(`${SECRET} hides security.signing_secret.file in keyturn.toml`);
  });

  test('mentions a development secret that is not used', async () => {
    const cwd = await folderWith({ '.keyturn/secret': STRONG });
    expect(await check('source', { cwd, env: { ...PROD, ...DEV } })).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('.keyturn/secret, made by an earlier start, is not used'),
    });
    const found = await check('source', { cwd, env: { KEYTURN_ENV: 'prod' } });
    expect(found).toMatchObject({ status: 'warn', hint: `to use it, set ${FILE}=.keyturn/secret` });
  });

  test('warns of a document that nothing names', async () => {
    const cwd = await folderWith({ '.keyturn/keyring.json': document });
    expect(await check('source', { cwd, env: PROD })).toMatchObject({ status: 'warn' });
    const env = { KEYTURN_ENV: 'prod', [FILE]: '.keyturn/keyring.json' };
    expect(await check('source', { cwd, env })).toMatchObject({ status: 'pass' });
  });

  test.each([
    ['empty', { '.keyturn/keyring.json': '' }],
    ['cut off', { '.keyturn/keyring.json': document.slice(0, 40) }],
    ['a folder', { '.keyturn/keyring.json/x': '' }],
    ['not there', { '.keyturn/secret': STRONG }],
  ])('a document in force that cannot be used (%s): no other place is offered', async (_, files) => {
    const toml = '[security.signing_secret]\nfile = ".keyturn/keyring.json"\n';
    const cwd = await folderWith({ 'keyturn.prod.toml': toml, '.keyturn/secret': STRONG, ...files });
    const env = { KEYTURN_ENV: 'prod' };
    expect(await check('signing_secret', { cwd, env })).toMatchObject({ status: 'fail' });
    expect(await check('source', { cwd, env })).toMatchObject({ status: 'pass' });
    // In development it is found without being named.
    if ('.keyturn/keyring.json' in files)
      expect(await check('source', { cwd, env: DEV })).toMatchObject({ status: 'pass' });
  });

  test('nobody is told to take a document away, whatever is in force', async () => {
    const cwd = await folderWith({ '.keyturn/keyring.json': document });
    const { hint } = await check('source', { cwd, env: PROD });
    expect(hint).toMatch(/; or keep it elsewhere, since what it holds may be in use$/);
  });
});

test('secret_in_config', async () => {
  const cwd = await folderWith({ 'keyturn.toml': `[security.signing_secret]\nsecret = "${STRONG}"\n` });
  expect(await check('secret_in_config', { cwd, env: DEV })).toMatchObject({ status: 'warn' });
  expect(await check('secret_in_config', { cwd, env: PROD })).toMatchObject({
    status: 'fail',
    hint: `move it to ${SECRET}`,
  });
  const previous = await folderWith({
    'keyturn.toml': `[security.signing_secret]\nprevious_secrets = ["${OLDER}"]\n`,
  });
  chmod(previous, { 'keyturn.toml': 0o600 });
  expect(await check('secret_in_config', { cwd: previous, env: PROD })).toMatchObject({ status: 'warn' });
  expect(await check('secret_in_config', { env: PROD })).toMatchObject({ status: 'pass' });
});

describe.runIf(process.platform !== 'win32')('file_modes', () => {
  test('a secret file that others can read fails in production and warns in development', async () => {
    const cwd = await folderWith({ 'my key': STRONG });
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'my key' };
    for (const [mode, prod, dev] of [
      [0o600, 'pass', 'pass'],
      [0o400, 'pass', 'pass'],
      [0o644, 'fail', 'warn'],
      [0o640, 'fail', 'warn'],
    ] as const) {
      chmod(cwd, { 'my key': mode });
      expect((await check('file_modes', { cwd, env })).status).toBe(prod);
      expect((await check('file_modes', { cwd, env: { ...env, ...DEV } })).status).toBe(dev);
    }
    expect((await check('file_modes', { cwd, env })).hint).toBe("chmod 600 'my key'");
  });

  test('the folder, the configuration with secrets and .env count too', async () => {
    const cwd = await folderWith({
      '.keyturn/secret': STRONG,
      '.env': `export ${SECRET}="${STRONG}"\n`,
      '.env.example': `${SECRET}=changeme\n`,
      'keyturn.toml': `[security.signing_secret]\nprevious_secrets = ["${OLDER}"]\n`,
    });
    chmod(cwd, { '.keyturn': 0o755, '.keyturn/secret': 0o600, '.env': 0o644, 'keyturn.toml': 0o644 });
    const { status, hint } = await check('file_modes', { cwd, env: PROD });
    expect(status).toBe('fail');
    expect(hint?.split('\n').sort()).toEqual([
      'chmod 600 .env',
      'chmod 600 keyturn.toml',
      'chmod 700 .keyturn',
    ]);
  });

  test('what Kubernetes mounts has the mode that Kubernetes gives it', async () => {
    const cwd = await folderWith({ 'mount/..2026_11_20_12_00_00.1/held': STRONG });
    symlinkSync('..2026_11_20_12_00_00.1', join(cwd, 'mount/..data'));
    symlinkSync('..data/held', join(cwd, 'mount/held'));
    const env = { KEYTURN_ENV: 'prod', [FILE]: 'mount/held' };
    chmod(cwd, { 'mount/held': 0o644 });
    expect((await check('file_modes', { cwd, env })).status).toBe('warn');
    chmod(cwd, { 'mount/held': 0o440 });
    expect((await check('file_modes', { cwd, env })).status).toBe('pass');
  });
});

describe('session_backend', () => {
  const ENGINES = [
    ['redis', { KEYTURN_SESSION__BACKEND: 'redis' }, 'KEYTURN_SESSION__REDIS__URL'],
    ['postgres', { KEYTURN_SESSION__BACKEND: 'postgres' }, 'KEYTURN_SESSION__POSTGRES__URL'],
  ] as const;

  test('memory is for development', async () => {
    const memory = { KEYTURN_SESSION__BACKEND: 'memory' };
    expect(await check('session_backend', { env: { ...PROD, ...memory } })).toMatchObject({ status: 'warn' });
    expect(await check('session_backend', { env: { ...DEV, ...memory } })).toMatchObject({ status: 'pass' });
  });

  test('the cookie passes, with a note', async () => {
    const cookie = await check('session_backend', { env: PROD });
    expect(cookie).toMatchObject({ status: 'pass', detail: expect.stringContaining('the last wins') });
  });

  test.each(
    ENGINES,
  )('%s that answers passes, with its place and nothing else of its URL', async (name, env, variable) => {
    const url = new URL(inject(name === 'redis' ? 'redisUrl' : 'postgresUrl'));
    const { host } = url;
    if (name === 'redis') url.pathname = '/3';
    const found = await check('session_backend', { env: { ...PROD, ...env, [variable]: url.href } });
    expect(found).toMatchObject({
      status: 'pass',
      detail: `${name} on ${host}: every replica reads and saves there`,
    });
  });

  test.each(
    ENGINES,
  )('%s that is away fails in production, warns in development, and no password is shown', async (name, env, variable) => {
    const url = `${name}://ada:planted-password@127.0.0.1:1/`;
    for (const [profile, status] of [
      [PROD, 'fail'],
      [DEV, 'warn'],
    ] as const) {
      const found = await check('session_backend', { env: { ...profile, ...env, [variable]: url } });
      expect(found).toMatchObject({
        status,
        detail: expect.stringContaining(`${name} on 127.0.0.1:1 cannot be reached (connection refused)`),
      });
      expect(JSON.stringify(found)).not.toContain('planted-password');
    }
  });

  test('postgres whose role may not make the missing table fails; the table is enough', async () => {
    const place = await ownSchema(inject('postgresUrl'));
    const role = place.schema;
    try {
      await place.pool.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${role} TO ${role}`);
      const url = new URL(inject('postgresUrl'));
      url.searchParams.set('options', `-c role=${role}`);
      const env = {
        ...PROD,
        KEYTURN_SESSION__BACKEND: 'postgres',
        KEYTURN_SESSION__POSTGRES__URL: url.href,
        KEYTURN_SESSION__POSTGRES__TABLE: `${role}.sessions`,
      };
      expect(await check('session_backend', { env })).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining('its user may not create it'),
        hint: expect.stringContaining('sessionSchemaSql()'),
      });
      await place.pool.query(`GRANT CREATE ON SCHEMA ${role} TO ${role}`);
      expect(await check('session_backend', { env })).toMatchObject({ status: 'pass' });
      await place.pool.query(`REVOKE CREATE ON SCHEMA ${role} FROM ${role}`);
      await place.pool.query(sessionSchemaSql(`${role}.sessions`));
      expect(await check('session_backend', { env })).toMatchObject({ status: 'pass' });
      await place.pool.query(`DROP INDEX ${role}.sessions_user`);
      expect(await check('session_backend', { env })).toMatchObject({ status: 'fail' });
    } finally {
      await place.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await place.drop();
    }
  });

  test.each(ENGINES)('%s without a URL, or with one that is none, fails', async (_name, env, variable) => {
    const none = await check('session_backend', { env: { ...DEV, ...env } });
    expect(none).toMatchObject({ status: 'fail', hint: expect.stringContaining(variable) });
    const bad = await check('session_backend', {
      env: { ...DEV, ...env, [variable]: 'x://planted-password@' },
    });
    expect(bad).toMatchObject({ status: 'fail' });
    expect(JSON.stringify(bad)).not.toContain('planted-password');
  });
});

test('purposes', async () => {
  const cwd = await folderWith({ 'keyturn.toml': '[purposes.invoice-link]\nabout = "x"\n' });
  expect(await check('purposes', { cwd, env: PROD })).toMatchObject({ status: 'fail' });
  expect((await check('purposes', { env: PROD })).detail).toContain('password-reset 1d');
});

describe('sealing', () => {
  const sealed = { KEYTURN_PURPOSES__DRAFT__MAX_AGE: '1h', KEYTURN_PURPOSES__DRAFT__SEALED: 'true' };

  afterEach(() => {
    vi.doUnmock('../../src/process/optional-package.js');
    vi.resetModules();
  });

  test('passes where nothing is declared sealed, and where the package is there', async () => {
    expect(await check('sealing', { env: PROD })).toMatchObject({
      status: 'pass',
      detail: 'no purpose is declared sealed',
    });
    const found = await check('sealing', { env: { ...PROD, ...sealed } });
    expect(found).toMatchObject({ status: 'pass', detail: 'draft: the package libsodium-wrappers is there' });
  });

  test.each([
    ['is not installed', () => undefined],
    [
      'could not be loaded',
      () => {
        throw new Error('broken');
      },
    ],
  ])('fails in every profile where it %s, as a start would', async (detail, loadOptional) => {
    vi.doMock('../../src/process/optional-package.js', () => ({ loadOptional }));
    vi.resetModules();
    const { runDoctor: runAnew } = await import('../../src/doctor/run.js');
    for (const env of [PROD, DEV]) {
      const { checks } = await runAnew(machine({ env: { ...env, ...sealed } }));
      expect(checks.find(({ name }) => name === 'sealing')).toMatchObject({
        status: 'fail',
        detail: expect.stringContaining(detail),
        hint: expect.stringContaining('npm install libsodium-wrappers'),
      });
    }
  });
});

describe('rotation and fleet', () => {
  const DAY_MS = 86_400_000;

  /** A folder with a document; `days` ago its keys entered their states. */
  async function withRing(days: number, ...states: readonly ('staged' | 'retiring')[]): Promise<string> {
    const dates = (state: string) => ({ dates: { [state]: NOW - days * DAY_MS } });
    const others = [OLDER, COMING].slice(0, states.length);
    const keys = [
      new Key(new Material(STRONG), 'active', dates('active')),
      ...others.map((secret, nth) => {
        const state = states[nth] as 'staged' | 'retiring';
        return new Key(new Material(secret), state, dates(state));
      }),
    ];
    const text = writeDocument(new Keyring(keys, { id: 'ring', generation: 3 }));
    const cwd = await folderWith({ 'keyring.json': text });
    chmod(cwd, { 'keyring.json': 0o600 });
    return cwd;
  }

  const on = (cwd: string): Simulated => ({
    cwd,
    env: { KEYTURN_ENV: 'prod', [FILE]: 'keyring.json' },
    now: NOW,
  });

  test('pass without a document, and with one that is as it should be', async () => {
    for (const name of ['rotation', 'fleet']) {
      expect(await check(name, { env: PROD })).toMatchObject({ status: 'pass' });
      expect(await check(name, on(await withRing(1, 'staged')))).toMatchObject({ status: 'pass' });
    }
  });

  test('a staged key that waits for more than 30 days', async () => {
    expect((await check('rotation', on(await withRing(30, 'staged')))).status).toBe('pass');
    const found = await check('rotation', on(await withRing(31, 'staged')));
    expect(found).toMatchObject({
      status: 'warn',
      detail: `the key ${kidOf(OLDER)} has been staged for 31 days`,
      hint: expect.stringContaining('keyturn promote'),
    });
  });

  test('no staged key whose moment is fixed', async () => {
    const cwd = await withRing(31, 'staged');
    const path = join(cwd, 'keyring.json');
    const ring = JSON.parse(readFileSync(path, 'utf8'));
    ring.keys[1].activates = new Date(NOW + DAY_MS).toISOString();
    writeFileSync(path, JSON.stringify(ring));
    expect(await check('rotation', on(cwd))).toMatchObject({ status: 'pass', detail: 'no step is overdue' });
  });

  test('a retiring key that is safe to retire', async () => {
    // 30 days is the longest lifetime, and the lag and the differences of clocks come on top.
    expect((await check('rotation', on(await withRing(30, 'retiring')))).status).toBe('pass');
    expect(await check('rotation', on(await withRing(31, 'retiring', 'staged')))).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining(`the last token of the retiring key ${kidOf(OLDER)} has expired`),
      hint: expect.stringContaining('run keyturn retire'),
    });
  });

  test('replicas that differ, are degraded, or run by other rules; and nothing is touched', async () => {
    const cwd = await withRing(1);
    const path = join(cwd, 'keyring.json');
    const ring = parseDocument(readFileSync(path, 'utf8'), 'it');
    const report: ReplicaReport = {
      instance: 'web-1-7-aaaa',
      host: 'web-1',
      pid: 7,
      at: NOW,
      profile: 'prod',
      source: FILE,
      ring: 'ring',
      generation: 3,
      fingerprint: ring.fingerprint,
      verifies: [kidOf(STRONG)],
      signs: kidOf(STRONG),
      loadedAt: NOW,
      uses: [],
      lifetimes: {},
      maxLag: 60,
      degraded: undefined,
    };
    await writeReport(path, report, ring);
    expect(await check('fleet', on(cwd))).toMatchObject({
      status: 'pass',
      detail: '1 process reports; the document is generation 3',
    });
    // It has used nothing but sessions so far.
    const use = {
      kid: kidOf(STRONG),
      purpose: 'session',
      signed: 1,
      signedAt: NOW,
      verified: 0,
      verifiedAt: 0,
    };
    await writeReport(path, { ...report, uses: [use] }, ring);
    expect(await check('purposes', on(cwd))).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('a key is kept for 30d because of refresh and invitation'),
      hint: expect.stringContaining('builtin = ["session"]'),
    });
    const others: ReadonlyArray<Partial<ReplicaReport>> = [
      { instance: 'web-2-7-aaaa', fingerprint: 'AAAAAAAAAAA', generation: 2 },
      { instance: 'web-3-7-aaaa', degraded: 'the file is gone' },
      { instance: 'web-4-7-aaaa', profile: 'dev' },
      { instance: 'web-5-7-aaaa', fingerprint: 'gone', at: NOW - 100 * DAY_MS },
    ];
    for (const other of others) await writeReport(path, { ...report, ...other }, ring);
    const found = await check('fleet', on(cwd));
    expect(found.status).toBe('warn');
    expect(found.detail.split('\n')).toEqual([
      'web-4-7-aaaa runs by the dev profile, and the doctor by prod',
      expect.stringContaining(
        'web-2-7-aaaa still uses an older keyring (generation 2, fingerprint AAAAAAAAAAA); the newest is generation 3',
      ),
      'web-3-7-aaaa is degraded: the file is gone',
      '4 processes report; the document is generation 3',
    ]);
    expect(readdirSync(`${path}.fleet`)).toHaveLength(5);
  });
});
