// What a clone of the repository says before it is compiled: `npm start`, and `npx keyturn`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'keyturn-clone-'));
  for (const script of ['keyturn.js', 'link-command.js', 'compile.js', 'start.js'])
    cpSync(join('scripts', script), join(clone, 'scripts', script));
  put('package.json', '{ "type": "module" }');
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function put(path: string, text: string): void {
  const target = join(clone, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function run(path: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, path)], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('npx finds the command where npm ci has put it, and hears that it has to be compiled first', () => {
  expect(run('scripts/link-command.js')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(run('scripts/link-command.js').status).toBe(0);
  expect(run('node_modules/.bin/keyturn')).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'keyturn: error: this clone of Keyturn is not compiled yet\nkeyturn: hint: run npm run build first\n',
  });
  put('dist/cli/main.js', "console.log('the command');");
  expect(run('node_modules/.bin/keyturn')).toEqual({ status: 0, stdout: 'the command\n', stderr: '' });
});

test('the first npm start says what it does while it compiles, later ones do not', () => {
  const compiled = { 'main.js': "console.log('Locker');", '.tsbuildinfo': '' };
  const writing = Object.entries(compiled).map(
    ([name, text]) => `writeFileSync('examples/locker/dist/${name}', ${JSON.stringify(text)});`,
  );
  put(
    'node_modules/typescript/bin/tsc',
    `const { mkdirSync, writeFileSync } = require('node:fs');
    process.chdir(${JSON.stringify(clone)});
    mkdirSync('examples/locker/dist', { recursive: true });
    ${writing.join('\n')}`,
  );
  put('node_modules/typescript/package.json', '{ "type": "commonjs" }');
  expect(run('scripts/start.js')).toEqual({
    status: 0,
    stdout: 'Locker\n',
    stderr: 'locker: compiling Keyturn and Locker, which takes a moment the first time\n',
  });
  expect(run('scripts/start.js')).toEqual({ status: 0, stdout: 'Locker\n', stderr: '' });
});
