// A secret that was put into the name of a variable, a key or an option is not repeated, however it got there.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyLayers } from '../../src/config/apply-layers.js';
import { isSlipOf, nearest } from '../../src/config/nearest.js';
import { SETTING_NAMES, variableOf } from '../../src/config/settings.js';
import type { KeyturnError } from '../../src/errors.js';
import { expectNoLeak, folderWith, OLDER, resolveOn, SECRET } from '../support/machine.js';

const PHRASE = 'correct-horse-battery-staple-and-so-on';
const SECRETS = [
  OLDER,
  OLDER.slice(0, 32),
  `A${OLDER.slice(0, 31)}`,
  PHRASE,
  'hunter2hunter2',
  'tr0ub4dor&3',
];

async function errorsWith(toml: string, env: Record<string, string> = {}): Promise<readonly KeyturnError[]> {
  const cwd = await folderWith({ 'keyturn.toml': toml });
  const { problems } = await resolveOn({ cwd, env: { KEYTURN_ENV: 'dev', ...env } });
  return problems.filter(({ severity }) => severity === 'error').map(({ error }) => error);
}

describe.each(SECRETS)('%s', (secret) => {
  const quoted = JSON.stringify(secret);
  test.each([
    `${quoted} = "x"`,
    `[security.signing_secret]\n${quoted} = "x"`,
    `[security]\n${quoted}.secret = "x"`,
    `[session]\n"idle ${secret}" = 1`,
    `[${quoted}]\nidle = "1h"`,
    `[purposes."X ${secret}"]\nmax_age = "1h"\n`,
    `[purposes.x]\n${quoted} = 1`,
  ])('in the file as %j', async (toml) => {
    const errors = await errorsWith(toml);
    expect(errors).not.toEqual([]);
    expectNoLeak(errors, secret);
  });

  test.each([
    `${SECRET}_${secret}`,
    `${SECRET}=${secret}`,
    `${SECRET}__${secret}`,
    `KEYTURN_${secret}`,
    `KEYTURN_SESSION__${secret}`,
    `KEYTURN_PURPOSES__X__${secret}`,
    `KEYTURN_PURPOSES__${secret}__MAX_AGE`,
  ])('in the variable %s', async (variable) => {
    const errors = await errorsWith('', { [variable]: 'x' });
    expect(errors).not.toEqual([]);
    expectNoLeak(errors, secret);
  });
});

describe('cut into words', () => {
  const PARTS = ['wherethequickbrownfx', 'jumpsoverlazydogsand', 'sphinxofblackquartzx'];
  const loud = PARTS.join('__').toUpperCase();

  test.each([
    [`"${PARTS.join('.')}" = 1`, {}],
    [`[session.cookie]\n"${PARTS.join('.')}" = 1`, {}],
    [`[purposes."${PARTS.join('.')}"]\nmax_age = 1`, {}],
    ['', { [`KEYTURN_${loud}`]: '1' }],
    ['', { [`KEYTURN_SESSION__COOKIE__${loud}`]: '1' }],
  ])('%j %j', async (toml, env) => {
    const errors = await errorsWith(toml, env);
    expect(errors).not.toEqual([]);
    for (const text of PARTS) expectNoLeak(errors, text);
    for (const text of PARTS) expectNoLeak(errors, text.toUpperCase());
  });

  test.each(['', '[session.cookie]\n'])('as tables, of which one is told: %j', async (section) => {
    const errors = await errorsWith(`${section}${PARTS.join('.')} = 1`);
    expect(errors).toHaveLength(1);
    expectNoLeak(errors, PARTS[1] as string);
    expectNoLeak(errors, PARTS[2] as string);
  });

  test('but a name of few letters beneath a known one is repeated', async () => {
    const told = async (toml: string, env = {}) => (await errorsWith(toml, env))[0]?.message;
    expect(await told('[session.cookie]\nhow_long_it_lives = 1')).toContain(
      'session.cookie.how_long_it_lives',
    );
    expect(await told('[server]\nport = 1')).toContain('server');
    expect(await told('', { KEYTURN_SESSION__COOKIE__HOW_LONG: '1' })).toContain(
      'KEYTURN_SESSION__COOKIE__HOW_LONG',
    );
  });
});

test('what is known of such a name is said', async () => {
  const [error] = await errorsWith('', { [`${SECRET}_${OLDER}`]: 'x' });
  expect(error?.message).toMatch(
    /^a variable that begins with KEYTURN_SECURITY__SIGNING_SECRET in the environment is not known/,
  );
  const [inFile] = await errorsWith(`[session.cookie]\n${OLDER} = 1`);
  expect(inFile?.message).toMatch(
    /^a setting that begins with session\.cookie in keyturn\.toml is not known/,
  );
});

test('names that control a terminal, and names without end, are not repeated either', async () => {
  for (const name of ['\u001b[31mred', '\u202eevil', 'a'.repeat(100_000), 'a.b'.repeat(30_000), '\n']) {
    const errors = await errorsWith(`[session]\n${JSON.stringify(name)} = 1`);
    for (const { message } of errors) {
      expect(message.length).toBeLessThan(300);
      expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
    }
    expect(errors).toHaveLength(1);
  }
});

test('a file that is something else altogether is told in a few lines', async () => {
  const errors = await errorsWith(Array.from({ length: 5000 }, (_, nth) => `key${nth} = ${nth}`).join('\n'));
  expect(errors).toHaveLength(21);
  expect(errors.at(-1)?.message).toBe('the configuration has 4980 more mistakes');
});

test('of what is repeated all but a slip is a known name', () => {
  const known = [...SETTING_NAMES, ...SETTING_NAMES.map(variableOf)];
  // Four digits are one more than a slip has, and no name has any: of other letters some are in other names, too.
  expect(known.filter((name) => /\d/.test(name))).toEqual([]);
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.stringMatching(/^[0-9]{4}[a-z0-9]{0,36}$/), (name, secret) => {
      for (const typed of [name + secret, secret + name, `${name}_${secret}`])
        expect(isSlipOf(typed, nearest(typed, known)) && typed.includes(secret)).toBe(false);
    }),
  );
});

test.each([
  ['[sesion]\nx = 1', 'did you mean session?'],
  ['[sessions]\nx = 1', 'did you mean session?'],
  ['[session.cooky]\nx = 1', 'did you mean session.cookie?'],
  ['[csfr]\nx = 1', 'did you mean csrf?'],
  ['[securty]\nx = 1', 'did you mean security?'],
  ['[purpose]\nx = 1', 'did you mean purposes?'],
  ['[keyring]\nstore = "redis"', 'did you mean security.keyring?'],
  ['[cookie]\nname = "x"', 'did you mean session.cookie?'],
  ['[session]\napp = "one"', 'app stands at the top of the file, before the first [section]'],
])('what is meant by %j is told', async (text, hint) => {
  expect((await errorsWith(text)).map((error) => error.hint)).toEqual([hint]);
});

test('what many call the variable of the secret is told its name', async () => {
  for (const variable of ['KEYTURN_SECRET', 'KEYTURN_SIGNING_SECRET']) {
    const { errors } = applyLayers('dev', [], { [variable]: SECRET });
    expect(errors.map(({ hint }) => hint)).toEqual(['did you mean KEYTURN_SECURITY__SIGNING_SECRET?']);
    expect(errors.map(({ message }) => message)).toEqual([
      `variable ${variable} in the environment is not known`,
    ]);
  }
});
