// What an operator says for the history: bounded, one line, and never repeated in an error.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OLDER, STRONG, tempDir } from '../support/machine.js';
import { documentOf } from '../support/ring-file.js';
import { program } from './run.js';

const FILE = 'KEYTURN_SECURITY__SIGNING_SECRET_FILE';

function ring(): { readonly cwd: string; readonly history: () => Array<Record<string, string>> } {
  const cwd = tempDir();
  const path = join(cwd, 'keyring.json');
  writeFileSync(path, documentOf(1, [[STRONG, 'active']]), { mode: 0o600 });
  return { cwd, history: () => JSON.parse(readFileSync(path, 'utf8')).history };
}

test.each([
  [
    '--reason',
    OLDER.repeat(10),
    /^keyturn: error: what --reason says is 640 characters long, and the history takes 500$/m,
  ],
  [
    '--reason',
    `${OLDER}\u001b[31m`,
    /^keyturn: error: what --reason says holds a line end, or another control character$/m,
  ],
  ['--reason', `${OLDER}\n${OLDER}`, /holds a line end/],
  ['--reason', `\u202e${OLDER}`, /holds a line end, or another control character/],
  [
    '--who',
    OLDER.repeat(2),
    /^keyturn: error: what --who says is 128 characters long, and the history takes 100$/m,
  ],
  ['--who', `${OLDER}\u0007`, /^keyturn: error: what --who says holds a line end/m],
])('%s %j is refused', async (option, value, message) => {
  const { cwd, history } = ring();
  const before = history();
  const ran = await program(['stage', option, value], {
    cwd,
    env: { KEYTURN_ENV: 'prod', [FILE]: 'keyring.json' },
  });
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toMatch(message);
  expect(ran.stderr).not.toContain(OLDER.slice(0, 12));
  expect(history()).toEqual(before);
});

test('who it was is said by --who, else by KEYTURN_WHO, else by the system', async () => {
  const { cwd, history } = ring();
  const env = { KEYTURN_ENV: 'prod', [FILE]: 'keyring.json' };
  await program(['stage', '--who', 'ada', '--reason', 'x'.repeat(500)], {
    cwd,
    env: { ...env, KEYTURN_WHO: 'bob' },
  });
  expect(history().at(-1)).toMatchObject({ who: 'ada', why: 'x'.repeat(500) });
  await program(['rotate'], { cwd, env: { ...env, KEYTURN_WHO: 'bob' } });
  const kid = JSON.parse(readFileSync(join(cwd, 'keyring.json'), 'utf8')).keys.at(-1).kid;
  await program(['revoke', kid, '--reason', 'y'], { cwd, env: { ...env, KEYTURN_WHO: 'bob' } });
  expect(history().at(-1)).toMatchObject({ who: 'bob', why: 'y' });
  const refused = await program(['stage'], { cwd, env: { ...env, KEYTURN_WHO: `${OLDER}\n${OLDER}` } });
  expect(refused.stderr).toMatch(/what KEYTURN_WHO says is 129 characters long/);
});
