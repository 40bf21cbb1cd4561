// keyturn inspect.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kidOf, OLDER, PREVIOUS, REVOKED, SECRET, STRONG, startOn, tempDir } from '../support/machine.js';
import { keyturn, TWO_LINES } from './run.js';

const ENV = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };

async function sign(
  payload: unknown,
  { purpose = 'invitation', secret = STRONG, at = Date.now(), bind = '' } = {},
): Promise<string> {
  const { keyturn } = await startOn({ env: { KEYTURN_ENV: 'dev', [SECRET]: secret }, now: at });
  return keyturn.signer(purpose, { maxAge: '1h' }).sign(payload, bind === '' ? {} : { bind });
}

describe('a token that verifies', () => {
  test('is shown to people', async () => {
    const token = await sign({ user: 42 });
    const ran = await keyturn(['inspect', token], { env: ENV });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`kid           ${kidOf(STRONG)} (active)`);
    expect(ran.stdout).toMatch(/^issued +\d{4}-.*Z \((now|\d+ s ago)\)$/m);
    expect(ran.stdout).toMatch(/^expires +\d{4}-.*Z \(in (59|60) min\)$/m);
    expect(ran.stdout).toMatch(/^verifies for +invitation$/m);
    expect(ran.stdout).toContain('{\n  "user": 42\n}\n');
  });

  test('is read from standard input, and shown to programs', async () => {
    const token = await sign({ user: 42 });
    const ran = await keyturn(['inspect', '-', '--json'], { env: ENV, input: `${token}\n` });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toEqual({
      version: 1,
      kid: kidOf(STRONG),
      keyState: 'active',
      issuedAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
      bound: false,
      sealed: false,
      authentic: true,
      payload: { user: 42 },
      purposes: ['invitation'],
      reason: null,
    });
  });

  test('may be pasted with the name and the attributes of its cookie', async () => {
    const token = await sign({ user: 42 });
    for (const pasted of [
      `__Host-keyturn.sid=${token}; Path=/; Secure; HttpOnly; SameSite=Lax`,
      `Cookie: theme=dark; __Host-keyturn.sid=${token}`,
    ]) {
      const ran = await keyturn(['inspect', pasted], { env: ENV });
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^verifies for +invitation$/m) });
    }
  });

  test('may be bound: only the app can check to what', async () => {
    const token = await sign('x', { bind: 'hash' });
    const ran = await keyturn(['inspect', token, '--json'], { env: ENV });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ bound: true, authentic: true, purposes: ['invitation'] });
  });

  test('of an app with a name is one to that app alone, and to both names while it changes', async () => {
    const of = async (config: Record<string, string>) =>
      (await startOn({ env: { KEYTURN_ENV: 'dev', [SECRET]: STRONG }, now: Date.now() }, config)).keyturn;
    const [shop, unnamed] = [await of({ app: 'shop' }), await of({})];
    const verdict = async ([purpose, token]: readonly [string, string], env: Record<string, string>) => {
      const { stdout } = await keyturn(['inspect', token, '--json', '--purpose', purpose], {
        env: { ...ENV, ...env },
      });
      const { reason, authentic } = JSON.parse(stdout) as { reason: string | null; authentic: boolean };
      return authentic ? reason : `forged: ${reason}`;
    };
    const [SHOP, BLOG] = [{ KEYTURN_APP: 'shop' }, { KEYTURN_APP: 'blog' }];
    const moving = { ...SHOP, KEYTURN_APP_ACCEPTS: 'none' };
    const tokens = (from: typeof shop) =>
      [
        ['note', from.signer('note', { maxAge: '1h' }).sign('x')],
        ['draft', from.sealer('draft', { maxAge: '1h' }).seal('x')],
      ] as const;
    for (const token of tokens(shop)) {
      expect(await verdict(token, SHOP)).toBeNull();
      expect(await verdict(token, moving)).toBeNull();
      expect(await verdict(token, BLOG)).toBe('forged: bad_signature');
      expect(await verdict(token, {})).toBe('forged: bad_signature');
    }
    for (const token of tokens(unnamed)) {
      expect(await verdict(token, {})).toBeNull();
      expect(await verdict(token, moving)).toBeNull();
      expect(await verdict(token, SHOP)).toBe('forged: bad_signature');
    }
  });

  test('of an undeclared purpose is found when asked for', async () => {
    const token = await sign('x', { purpose: 'odd-one' });
    expect((await keyturn(['inspect', token], { env: ENV })).code).toBe(1);
    expect((await keyturn(['inspect', token, '--purpose', 'odd-one'], { env: ENV })).code).toBe(0);
    expect((await keyturn(['inspect', token, '--purpose', 'flash'], { env: ENV })).code).toBe(1);
  });

  test('of a retiring key says so', async () => {
    const token = await sign('x', { secret: OLDER });
    const ran = await keyturn(['inspect', token], { env: { ...ENV, [PREVIOUS]: OLDER } });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`${kidOf(OLDER)} (retiring)`);
  });
});

describe('a token that does not verify', () => {
  const reasonOf = async (token: string, env: Record<string, string> = ENV) => {
    const ran = await keyturn(['inspect', token, '--json'], { env });
    expect(ran.code).toBe(1);
    return JSON.parse(ran.stdout);
  };

  test('has a reason', async () => {
    const old = await sign('x', { at: Date.now() - 7_200_000 });
    const foreign = await sign('x', { secret: OLDER });
    const forged = `${(await sign('x')).slice(0, -4)}AAAA`;
    expect(await reasonOf(old)).toMatchObject({ reason: 'expired', authentic: true });
    expect(await reasonOf(foreign)).toMatchObject({
      reason: 'unknown_key',
      keyState: 'unknown',
      authentic: false,
    });
    expect(await reasonOf(forged)).toMatchObject({ reason: 'bad_signature', authentic: false });
    expect(await reasonOf('nonsense')).toMatchObject({ reason: 'malformed', kid: null });
    const revoking = { ...ENV, [REVOKED]: kidOf(OLDER) };
    expect(await reasonOf(foreign, revoking)).toMatchObject({ reason: 'revoked_key', keyState: 'revoked' });
  });

  test('has its payload marked as unverified', async () => {
    const ran = await keyturn(['inspect', await sign('x', { secret: OLDER })], { env: ENV });
    expect(ran.stdout).toMatch(/^payload +unverified/m);
  });

  test('cannot control the terminal', async () => {
    const token = await sign({ a: '\u009b31m\u202e', b: '\u001b[2J' }, { secret: OLDER });
    const [head, , times, ...rest] = token.split('.');
    const odd = [head, '\u001b[2J\u009b\u202ex', times, ...rest].join('.');
    for (const typed of [token, odd]) {
      for (const json of [[], ['--json']]) {
        const { stdout, stderr } = await keyturn(['inspect', typed, ...json], { env: ENV });
        expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }
    }
  });
});

describe('without a usable keyring', () => {
  test.each([
    ['none configured', { KEYTURN_ENV: 'prod' }],
    ['none made yet', { KEYTURN_ENV: 'dev' }],
    ['a broken one', { KEYTURN_ENV: 'prod', [SECRET]: ' ' }],
  ])('the token is decoded all the same: %s', async (_, env) => {
    const cwd = tempDir();
    const ran = await keyturn(['inspect', await sign({ user: 42 })], { cwd, env });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('"user": 42');
    expect(ran.stdout).toContain('unverified');
    expect(ran.stderr).toMatch(TWO_LINES);
    expect(ran.stderr).toContain('there is no keyring to verify with');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('with one that a start would refuse it verifies, and says so', async () => {
    const ran = await keyturn(['inspect', await sign('x', { secret: 'changeme' })], {
      env: { KEYTURN_ENV: 'prod', [SECRET]: 'changeme' },
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('a start with this configuration is refused');
  });
});

describe('a sealed token', () => {
  const SEALED = 'a-note-that-nobody-is-to-read';
  const env = { ...ENV, KEYTURN_PURPOSES__DRAFT__MAX_AGE: '1h', KEYTURN_PURPOSES__DRAFT__SEALED: 'true' };

  async function seal(at = Date.now(), bind?: string): Promise<string> {
    const { keyturn } = await startOn({ env, now: at });
    return keyturn.sealer('draft').seal({ note: SEALED }, bind === undefined ? {} : { bind });
  }

  test('is opened to see what it is for, and its content is not shown', async () => {
    const token = await seal();
    const ran = await keyturn(['inspect', token], { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`kid           ${kidOf(STRONG)} (active)`);
    expect(ran.stdout).toMatch(/^expires +\d{4}-.*Z \(in (59|60) min\)$/m);
    expect(ran.stdout).toMatch(/^verifies for +draft$/m);
    expect(ran.stdout).toMatch(/^payload +sealed: content not shown\n$/m);
    expect(ran.stdout).not.toContain(SEALED);
    const told = await keyturn(['inspect', token, '--json'], { env });
    expect(JSON.parse(told.stdout)).toMatchObject({
      version: 1,
      kid: kidOf(STRONG),
      keyState: 'active',
      sealed: true,
      bound: false,
      authentic: true,
      payload: null,
      purposes: ['draft'],
      reason: null,
    });
  });

  test.each<[string, () => Promise<string>, object]>([
    ['has expired', () => seal(Date.now() - 7_200_000), { authentic: true, reason: 'expired' }],
    ['is bound', () => seal(Date.now(), 'ann'), { authentic: false, reason: 'bad_signature' }],
    [
      'was tampered with',
      async () => (await seal()).replace(/.{4}$/, 'AAAA'),
      { authentic: false, reason: 'bad_signature' },
    ],
  ])('that %s verifies for nothing', async (_, make, seen) => {
    const token = await make();
    const ran = await keyturn(['inspect', token, '--json'], { env });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ sealed: true, payload: null, purposes: [], ...seen });
    expect((await keyturn(['inspect', token], { env })).stdout).toMatch(/^verifies for +nothing: it /m);
  });

  test('of another key is known by its header', async () => {
    const token = await seal();
    const ran = await keyturn(['inspect', token], { env: { ...env, [SECRET]: OLDER } });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(`${kidOf(STRONG)} (unknown)`);
    expect(ran.stdout).toContain('the keyring in force does not have its key');
  });
});

describe('a payload that somebody has made large or deep', () => {
  test.each([
    ['deep', '['.repeat(40) + ']'.repeat(40), 'nested more than 32 levels deep'],
    ['deeper', `${'['.repeat(3000)}1${']'.repeat(3000)}`, 'nested more than 32 levels deep'],
    ['large', JSON.stringify('x'.repeat(20_000)), '20002 characters long'],
  ])('is said to be so, and not shown: %s', async (_, json, why) => {
    const token = await sign(JSON.parse(json));
    for (const args of [[], ['--json']]) {
      const ran = await keyturn(['inspect', '-', ...args], { env: ENV, input: token });
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout.length).toBeLessThan(1000);
      expect(ran.stdout).toContain(why);
      if (args.length > 0) expect(JSON.parse(ran.stdout)).toMatchObject({ payload: null, reason: null });
    }
  });

  test('brackets in texts are none', async () => {
    const token = await sign({ text: '[{\\"['.repeat(100) });
    const { stdout } = await keyturn(['inspect', token, '--json'], { env: ENV });
    expect(JSON.parse(stdout).payload).toEqual({ text: '[{\\"['.repeat(100) });
  });
});

describe('a token of another library', () => {
  const MAC = 'a'.repeat(43);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([
    [`connect.sid=s%3Aabc.${MAC}; Path=/; HttpOnly`, 'express-session has signed', 'express-session'],
    [`s:abc.${MAC}`, 'cookie-parser', 'cookie-parser'],
    ['Fe26.2*1*abc*def', 'iron-session', 'iron-session'],
    [`${part({ alg: 'HS256' })}.${part({ sub: '1' })}.${MAC}`, 'a JWT', 'jose'],
    [`Authorization=${part({ alg: 'RS256' })}.${part({})}.x`, 'a JWT', 'jsonwebtoken'],
    [`${part({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`, 'an encrypted JWT', 'authjs'],
    [`session=${Buffer.from('{"user":1}').toString('base64')}; session.sig=xyz`, 'cookie-session', 'keygrip'],
    [`__session=${part({ user: 1 })}.${MAC}`, 'React Router', 'react-router'],
    [`${'A'.repeat(40)}%3B${'B'.repeat(32)}`, '@fastify/secure-session', 'fastify'],
  ])('%s', async (pasted, what, page) => {
    const ran = await keyturn(['inspect', pasted], { env: ENV });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^verifies for +nothing: it is not a token of Keyturn/m);
    expect(ran.stdout).toMatch(new RegExp(`^looks like +.*${what}`, 'm'));
    expect(ran.stdout).toMatch(
      new RegExp(`^its bridge +.*node_modules/keyturn/docs/bridges/${page}\\.md`, 'm'),
    );
    const { foreign } = JSON.parse((await keyturn(['inspect', pasted, '--json'], { env: ENV })).stdout);
    expect(foreign.what).toContain(what);
    for (const path of foreign.pages) expect(existsSync(join(import.meta.dirname, '../..', path))).toBe(true);
  });

  test.each(['abc', 'k1.broken', '', '%', 'a.b.c', '{}', 'e30='])("%j is nobody's", async (pasted) => {
    const { stdout } = await keyturn(['inspect', '-', '--json'], { env: ENV, input: pasted });
    expect(JSON.parse(stdout)).not.toHaveProperty('foreign');
  });
});
