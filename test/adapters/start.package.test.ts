// What becomes of a process whose app must not run: adapters whose call returns at once refuse before a port is open.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SECRET } from '../support/keyturn.js';
import { until } from '../support/waiting.js';

const ROOT = resolve(import.meta.dirname, '../..');
const VARIABLE = 'KEYTURN_SECURITY__SIGNING_SECRET';
const COMMAND = `${VARIABLE}_COMMAND`;

/** An app of each framework, as its documentation has it; `listening` tells that the port is open. */
const listening = `() => console.log('listening')`;
const node = `import { createServer } from 'node:http';`;
const APPS: Readonly<Record<string, string>> = {
  'Express 5': `
    import express from 'express';
    import keyturn from 'keyturn/express';
    const app = express();
    app.use(keyturn());
    app.listen(0, 'localhost', ${listening});`,
  'Express 4': `
    import express from 'express4';
    import keyturn from 'keyturn/express';
    const app = express();
    app.use(keyturn());
    app.listen(0, 'localhost', ${listening});`,
  Koa: `
    import Koa from 'koa';
    import keyturn from 'keyturn/koa';
    const app = new Koa();
    app.use(keyturn());
    app.listen(0, 'localhost', ${listening});`,
  Hono: `
    import { serve } from '@hono/node-server';
    import { Hono } from 'hono';
    import keyturn from 'keyturn/hono';
    const app = new Hono().use(keyturn());
    serve({ fetch: app.fetch, port: 0, hostname: 'localhost' }, ${listening});`,
  Fetch: `${node}
    import keyturn from 'keyturn/web';
    const kt = keyturn();
    createServer().listen(0, 'localhost', ${listening});`,
  'keyturn/http': `${node}
    import { openHttp } from 'keyturn/http';
    await openHttp();
    createServer().listen(0, 'localhost', ${listening});`,
};

function start(code: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, KEYTURN_ENV: 'prod', KEYTURN_LOG__LEVEL: 'silent', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  return { child, said: () => said, ended: once(child, 'close').then(([exit]) => exit as number | null) };
}

/** Runs a program in production. @returns its exit code, and all that it has said */
async function run(code: string, env: Record<string, string> = {}): Promise<readonly [unknown, string]> {
  const { ended, said } = start(code, env);
  return [await ended, said()];
}

const inFile = (text: string, mode = 0o600) => {
  const path = join(mkdtempSync(join(tmpdir(), 'keyturn-start-')), 'secret');
  writeFileSync(path, text, { mode });
  return path;
};

const REFUSED: Readonly<Record<string, readonly [code: string, env: Record<string, string>]>> = {
  'no secret': ['secret_missing', {}],
  'a demo secret': ['secret_weak', { [VARIABLE]: 'changeme-changeme-changeme-changeme' }],
  'a broken document': ['document_invalid', { [`${VARIABLE}_FILE`]: inFile('{"format":"keyturn-keyring') }],
  // Nobody reads a folder as a file, not even root.
  'a file that cannot be read': ['secret_unreadable', { [`${VARIABLE}_FILE`]: tmpdir() }],
};

describe.concurrent('in production no port is opened', () => {
  const frameworks = Object.entries(APPS);
  // Each way to be refused with one framework, and each framework with two of them: they share what decides.
  const trials = frameworks.flatMap(([framework, code], nth) =>
    Object.entries(REFUSED)
      .filter((_, at) => nth === 0 || at === 0 || at === 1 + (nth % 3))
      .map(([why, [refusal, env]]) => ({ framework, why, code, refusal, env })),
  );
  test.each(trials)('with $why: $framework', async ({ code, refusal, env }) => {
    const [exit, said] = await run(code, env);
    expect(exit).toBe(1);
    expect(said).toContain(`code: '${refusal}'`);
    expect(said).not.toContain('listening');
  });

  test.each(frameworks)('and with a secret one is: %s', async (_, code) => {
    const { child, said, ended } = start(code, { [VARIABLE]: SECRET });
    await until(() => said().includes('listening') || child.exitCode !== null);
    child.kill();
    await ended;
    expect(said()).toBe('listening\n');
  });
});

describe.concurrent('where a command prints the secret', () => {
  const printing = (text: string) =>
    JSON.stringify([process.execPath, '-e', `console.log(${JSON.stringify(text)})`]);
  const CALLING = `
    import express from 'express';
    import keyturn from 'keyturn/express';
    const app = express();
    app.use(keyturn());
    app.get('/', (req, res) => res.json(req.session.isNew));
    const server = app.listen(0, 'localhost', async () => {
      const answer = await fetch('http://localhost:' + server.address().port).catch(() => undefined);
      console.log('answered', answer?.status);
      process.exit();
    });`;

  test('requests wait for it', async () => {
    expect(await run(CALLING, { [COMMAND]: printing(SECRET) })).toEqual([0, 'answered 200\n']);
  });

  test('a refusal ends the process, and nothing is served', async () => {
    const [exit, said] = await run(CALLING, { [COMMAND]: printing('changeme') });
    expect(exit).toBe(1);
    expect(said).toContain("code: 'secret_weak'");
    expect(said).not.toMatch(/answered \d/);
  });

  test('the same behind Fetch', async () => {
    const code = `
      import keyturn from 'keyturn/web';
      const kt = keyturn();
      const answering = kt.handle(new Request('https://example.com'), () => new Response('served'));
      answering.then(() => console.log('served'), () => {});
      setTimeout(() => {}, 20_000);`;
    const [exit, said] = await run(code, { [COMMAND]: printing('changeme') });
    expect(exit).toBe(1);
    expect(said).toContain("code: 'secret_weak'");
    expect(said).not.toContain('served\n');
  });

  test('who waits for ready() hears of the refusal, and the process goes on', async () => {
    const code = `
      import keyturn from 'keyturn/express';
      await keyturn().ready().catch((error) => console.log('refused', error.code));
      console.log('still here');`;
    expect(await run(code, { [COMMAND]: printing('changeme') })).toEqual([
      0,
      'refused secret_weak\nstill here\n',
    ]);
  });
});

test('who catches what is thrown in place goes on, and the next call tries again', async () => {
  const code = `
    import keyturn from 'keyturn/express';
    try { keyturn(); } catch (error) { console.log('refused', error.code); }
    process.env.${VARIABLE} = '${SECRET}';
    await (await keyturn().ready()).close();
    console.log('open');`;
  expect(await run(code)).toEqual([0, 'refused secret_missing\nopen\n']);
});

test('an option that is not known is refused with what to write instead', async () => {
  const [exit, said] = await run(`
    import keyturn from 'keyturn/express';
    try { keyturn({ secret: 'x', resave: false }); } catch (error) { console.log(error.code, error.hint); }`);
  expect(exit).toBe(0);
  expect(said).toContain('argument_invalid a secret stands in no program');
});

test('development makes its secret in place, and configuration is read there', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'keyturn-start-'));
  writeFileSync(join(cwd, 'keyturn.toml'), '[session]\nidle = "1h"\n');
  const code = `
    import { existsSync } from 'node:fs';
    import keyturn from 'keyturn/web';
    const cwd = ${JSON.stringify(cwd)};
    const kt = keyturn({ cwd });
    console.log(existsSync(cwd + '/.keyturn/secret'));
    await kt.close();`;
  expect(await run(code, { KEYTURN_ENV: 'dev' })).toEqual([0, 'true\n']);
  writeFileSync(join(cwd, 'keyturn.toml'), '[session]\nidel = "1h"\n');
  const [exit, said] = await run(code, { KEYTURN_ENV: 'dev' });
  expect([exit, said.includes("code: 'config_unknown_key'")]).toEqual([1, true]);
});
