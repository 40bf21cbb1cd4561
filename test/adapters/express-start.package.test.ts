// What becomes of a process whose middleware for Express must not run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { SECRET } from '../support/keyturn.js';

const ROOT = resolve(import.meta.dirname, '../..');

/** Runs a program in production. @returns its exit code, and all that it has said */
async function run(program: string, env: Record<string, string> = {}): Promise<readonly [unknown, string]> {
  const code = `import express from 'express'; import keyturn from 'keyturn/express'; ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, KEYTURN_ENV: 'prod', KEYTURN_LOG__LEVEL: 'silent', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [exit] = await once(child, 'close');
  return [exit, said];
}

const LISTENING = `
  const app = express();
  app.use(keyturn());
  const server = app.listen(0, 'localhost', async () => {
    const answer = await fetch('http://localhost:' + server.address().port).catch(() => undefined);
    console.log('answered', answer?.status);
  });`;

test('without a secret the process ends with the usual message, and nothing is served', async () => {
  const [exit, said] = await run(LISTENING);
  expect(exit).toBe(1);
  expect(said).toContain("code: 'secret_missing'");
  expect(said).not.toContain('answered 200');
  expect(said).not.toContain('answered 404');
});

test('who waits for ready() hears of the refusal, and the process goes on', async () => {
  const [exit, said] = await run(`
    const sessions = keyturn();
    await sessions.ready().catch((error) => console.log('refused', error.code));
    setTimeout(() => console.log('still here'), 50);`);
  expect([exit, said]).toEqual([0, 'refused secret_missing\nstill here\n']);
});

test('an option that is not known is refused with what to write instead', async () => {
  const [exit, said] = await run(`
    try { await keyturn({ secret: 'x', resave: false }).ready(); } catch (error) { console.log(error.code, error.hint); }`);
  expect(exit).toBe(0);
  expect(said).toContain('argument_invalid a secret stands in no program');
});

test('requests that come before it is open wait', async () => {
  const [exit, said] = await run(
    `
    const app = express();
    app.use(keyturn());
    app.get('/', (req, res) => res.json(req.session.isNew));
    const server = app.listen(0, 'localhost');
    const { port } = server.address() ?? (await new Promise((done) => server.once('listening', done)), server.address());
    console.log(await (await fetch('http://localhost:' + port)).text());
    process.exit();`,
    { KEYTURN_SECURITY__SIGNING_SECRET: SECRET },
  );
  expect([exit, said]).toEqual([0, 'true\n']);
});
