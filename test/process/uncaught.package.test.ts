// What is printed where nobody catches an error: what is wrong and what to do stand before where it was made.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';
import { tempDir } from '../support/machine.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

async function printed(source: string): Promise<string> {
  return await new Promise((done) => {
    const options = { cwd: tempDir(), env: { PATH: process.env.PATH, KEYTURN_ENV: 'prod' } };
    const args = ['--input-type=module', '-e', source];
    execFile(process.execPath, args, options, (_, __, stderr) => done(stderr));
  });
}

test.each([
  ['in place', `import keyturn from '${DIST}adapters/express/index.js'; keyturn();`],
  ['later', `import { createKeyturn } from '${DIST}index.js'; await createKeyturn();`],
])('a refusal to start, %s', async (_, source) => {
  const lines = (await printed(source)).split('\n');
  const at = lines.findIndex((line) => line.startsWith('KeyturnError: '));
  expect(lines[at]).toContain('no signing secret is configured');
  expect(lines[at + 1]).toMatch(/^ {4}hint: set KEYTURN_SECURITY__SIGNING_SECRET to /);
  expect(lines[at + 2]).toMatch(/^ +at /);
  // No line of Keyturn's own program stands before it.
  expect(lines.slice(0, at).join('\n')).not.toContain('keyturn');
});

test('a stack has one line for each of both, and no frame of the error itself', () => {
  const error = new KeyturnError('key_unknown', 'no such\nkey', 'look\nthere');
  const [first, second, third] = (error.stack ?? '').split('\n');
  expect([first, second]).toEqual(['KeyturnError: no such key', '    hint: look there']);
  expect(third).toContain('uncaught.package.test');
  expect(Object.keys(error)).not.toContain('stack');
});
