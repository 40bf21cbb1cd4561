// Values that have the right form and could never work are refused at the start, and an empty companion means none.
import { describe, expect, test } from 'vitest';
import { SETTINGS, type SettingName } from '../../src/config/settings.js';
import {
  FILE,
  folderWith,
  NEXT,
  OLDER,
  PREVIOUS,
  problemsOf,
  REVOKED,
  resolveOn,
  SECRET,
  STRONG,
} from '../support/machine.js';

const read = (name: SettingName, value: unknown) => SETTINGS[name].kind.read(value);

describe.each<[SettingName, readonly string[], readonly string[]]>([
  [
    'session.cookie.path',
    ['/', '/app', '/app/', '/a.b/c-d_e~f', '/%C3%BC', "/!$&'()*+,=:@", '/...', '/a/.b'],
    [
      'app',
      '',
      ' /',
      './app',
      '/app;x',
      '/a b',
      '/a?b',
      '/a#b',
      '/ü',
      '/a\\b',
      '/a"b',
      '/../a',
      '/a/./b',
      '/a/%2e%2E/b',
      '/..',
      `/${'a'.repeat(600)}`,
      'https://example.com/',
      '"/"',
      '/a\tb',
    ],
  ],
  [
    'session.cookie.name',
    ['keyturn.sid', 'sid', "a!#$%&'*+-.^_`|~1", '_Host-sid'],
    [
      'a,b',
      'a;b',
      'a b',
      'a=b',
      '',
      'ü',
      '"sid"',
      'a"b',
      'a(b',
      'a@b',
      'a/b',
      'a:b',
      'a[b]',
      '__Host-sid',
      '__secure-sid',
      '__HTTP-sid',
      '__Host-Http-sid',
      'a'.repeat(65),
      'a\nb',
    ],
  ],
  [
    'session.cookie.domain',
    ['example.com', '.example.com', 'a.b-c.example', 'xn--bcher-kva.example', 'localhost', 'EXAMPLE.com'],
    [
      'https://example.com',
      'example.com:443',
      'example.com/',
      '*.example.com',
      'example.com.',
      '..example.com',
      'com',
      '127.0.0.1',
      '1.2.3',
      '0x7f.1',
      '[::1]',
      '::1',
      'bücher.example',
      '-a.example',
      'a-.example',
      'a b.example',
      'a,b.example',
      '',
      '.',
      `${'a'.repeat(64)}.example`,
      '"example.com"',
    ],
  ],
  [
    'session.postgres.table',
    ['sessions', 'app.sessions', '_s1'],
    ['my-table', 'a.b.c', '1a', '"sessions"', 'a b', 'x'.repeat(49), ''],
  ],
  [
    'session.redis.prefix',
    ['keyturn:', '{app}:', 'a'],
    ['', ' ', 'a b', '"a:"', "'a:'", 'a\n', 'a\u0000', 'x'.repeat(201)],
  ],
  ['security.keyring.name', ['default', 'shop-2'], ['', '"a"', 'a b', 'shop/default', '\u001b[31m']],
  ['app', ['shop', 'shop-2'], ['', 'Shop', 'a b', 'a/b', '2shop', 'none', 'session', 'user']],
  [
    'security.signing_secret.file',
    ['/run/secrets/a', 'a b', "it's"],
    ['"/run/secrets/a"', "'a'", 'a\u0000b', 'a\nb'],
  ],
])('%s', (name, good, bad) => {
  test.each(good)('takes %j', (value) => {
    expect(read(name, value)).toBe(value);
  });
  test.each(bad)('refuses %j', (value) => {
    expect(read(name, value)).toBeUndefined();
  });
});

test('what is refused is not repeated, and keeps a start from happening', async () => {
  const env = { KEYTURN_ENV: 'dev', KEYTURN_SESSION__COOKIE__PATH: OLDER, [SECRET]: STRONG };
  const resolution = await resolveOn({ env });
  expect(problemsOf(resolution, 'error')).toEqual([
    expect.stringMatching(/^cookie_invalid: KEYTURN_SESSION__COOKIE__PATH must be a path .*"\/app"/),
  ]);
  expect(problemsOf(resolution, 'error').join()).not.toContain(OLDER);
});

describe('an empty companion means none', () => {
  const ON = { KEYTURN_ENV: 'prod', [SECRET]: STRONG };
  test.each([PREVIOUS, NEXT, REVOKED, `${SECRET}__ACCEPT_WEAK`])('%s', async (name) => {
    for (const value of ['', ' ', '[]']) {
      const { problems, keyring } = await resolveOn({ env: { ...ON, [name]: value } });
      expect(problems).toEqual([]);
      expect(keyring?.keys).toHaveLength(1);
    }
  });

  test('it takes the place of what a file says', async () => {
    const cwd = await folderWith({
      'keyturn.toml': '[security.signing_secret]\nrevoked_kids = ["abcdefgh"]\n',
    });
    const { keyring } = await resolveOn({ cwd, env: { ...ON, [REVOKED]: '' } });
    expect(keyring?.keys).toHaveLength(1);
  });

  test('the secret itself and its file are no companions: empty is an error', async () => {
    for (const env of [{ [SECRET]: '' }, { [FILE]: '' }]) {
      const resolution = await resolveOn({ env: { KEYTURN_ENV: 'prod', ...env } });
      expect(problemsOf(resolution, 'error')).toEqual([expect.stringContaining('is empty')]);
    }
  });
});

test.each([
  ['a secret', { [SECRET]: `"${STRONG}"` }],
  ['one in single quotes', { [SECRET]: `'${STRONG}'` }],
  ['a previous one', { [SECRET]: STRONG, [PREVIOUS]: `'${OLDER}'` }],
])('%s in literal quotes is told, and stays the key that it is', async (_, env) => {
  const resolution = await resolveOn({ env: { KEYTURN_ENV: 'prod', ...env } });
  expect(problemsOf(resolution, 'error')).toEqual([]);
  expect(problemsOf(resolution, 'warning')).toEqual([
    expect.stringMatching(
      /^secret_malformed: .* has quotation marks around it, which count as part of the secret/,
    ),
  ]);
  expect(problemsOf(resolution, 'warning').join()).not.toContain(STRONG);
});

test('a data folder in literal quotes is refused', async () => {
  const resolution = await resolveOn({ env: { KEYTURN_ENV: 'dev', KEYTURN_DATA_DIR: '".keyturn"' } });
  expect(problemsOf(resolution, 'error')).toEqual([
    expect.stringContaining('KEYTURN_DATA_DIR has quotation marks'),
  ]);
});
