// The adapter of docs/adapters.md, run as it stands there.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { SECRET } from '../support/keyturn.js';
import { until } from '../support/waiting.js';
import { ROOT } from './blocks.js';
import { compile } from './compile.js';

/** A folder with the files that the page shows, compiled. */
let folder: string;

beforeAll(async () => {
  const { pages, complaints, out } = await compile(['docs/adapters.md'], [], [join(ROOT, 'node_modules')]);
  expect(complaints).toEqual([]);
  expect(pages[0]?.modules.map(({ file }) => file)).toEqual(['server.ts', 'app.ts', 'contract.test.ts']);
  folder = join(out, 'adapters');
});

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

test('the example keeps a session, takes a form and refuses a forged one', async () => {
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
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(run.stdout);
  expect(said.split('\n').filter((line) => /^\s*not ok/.test(line))).toEqual([]);
  expect(said).toMatch(/^# pass \d{3}$/m);
  expect(said).toMatch(/^# fail 0$/m);
});
