// keyturn import: an array of keys (seed 004), a .jwt-secret file (seed 001) or a variable becomes a document.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  COMING,
  FILE,
  kidOf,
  NEXT,
  OLDER,
  OLDEST,
  PREVIOUS,
  REVOKED,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';
import { DEV, newFolder, RING, ringFolder, ringIn, run, statesOf, textOf } from './ring.js';
import { keyturn, MAIN, TWO_LINES } from './run.js';

const [K, OLD, OLDER_STILL, NEW] = [kidOf(STRONG), kidOf(OLDER), kidOf(OLDEST), kidOf(COMING)];
/** Seed 004's second key: 26 bytes. */
const WEAK = 'b170bba371a7ce808162e9cfb9449e928ec085ec050a8bbf24c8';
const PROD = { KEYTURN_ENV: 'prod' };

function folderWithFile(name: string, content: string): string {
  const cwd = newFolder();
  writeFileSync(join(cwd, name), content);
  return cwd;
}

describe('another copy of the keyring in force', () => {
  test.concurrent('an older one adds nothing; one on which other steps were taken is joined', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const older = textOf(cwd);
    expect((await run(cwd, 'stage')).code).toBe(0);
    const staged = ringIn(cwd).keys[0]?.kid as string;
    const before = textOf(cwd);
    writeFileSync(join(cwd, 'copy.json'), older);
    expect((await run(cwd, 'import', 'copy.json')).stdout).toContain(
      'holds nothing that the keyring in force does not',
    );
    expect(textOf(cwd)).toBe(before);
    const args = ['revoke', '--ring', '-', '--reason', 'leaked', K];
    const fork = await keyturn(args, { cwd, env: DEV, input: older });
    writeFileSync(join(cwd, 'copy.json'), fork.stdout);
    const joined = await run(cwd, 'import', 'copy.json');
    expect(joined.stdout).toContain('joined copy.json with the keyring in force: generation 3, 2 live keys');
    const { keys, generation } = ringIn(cwd);
    expect([generation, keys.find(({ kid }) => kid === K)?.state]).toEqual([3, 'revoked']);
    expect(keys.find(({ kid }) => kid === staged)?.state).toBe('staged');
    const piped = await keyturn(['import', 'copy.json', '--ring', '-'], { cwd, env: DEV, input: before });
    expect(JSON.parse(piped.stdout).generation).toBe(3);
  });

  test.concurrent('is no keyring in force where the document is missing, and nothing is put in its place', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const kept = textOf(cwd);
    renameSync(join(cwd, RING), join(cwd, 'copy.json'));
    for (const more of [[], ['--json']]) {
      const ran = await run(cwd, 'import', 'copy.json', ...more);
      expect(ran.code).toBe(1);
      expect(ran.stdout + ran.stderr).toContain(`the file ${join(cwd, RING)} `);
      expect(ran.stdout + ran.stderr).toContain('mount it, restore it from a copy, or correct');
      expect(ran.stdout + ran.stderr).not.toContain(STRONG);
    }
    expect(existsSync(join(cwd, RING))).toBe(false);
    expect(readFileSync(join(cwd, 'copy.json'), 'utf8')).toBe(kept);
    // Put back it is what it was.
    renameSync(join(cwd, 'copy.json'), join(cwd, RING));
    expect((await run(cwd, 'status')).code).toBe(0);
  });

  test.concurrent('a copy of another keyring is refused', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    const before = textOf(cwd);
    writeFileSync(join(cwd, 'copy.json'), before.replace('ring-of-the-tests', 'another'));
    const ran = await run(cwd, 'import', 'copy.json');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('is of the keyring another, and ring-of-the-tests is in force');
    expect(textOf(cwd)).toBe(before);
  });
});

describe('what is taken over', () => {
  test.concurrent('an array: the first signs, the others verify', async () => {
    const cwd = folderWithFile('session_keys.json', JSON.stringify([STRONG, OLDER, OLDEST], null, 2));
    const ran = await keyturn(['import', 'session_keys.json'], { cwd, env: PROD });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe(
      `wrote ${join(cwd, RING)} (3 keys: ${K} active, ${OLD} retiring, ${OLDER_STILL} retiring)\nwrote ${join(cwd, 'keyturn.toml')}\nwrote ${join(cwd, 'keyturn.prod.toml')}\n`,
    );
    expect(ran.stderr).toBe(
      'keyturn: note: session_keys.json is left as it is; take it away when nothing else reads it\n',
    );
    expect(ringIn(cwd)).toMatchObject({
      generation: 1,
      history: [{ what: 'import', kid: K, who: expect.any(String) }],
    });
    if (process.platform !== 'win32') expect(statSync(join(cwd, RING)).mode & 0o777).toBe(0o600);
    expect(existsSync(join(cwd, 'session_keys.json'))).toBe(true);
    expect((await keyturn(['doctor'], { cwd, env: PROD })).code).toBe(0);
    expect((await keyturn(['rotate'], { cwd, env: PROD })).code).toBe(0);
  });

  test.concurrent("seed 001's .jwt-secret, with what development had made", async () => {
    const secret = `${STRONG}${OLDER}`;
    const cwd = folderWithFile('.jwt-secret', secret);
    const { keyturn: app } = await startOn({ cwd, env: DEV, now: Date.now() });
    const [former] = app.keyring.keys;
    const token = app.signer('invitation').sign('x');
    const ran = await run(cwd, 'import', '.jwt-secret');
    expect(ran.code).toBe(0);
    expect(statesOf(ringIn(cwd))).toEqual([`${kidOf(secret)} active`, `${former?.id} retiring`]);
    expect(ran.stderr).toContain(
      `${kidOf(secret)} signs from the next start on, and ${former?.id}, which signs until then, goes on verifying: nobody is logged out\n`,
    );
    const { keyturn: after } = await startOn({ cwd, env: DEV, now: Date.now() });
    expect(after.signer('invitation').verify(token)).toMatchObject({ ok: true, stale: true });
  });

  test.concurrent.each([
    ['one secret', STRONG, [`${K} active`]],
    ['an array', JSON.stringify([STRONG, OLDER]), [`${K} active`, `${OLD} retiring`]],
  ])('a variable with %s', async (_, value, states) => {
    const cwd = newFolder();
    const ran = await keyturn(['import', '--variable', 'JWT_SECRET'], {
      cwd,
      env: { ...PROD, JWT_SECRET: value },
    });
    expect(ran.code).toBe(0);
    expect(statesOf(ringIn(cwd))).toEqual(states);
    expect(ran.stderr).toContain('JWT_SECRET is left as it is; take it away');
  });

  test.concurrent('the file in force, with its companions, keeps every state', async () => {
    const cwd = folderWithFile('keys.json', JSON.stringify([STRONG, OLDER]));
    const env = { ...PROD, [FILE]: 'keys.json', [NEXT]: COMING, [PREVIOUS]: OLDEST, [REVOKED]: 'abcdefgh' };
    const ran = await keyturn(['import', 'keys.json', '--json'], { cwd, env });
    expect(JSON.parse(ran.stdout)).toEqual({
      place: join(cwd, RING),
      created: true,
      document: join(cwd, RING),
      config: join(cwd, 'keyturn.toml'),
      configWritten: true,
      production: join(cwd, 'keyturn.prod.toml'),
      productionWritten: true,
      keys: ringIn(cwd).keys.map(({ kid, state }) => ({ kid, state })),
      source: 'keys.json',
      kept: [OLDER_STILL, NEW],
      left: [],
      weak: [],
      takeAway: [FILE, PREVIOUS, NEXT, REVOKED],
    });
    expect(statesOf(ringIn(cwd)).sort()).toEqual(
      [
        `${K} active`,
        `${OLD} retiring`,
        `${OLDER_STILL} retiring`,
        `${NEW} staged`,
        'abcdefgh revoked',
      ].sort(),
    );
    expect(ran.stderr).toContain(`${FILE} still hides ${RING}`);
    expect(ran.stderr).not.toContain('from the next start on');
  });

  test.concurrent('a secret that is listed twice is kept once', async () => {
    const cwd = folderWithFile('keys', JSON.stringify([STRONG, OLDER, STRONG]));
    const ran = await run(cwd, 'import', 'keys');
    expect(statesOf(ringIn(cwd))).toEqual([`${K} active`, `${OLD} retiring`]);
    expect(ran.stderr).toContain('keys lists 1 secret twice');
  });
});

describe('weak keys', () => {
  test.concurrent('one that verifies is named, with the exception to write; with it production starts', async () => {
    const cwd = folderWithFile('keys.json', JSON.stringify([STRONG, WEAK]));
    const ran = await keyturn(['import', 'keys.json'], { cwd, env: PROD });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`the key ${kidOf(WEAK)} is too weak: 26 of 32 bytes count`);
    const [line] = /accept_weak = .*/.exec(ran.stderr) as RegExpExecArray;
    expect((await keyturn(['doctor'], { cwd, env: PROD })).code).toBe(1);
    const toml = readFileSync(join(cwd, 'keyturn.toml'), 'utf8');
    writeFileSync(join(cwd, 'keyturn.toml'), toml.replace('[security.signing_secret]\n', `$&${line}\n`));
    expect((await keyturn(['doctor'], { cwd, env: PROD })).code).toBe(0);
  });

  test.concurrent('one that is to sign is refused in production', async () => {
    const cwd = folderWithFile('keys.json', JSON.stringify([WEAK]));
    const ran = await keyturn(['import', 'keys.json'], { cwd, env: PROD });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain('the first secret of keys.json is too weak to sign with: 26 of 32 bytes');
    expect(readdirSync(cwd)).toEqual(['keys.json']);
  });

  test.concurrent('a weak secret in force does not stand in the way, and does not come along', async () => {
    const cwd = folderWithFile('keys.json', JSON.stringify([STRONG]));
    const ran = await keyturn(['import', 'keys.json'], { cwd, env: { ...PROD, [SECRET]: 'changeme' } });
    expect(ran.code).toBe(0);
    expect(statesOf(ringIn(cwd))).toEqual([`${K} active`]);
    const weak = kidOf('changeme');
    expect(ran.stderr).toContain(`whoever ${weak} signed in must sign in again`);
    expect(ran.stderr).toContain(`left out, since it is weak or revoked: ${weak}`);
  });
});

describe('refusals', () => {
  test.concurrent.each([
    [
      'a broken array',
      `["${STRONG}", ]`,
      'begins like a JSON array of secrets, and is not a valid one',
      'double quotes',
    ],
    ['an array of numbers', '[1]', 'begins like a JSON array', 'double quotes'],
    ['an empty array', '[]', 'is an array without a secret', 'put its secret back'],
    ['an empty secret', JSON.stringify([STRONG, ' ']), 'secret 2 of held is empty', 'put its secret back'],
    ['two lines', `${STRONG}\n${OLDER}\n`, 'a line end', 'one line'],
    ['nothing', '', 'is empty', 'restore it from a copy; if it never held a secret, put one there'],
    ['what is no document', '{"keyturn": 1}', 'keys in the document to import must be a list', 'by hand'],
  ])('a file with %s', async (_, content, error, hint) => {
    const cwd = folderWithFile('held', content);
    const ran = await run(cwd, 'import', 'held');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain(error);
    expect(ran.stderr).toContain(hint);
    expect(readdirSync(cwd)).toEqual(['held']);
  });

  test.concurrent('nothing there, by a path and by a variable', async () => {
    const file = await run(newFolder(), 'import', STRONG);
    expect(file.stderr).toMatch(/error: the file that FILE names is not there\n/);
    const variable = await run(newFolder(), 'import', '--variable', STRONG);
    expect(variable.stderr).toMatch(/error: the variable that --variable names is not set\n/);
    for (const ran of [file, variable]) {
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(TWO_LINES);
      expect(ran.stderr).not.toContain(STRONG);
    }
  });

  test.concurrent('a document is never overwritten', async () => {
    const cwd = await ringFolder({ secret: STRONG, state: 'active' });
    writeFileSync(join(cwd, 'keys'), OLDER);
    const before = textOf(cwd);
    const inForce = await run(cwd, 'import', 'keys');
    expect(inForce.stderr).toContain('already names a keyring document');
    const unused = await keyturn(['import', 'keys'], { cwd, env: { ...DEV, [SECRET]: OLDEST } });
    expect(unused.stderr).toContain('import overwrites nothing');
    for (const ran of [inForce, unused]) expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(textOf(cwd)).toBe(before);
  });

  test.concurrent('a revoked key does not come back', async () => {
    const cwd = folderWithFile('keys', JSON.stringify([OLDER, STRONG]));
    const env = { ...DEV, [SECRET]: COMING, [REVOKED]: OLD };
    const first = await keyturn(['import', 'keys'], { cwd, env });
    expect(first).toMatchObject({ code: 1, stdout: '' });
    expect(first.stderr).toContain(`the key ${OLD}, which is revoked`);
    writeFileSync(join(cwd, 'keys'), JSON.stringify([STRONG, OLDER]));
    expect((await keyturn(['import', 'keys'], { cwd, env })).code).toBe(0);
    expect(statesOf(ringIn(cwd)).sort()).toEqual([`${K} active`, `${OLD} revoked`, `${NEW} retiring`].sort());
    expect(textOf(cwd)).not.toContain(OLDER);
  });
});

test.concurrent("seed 004's four make targets as commands: generate, rotate, cleanup, status", async () => {
  const cwd = newFolder();
  // session-keys-generate
  const secrets = await Promise.all([1, 2].map(async () => (await run(cwd, 'generate')).stdout.trim()));
  writeFileSync(join(cwd, 'session_keys.json'), JSON.stringify(secrets));
  expect((await run(cwd, 'import', 'session_keys.json')).code).toBe(0);
  // session-keys-rotate
  // By a lease of which a third is the pause between two reports: whoever goes by something else is waited for.
  const env = { ...DEV, KEYTURN_SECURITY__KEYRING__LEASE: '3s' };
  expect((await keyturn(['rotate', '--wait'], { cwd, env })).code).toBe(0);
  const [signs] = ringIn(cwd).keys;
  expect(signs?.state).toBe('active');
  // session-keys-cleanup: not by position in a list, and not too early
  const tooEarly = await run(cwd, 'retire', kidOf(secrets[1] as string));
  expect(tooEarly.code).toBe(3);
  expect(tooEarly.stderr).toMatch(/it is safe at .* \(in 30 d 1 h\)/);
  writeFileSync(
    join(cwd, RING),
    textOf(cwd).replaceAll(/"retiring": "20[^"]*"/g, '"retiring": "2020-01-01T00:00:00Z"'),
  );
  for (const secret of secrets) expect((await run(cwd, 'retire', '--', kidOf(secret))).code).toBe(0);
  // session-keys-status
  const status = JSON.parse((await run(cwd, 'status', '--json')).stdout);
  expect(status.keys.map(({ state }: { state: string }) => state)).toEqual(['active', 'retired', 'retired']);
  expect(status.rotatedAt).toMatch(/Z$/);
  const { history } = JSON.parse((await run(cwd, 'history', '--json')).stdout);
  expect(history.map(({ what }: { what: string }) => what)).toEqual([
    'import',
    'stage',
    'promote',
    'retire',
    'retire',
  ]);
});

test.skipIf(process.platform === 'win32')(
  'a pipe that nobody writes into is told of; one with a writer is read',
  async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'held'), COMING);
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    const env = { KEYTURN_ENV: 'dev' };
    expect(await keyturn(['init'], { cwd, env })).toMatchObject({ code: 0 });
    for (const args of [
      ['import', 'pipe'],
      ['stage', '--from', 'pipe'],
    ])
      expect(await keyturn(args, { cwd, env })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('hint: nothing writes into this pipe: start what does'),
      });
    // Whoever writes waits for a reader; a shell makes a pipe without a name.
    execFileSync('sh', ['-c', '(printf %s "$A"; printf %s "$B") > pipe & '], {
      cwd,
      env: { ...process.env, A: COMING.slice(0, 20), B: COMING.slice(20) },
      stdio: 'ignore',
    });
    expect(await keyturn(['stage', '--from', 'pipe', '--dry-run'], { cwd, env })).toMatchObject({ code: 0 });
    const shell = `${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} stage --from <(cat held) --dry-run`;
    execFileSync('bash', ['-c', shell], { cwd, env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' });
  },
);
