// The adapter of docs/adapters.md, run as it stands there.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { SECRET } from '../support/keyturn.js';
import { until } from '../support/waiting.js';

const ROOT = resolve(import.meta.dirname, '../..');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const listens = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, 'localhost', () => {
      socket.destroy();
      done(true);
    }).once('error', () => done(false));
  });

/** A folder with the files that the page shows. */
function writeFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-adapter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/keyturn'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const page = readFileSync(join(ROOT, 'docs/adapters.md'), 'utf8');
  const files = [...page.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  expect(files.map(([, name]) => name)).toEqual(['server.js', 'app.js', 'contract.test.js']);
  for (const [, name, code] of files) writeFileSync(join(folder, name as string), code as string);
  return folder;
}

test('the example keeps a session, takes a form and refuses a forged one', async () => {
  const folder = writeFiles();
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    KEYTURN_ENV: 'dev',
    KEYTURN_SECURITY__SIGNING_SECRET: SECRET,
    PORT: String(port),
  };
  const app = spawn(process.execPath, ['app.js'], { cwd: folder, env, stdio: 'inherit' });
  onTestFinished(() => void app.kill('SIGKILL'));
  await until(() => listens(port));

  const browser = new Browser(`http://localhost:${port}`);
  const first = await browser.get('/');
  const token = /name="_csrf" value="([^"]+)"/.exec(first.text)?.[1] as string;
  expect((await browser.ask('/', { method: 'POST', form: { name: 'mallory' } })).status).toBe(403);
  const signedIn = await browser.ask('/', { method: 'POST', form: { name: 'ada', _csrf: token } });
  expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/']);
  expect((await browser.get('/')).text).toContain('<p>Welcome ada</p>');
});

test('an adapter for node:http passes the contract, and what is skipped is told', async () => {
  const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...env } = process.env;
  const run = spawn(process.execPath, ['--test', '--test-reporter=tap', 'contract.test.js'], {
    cwd: writeFiles(),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(run.stdout);
  expect(said.split('\n').filter((line) => /^\s*not ok/.test(line))).toEqual([]);
  expect(said).toMatch(/^# pass \d{3}$/m);
  expect(said).toMatch(/^# fail 0$/m);
});
