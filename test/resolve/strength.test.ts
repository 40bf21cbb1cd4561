// Every key in the ring is judged: an error in production, a warning in development.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { writeDocument } from '../../src/keyring/document.js';
import { Key, type KeyState, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import {
  ACCEPT_WEAK,
  DAY,
  FILE,
  folderWith,
  keysOf,
  kidOf,
  NEXT,
  NOW,
  OLDER,
  PREVIOUS,
  printed,
  problemsOf,
  refusalOn,
  resolveOn,
  SECRET,
  STRONG,
  startOn,
} from '../support/machine.js';

const PROD = { KEYTURN_ENV: 'prod' };
const LETTERS = 'Zq3vXp8LmT0cRw5YhN2bKs7DfG9jAe4U';

const WEAK: readonly (readonly [what: string, secret: string])[] = [
  ['31 bytes', LETTERS.slice(1)],
  ['63 hex digits', STRONG.slice(1)],
  ['32 hex digits', STRONG.slice(32)],
  ['changeme', 'changeme'],
  ['Change-Me!', 'Change-Me!'],
  ['"secret" six times', 'secret'.repeat(6)],
  ['your-secret-here, padded', `your-secret-here${'!'.repeat(40)}`],
  ['100 times one letter', 'a'.repeat(100)],
  ['a unit repeated', 'Xy9!'.repeat(16)],
];

const SOUND: readonly (readonly [what: string, secret: string])[] = [
  ['64 hex digits', STRONG],
  ['32 random bytes in base64', randomBytes(32).toString('base64')],
  ['32 random bytes in base64url', randomBytes(32).toString('base64url')],
  ['32 letters', LETTERS],
];

/** A document whose key of the given state has this secret, beside strong ones. */
function documentWith(secret: string, state: KeyState): string {
  const keys = [new Key(new Material(secret), state)];
  if (state !== 'active') keys.push(new Key(new Material(STRONG), 'active'));
  return writeDocument(new Keyring(keys, { id: 'ring', generation: 0 }));
}

/** Every place that can hold a key: the variables and the file `key` that put this secret there. */
const PLACES: readonly {
  readonly place: string;
  readonly with: (secret: string) => { readonly env: Record<string, string>; readonly key?: string };
}[] = [
  { place: 'the variable', with: (secret) => ({ env: { [SECRET]: secret } }) },
  { place: 'a file', with: (secret) => ({ env: { [FILE]: 'key' }, key: `${secret}\n` }) },
  {
    place: 'the first place of an array',
    with: (secret) => ({ env: { [FILE]: 'key' }, key: JSON.stringify([secret, OLDER]) }),
  },
  {
    place: 'a later place of an array',
    with: (secret) => ({ env: { [FILE]: 'key' }, key: JSON.stringify([STRONG, OLDER, secret]) }),
  },
  {
    place: 'the previous secrets',
    with: (secret) => ({ env: { [SECRET]: STRONG, [PREVIOUS]: JSON.stringify([OLDER, secret]) } }),
  },
  {
    place: 'the next secrets',
    with: (secret) => ({ env: { [SECRET]: STRONG, [NEXT]: JSON.stringify([secret]) } }),
  },
  ...(['active', 'staged', 'retiring'] as const).map((state) => ({
    place: `a document, ${state}`,
    with: (secret: string) => ({ env: { [FILE]: 'key' }, key: documentWith(secret, state) }),
  })),
];

const CASES = PLACES.flatMap(({ place, with: put }) =>
  WEAK.map(([what, secret]) => ({ place, put, what, secret })),
);

describe('production', () => {
  test.each(CASES)('refuses $what in $place, and never shows it', async ({ put, secret }) => {
    const { env, key } = put(secret);
    const cwd = await folderWith(key === undefined ? {} : { key });
    const resolution = await resolveOn({ cwd, env: { ...PROD, ...env } });
    const errors = resolution.problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ error }) => error.code)).toEqual(['secret_weak']);
    const error = await refusalOn({ cwd, env: { ...PROD, ...env } });
    expect(error.code).toBe('secret_weak');
    expect(error.message).toMatch(/\d+ of 32 bytes count/);
    expect(`${error.message} ${error.hint}`).toContain(SECRET);
    // "secret" and the like stand in our own words; the secret as a whole must not.
    expect(printed(error)).not.toContain(secret);
    for (const problem of resolution.problems) expect(printed(problem.error)).not.toContain(secret);
  });

  test('names the place of a weak key and what to do about it', async () => {
    expect(await refusalOn({ env: { ...PROD, [SECRET]: STRONG.slice(2) } })).toMatchObject({
      message: `${SECRET} is too weak: 31 of 32 bytes count, since two hex digits make one byte`,
      hint: `replace ${SECRET} by the output of "keyturn generate"`,
    });
    const next = await refusalOn({ env: { ...PROD, [SECRET]: STRONG, [NEXT]: `${OLDER},changeme` } });
    expect(next.message).toContain(`secret 2 of ${NEXT} is too weak: 0 of 32 bytes count`);
    const cwd = await folderWith({ key: JSON.stringify([STRONG, 'changeme']) });
    const array = await refusalOn({ cwd, env: { ...PROD, [FILE]: 'key' } });
    expect(array.message).toContain('secret 2 of ');
    expect(array.hint).toContain(kidOf('changeme'));
  });

  test('tells of every weak key, not only of the first', async () => {
    const env = { ...PROD, [SECRET]: 'changeme', [PREVIOUS]: 'letmein,password', [NEXT]: 'admin' };
    expect(problemsOf(await resolveOn({ env }), 'error')).toHaveLength(4);
  });

  test.each(SOUND)('starts with %s', async (_, secret) => {
    const { keyturn } = await startOn({ env: { ...PROD, [SECRET]: secret } });
    expect(keyturn.keyring.keys).toEqual([{ id: kidOf(secret), state: 'active', dates: {} }]);
  });

  test('judges the secret without what surrounds it', async () => {
    const error = await refusalOn({ env: { ...PROD, [SECRET]: `\uFEFF${LETTERS.slice(1)}  \n` } });
    expect(error.message).toContain('31 of 32 bytes');
  });

  test('does not judge a key that is gone', async () => {
    const ring = new Keyring(
      [
        new Key(new Material(STRONG), 'active'),
        new Key(kidOf('changeme'), 'retired'),
        new Key('AAAAAAAA', 'revoked'),
      ],
      { id: 'ring', generation: 0 },
    );
    const cwd = await folderWith({ key: writeDocument(ring) });
    expect((await resolveOn({ cwd, env: { ...PROD, [FILE]: 'key' } })).problems).toEqual([]);
  });
});

describe('development', () => {
  test.each(PLACES)('starts with a weak key in $place, and warns of it', async ({ with: put }) => {
    const { env, key } = put('changeme');
    const cwd = await folderWith(key === undefined ? {} : { key });
    for (const KEYTURN_ENV of ['dev', 'test']) {
      const { log } = await startOn({ cwd, env: { KEYTURN_ENV, ...env } });
      const warnings = log.filter(({ level }) => level === 'warn');
      expect(warnings.map(({ facts }) => facts.code)).toEqual(['secret_weak']);
      expect(JSON.stringify(log)).not.toContain('changeme');
    }
  });
});

describe('a weak retiring key may be excused', () => {
  const WEAK_KID = kidOf('changeme');
  const env = { ...PROD, [SECRET]: STRONG, [PREVIOUS]: 'changeme' };

  function until(days: number): Record<string, string> {
    return { [ACCEPT_WEAK]: JSON.stringify([{ kid: WEAK_KID, until: new Date(NOW + days * DAY) }]) };
  }

  test.each([0.01, 1, 29, 30])('for %d days: it is warned of and verifies', async (days) => {
    const resolution = await resolveOn({ env: { ...env, ...until(days) } });
    expect(problemsOf(resolution, 'error')).toEqual([]);
    expect(problemsOf(resolution, 'warning')).toEqual([
      expect.stringMatching(
        new RegExp(
          `^secret_weak: secret 1 of ${PREVIOUS} is too weak: .* \\(accepted until 2026-1[12]-\\d\\d\\) \\(retire ${WEAK_KID} before then\\)$`,
        ),
      ),
    ]);
    expect(keysOf(resolution)).toEqual([`${STRONG}:active`, 'changeme:retiring']);
  });

  test.each([0, -0.01, -10])('until %d days from now: the exception has expired', async (days) => {
    expect((await refusalOn({ env: { ...env, ...until(days) } })).code).toBe('secret_weak');
  });

  // The longest lifetime of any token is 30 days here.
  test.each([30.01, 31, 3650])('not for %d days, when its last token has long expired', async (days) => {
    const error = await refusalOn({ env: { ...env, ...until(days) } });
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: `accept_weak excuses ${WEAK_KID} beyond the moment when its last token has expired`,
    });
    expect(error.hint).toMatch(/^choose a moment before 2026-12-2\dT/);
  });

  test('as long as the registry lets its tokens live, be that longer or shorter', async () => {
    const purpose = { KEYTURN_PURPOSES__INVOICE__MAX_AGE: '90d' };
    const longer = await startOn({ env: { ...env, ...purpose, ...until(89) } });
    expect(longer.keyturn.keyring.keys).toHaveLength(2);
    expect((await refusalOn({ env: { ...env, ...purpose, ...until(91) } })).code).toBe('config_invalid');
  });

  test('counted from when it stopped signing, where the document says so', async () => {
    const since = (days: number) =>
      writeDocument(
        new Keyring(
          [
            new Key(new Material('changeme'), 'retiring', { dates: { retiring: NOW - days * DAY } }),
            new Key(new Material(STRONG), 'active'),
          ],
          { id: 'ring', generation: 0 },
        ),
      );
    const at = async (days: number, excused: number) => {
      const cwd = await folderWith({ key: since(days) });
      return await resolveOn({ cwd, env: { ...PROD, [FILE]: 'key', ...until(excused) } });
    };
    expect(problemsOf(await at(20, 9), 'error')).toEqual([]);
    expect(problemsOf(await at(20, 11), 'error')[0]).toContain('config_invalid');
  });

  test('an exception too long is an error in development as well, before it reaches production', async () => {
    const error = await refusalOn({ env: { ...env, ...until(31), KEYTURN_ENV: 'dev' } });
    expect(error.code).toBe('config_invalid');
  });

  test('the one that signs for seven days while a strong one is staged', async () => {
    const staged = { ...PROD, [SECRET]: 'changeme', [NEXT]: STRONG };
    const { keyturn, log } = await startOn({ env: { ...staged, ...until(7) } });
    expect(keyturn.keyring.keys.map(({ state }) => state)).toEqual(['active', 'staged']);
    expect(log.filter(({ level }) => level === 'warn').map(({ facts }) => facts.code)).toEqual([
      'secret_weak',
    ]);
    expect(await refusalOn({ env: { ...staged, ...until(7.1) } })).toMatchObject({
      code: 'config_invalid',
      message: `accept_weak excuses ${WEAK_KID}, the key that signs, for more than 7 days`,
    });
    expect((await refusalOn({ env: { ...staged, ...until(-1) } })).code).toBe('secret_weak');
    expect((await refusalOn({ env: staged })).hint).toContain('until the staged key signs, set accept_weak');
    const weakToo = { ...staged, [NEXT]: 'letmein' };
    expect((await refusalOn({ env: { ...weakToo, ...until(6) } })).code).toBe('secret_weak');
  });

  test.each([
    ['the active key where no strong one is staged', { [SECRET]: 'changeme', [PREVIOUS]: STRONG }],
    ['a staged key', { [SECRET]: STRONG, [NEXT]: 'changeme' }],
  ])('but not %s', async (_, secrets) => {
    expect((await refusalOn({ env: { ...PROD, ...secrets, ...until(10) } })).code).toBe('secret_weak');
  });

  test('nor another key than the one it names', async () => {
    const error = await refusalOn({ env: { ...env, ...until(10), [PREVIOUS]: 'changeme,letmein' } });
    expect(error.code).toBe('secret_weak');
    expect(error.message).toContain('secret 2');
  });

  test.each([
    ['a date', '2026-12-01'],
    ['a date and time', '2026-12-01T00:00:00Z'],
    ['a text', '"2026-12-01"'],
  ])('from keyturn.toml, by %s', async (_, date) => {
    const cwd = await folderWith({
      'keyturn.toml': `[security.signing_secret]\naccept_weak = [{ kid = "${WEAK_KID}", until = ${date} }]`,
    });
    const resolution = await resolveOn({ cwd, env });
    expect(problemsOf(resolution, 'error')).toEqual([]);
    expect(problemsOf(resolution, 'warning')[0]).toContain('accepted until 2026-12-01');
  });

  test('in an array and in a document alike', async () => {
    for (const key of [JSON.stringify([STRONG, 'changeme']), documentWith('changeme', 'retiring')]) {
      const cwd = await folderWith({ key });
      const { keyturn } = await startOn({ cwd, env: { ...PROD, [FILE]: 'key', ...until(10) } });
      expect(keyturn.keyring.keys).toHaveLength(2);
    }
  });
});
