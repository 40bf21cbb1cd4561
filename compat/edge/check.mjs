// keyturn/edge in the real runtimes: workerd, Deno and Bun.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { serveInWorkerd } from './workerd.mjs';

// As built here, unless a packed one is installed.
const installed = join(import.meta.dirname, 'node_modules', 'keyturn');
if (!existsSync(installed)) symlinkSync(join(import.meta.dirname, '../..'), installed, 'dir');

const SECRET = randomBytes(32).toString('hex');
const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';

/** What a visitor does: signs in, looks, signs out, and is refused from elsewhere. */
async function visit(url) {
  const post = (path, headers) =>
    fetch(url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    });
  const cookies = (response) => response.headers.getSetCookie().map((line) => line.split(';')[0]);
  const look = async (cookie) => await (await fetch(url, { headers: { cookie } })).json();
  const signedIn = await post('/sign-in');
  assert.equal(signedIn.status, 303);
  const cookie = cookies(signedIn).join('; ');
  assert.match(signedIn.headers.getSetCookie().join('\n'), /__Host-keyturn\.sid=.*Secure/);
  assert.deepEqual(await look(cookie), { user: 'ada', flash: ['Welcome'] });
  assert.equal((await post('/sign-in', { 'sec-fetch-site': 'cross-site' })).status, 403);
  assert.deepEqual(await look('__Host-keyturn.sid=forged'), { flash: [] });
  const signedOut = await post('/sign-out', { cookie });
  assert.match(signedOut.headers.getSetCookie().join('\n'), /__Host-keyturn\.sid=;/);
  const { ok, payload } = await (await fetch(`${url}/token`)).json();
  assert.deepEqual([ok, payload], [true, { user: 42 }]);
}

async function inWorkerd(entry, bindings, run) {
  const worker = await serveInWorkerd(join(import.meta.dirname, entry), bindings);
  try {
    await run(worker);
  } finally {
    await worker.close();
  }
}

/** A program that says its port. */
async function served(program, args, env, run) {
  const path = join(import.meta.dirname, 'node_modules', '.bin', program);
  const child = spawn(path, [...args, join(import.meta.dirname, 'serve.mjs')], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, KEYTURN_ENV: 'prod', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'close');
  try {
    while (!/port \d+/.test(said) && child.exitCode === null)
      await new Promise((done) => setTimeout(done, 20));
    assert.match(said, /port \d+/);
    await run(`http://localhost:${/port (\d+)/.exec(said)[1]}`);
  } finally {
    child.kill();
    await ended;
  }
}

const refused = async (url, code) => assert.deepEqual(await (await fetch(url)).json(), { code });

await inWorkerd('app.mjs', { SIGNING_SECRET: SECRET }, ({ url }) => visit(url));
console.log('✓ workerd: sessions, flash and CSRF, the secret from a binding');
const array = JSON.stringify([SECRET, randomBytes(32).toString('hex')]);
await inWorkerd('app.mjs', { SIGNING_SECRET: array }, ({ url }) => visit(url));
console.log('✓ workerd: an array of secrets from a binding');
await inWorkerd('app.mjs', {}, ({ url }) => refused(url, 'secret_empty'));
await inWorkerd('app.mjs', { SIGNING_SECRET: 'changeme'.repeat(8) }, ({ url }) =>
  refused(url, 'secret_weak'),
);
console.log('✓ workerd: without a secret, and with a demo secret, every request is refused');
for (const entry of ['global.mjs', 'node.mjs']) {
  await inWorkerd(entry, { KEYTURN_ENV: 'prod', [VARIABLE]: SECRET }, async ({ url, said }) => {
    assert.ok(url, said());
    assert.equal((await (await fetch(url)).json()).ok, true, said());
  });
  console.log(`✓ workerd: ${entry === 'node.mjs' ? 'createKeyturn()' : 'keyturn()'} in the global scope`);
}
await inWorkerd('global.mjs', {}, ({ url, said }) => {
  assert.equal(url, undefined);
  assert.match(said(), /no signing secret is configured/);
});
console.log('✓ workerd: in the global scope a worker without a secret does not start');
for (const [program, args] of [
  ['deno', ['run', '--allow-all', '--no-prompt']],
  ['bun', ['run']],
]) {
  await served(program, args, { SIGNING_SECRET: SECRET }, visit);
  await served(program, args, {}, (url) => refused(url, 'secret_empty'));
  console.log(`✓ ${program}: the same`);
}
