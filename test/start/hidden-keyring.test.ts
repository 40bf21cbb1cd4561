// What a start says of a file with keys that is there and not in force: steps on it have no effect, and nothing else tells
// whoever looks into the log.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectNoLeak, folderWith, kidOf, OLDER, STRONG, startOn, tempDir } from '../support/machine.js';

const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';
const NAMED = '[security.signing_secret]\nfile = ".keyturn/keyring.json"';
const PROD = { KEYTURN_ENV: 'prod', [VARIABLE]: STRONG };

async function started(files: Record<string, string>, env: Record<string, string>) {
  const cwd = await folderWith(files);
  const { keyturn, log } = await startOn({ cwd, env });
  const hidden = log.filter(({ facts }) => facts.event === 'keyring.hidden');
  return { cwd, kid: keyturn.keyring.keys[0]?.id, hidden };
}

describe('a variable over a keyring file that is there', () => {
  test.each([
    [
      'in production',
      { 'keyturn.prod.toml': NAMED },
      PROD,
      'security.signing_secret.file in keyturn.prod.toml',
    ],
    ['in development', {}, { ...PROD, KEYTURN_ENV: 'dev' }, undefined],
  ])('is in force, and the start warns: %s', async (_, files, env, hides) => {
    const { cwd, kid, hidden } = await started({ '.keyturn/keyring.json': `["${OLDER}"]`, ...files }, env);
    const path = join(cwd, '.keyturn/keyring.json');
    expect(kid).toBe(kidOf(STRONG));
    expect(hidden).toEqual([
      {
        level: 'warn',
        facts: {
          event: 'keyring.hidden',
          source: VARIABLE,
          hides: hides ?? path,
          path,
          hint: 'keep one of the two: the check "source" of keyturn doctor says which',
        },
        message: `${VARIABLE} hides ${path}: the keys there are not in force`,
      },
    ]);
    for (const secret of [OLDER, STRONG]) expectNoLeak(hidden, secret);
  });

  test('the file is in force as soon as the variable is gone, and nothing is said', async () => {
    const files = { '.keyturn/keyring.json': `["${OLDER}"]`, 'keyturn.prod.toml': NAMED };
    const { kid, hidden } = await started(files, { KEYTURN_ENV: 'prod' });
    expect([kid, hidden]).toEqual([kidOf(OLDER), []]);
  });
});

describe('nothing is said', () => {
  test.each([
    ['where the configuration names a file of other machines', { 'keyturn.prod.toml': NAMED }, PROD],
    [
      'of the secret that an earlier start has made',
      { '.keyturn/secret': OLDER },
      { ...PROD, KEYTURN_ENV: 'dev' },
    ],
    [
      'where both name the same file',
      { '.keyturn/keyring.json': `["${OLDER}"]`, 'keyturn.toml': NAMED, 'keyturn.prod.toml': NAMED },
      { KEYTURN_ENV: 'prod' },
    ],
  ])('%s', async (_, files, env) => {
    expect((await started(files, env)).hidden).toEqual([]);
  });

  test('of what should be a path and is the secret', async () => {
    const { log } = await startOn({ cwd: tempDir(), env: { ...PROD, [`${VARIABLE}_FILE`]: OLDER } });
    expect(log.filter(({ facts }) => facts.event === 'keyring.hidden')).toEqual([]);
    expectNoLeak(log, OLDER);
  });
});
