// keyturn console: a server for one browser, on this machine alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Browser } from '../support/browser.js';
import { tempDir } from '../support/machine.js';
import { keyturn, MAIN, program, TWO_LINES } from './run.js';

interface Running {
  readonly cwd: string;
  readonly child: ChildProcess;
  readonly url: string;
  readonly base: string;
  /** The browser that has opened the link. */
  readonly browser: Browser;
  /** What it has said to standard error so far. */
  readonly said: () => string;
}

/** In a folder with a fresh keyring. */
async function start(...more: readonly string[]): Promise<Running> {
  const cwd = tempDir();
  expect((await keyturn(['init', '--env', 'dev'], { cwd })).code).toBe(0);
  const args = [MAIN, 'console', '--env', 'dev', '--json', '--who', 'ada', ...more];
  const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env.PATH } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url, pid } = JSON.parse(line);
  expect(pid).toBe(child.pid);
  const base = new URL(url).origin;
  return { cwd, child, url, base, browser: new Browser(base), said: () => said };
}

async function opened(...more: readonly string[]): Promise<Running> {
  const running = await start(...more);
  const { browser, url } = running;
  expect((await browser.get(new URL(url).pathname)).status).toBe(200);
  return running;
}

/** As a browser that has been led here under another name, which `fetch` does not say. */
async function askAs(base: string, host: string, cookie: string): Promise<{ status: number; text: string }> {
  return await new Promise((done, failed) => {
    request(base, { headers: { host, cookie } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    })
      .on('error', failed)
      .end();
  });
}

describe('the link', () => {
  test('works once, and gives a cookie that no script and no other site has', async () => {
    const { browser, url, base } = await start();
    const path = new URL(url).pathname;
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect(await browser.ask(path, { method: 'HEAD' })).toMatchObject({ status: 403 });
    expect(await browser.get(`${path.slice(0, -1)}_`)).toMatchObject({ status: 403 });
    const first = await browser.get(path);
    expect(first).toMatchObject({
      status: 200,
      setCookies: [expect.stringMatching(/; HttpOnly; SameSite=Strict$/)],
    });
    const page = await browser.get('/');
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('You are <b>ada</b>') });
    const another = new Browser(base);
    expect(await another.get(path)).toMatchObject({ status: 403, setCookies: [] });
    const closed = await another.get('/');
    expect(closed).toMatchObject({ status: 403, text: expect.stringContaining('run the command again') });
    expect(closed.text).not.toContain('You are');
  });

  test('says on standard error what it is, where a person reads it', async () => {
    const cwd = tempDir();
    await keyturn(['init', '--env', 'dev'], { cwd });
    const { code, stdout, stderr } = await program(['console', '--env', 'dev', '--idle', '1s'], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]{43}\n$/),
    });
    expect(stderr).toBe(
      `keyturn: this link opens the console of ${cwd}/.keyturn/keyring.json, once\n` +
        'keyturn: Ctrl-C ends it, and so do 1 s in which nobody asks for anything\n',
    );
  });
});

test('under another name there is nothing', async () => {
  const { base, browser } = await opened();
  const cookie = await browser.jar.getCookieString(base);
  const { port } = new URL(base);
  expect(await askAs(base, `127.0.0.1:${port}`, cookie)).toMatchObject({ status: 200 });
  // By a tunnel.
  expect(await askAs(base, 'localhost:4000', cookie)).toMatchObject({ status: 200 });
  for (const host of [`evil.example:${port}`, 'evil.example', '127.0.0.1.evil.example', 'localhost.'])
    expect([host, (await askAs(base, host, cookie)).status]).toEqual([host, 421]);
});

describe('steps', () => {
  const tokenIn = (text: string) => /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';

  test('are taken with --steps, by a form of the console alone, and stand in the history', async () => {
    const { base, browser, cwd } = await opened('--steps');
    const _csrf = tokenIn((await browser.get('/steps/stage')).text);
    const send = async (form: Record<string, string>, headers: Record<string, string>) =>
      (await browser.ask('/steps/stage', { method: 'POST', form, headers })).status;
    expect(await send({ _csrf }, {})).toBe(403);
    expect(await send({ _csrf }, { origin: 'http://evil.example' })).toBe(403);
    expect(await send({ _csrf }, { origin: 'null' })).toBe(403);
    expect(await send({ _csrf: `${_csrf.slice(0, -1)}_` }, { origin: base })).toBe(403);
    expect(await send({}, { origin: base })).toBe(403);
    expect(await send({ _csrf, why: 'quarterly' }, { origin: base })).toBe(303);
    const { history } = JSON.parse((await keyturn(['history', '--json', '--env', 'dev'], { cwd })).stdout);
    expect(history.at(-1)).toMatchObject({ what: 'stage', who: 'ada', why: 'quarterly (in the console)' });
  });

  test('are not there without it', async () => {
    const { base, browser } = await opened();
    expect((await browser.get('/')).text).not.toContain('/steps');
    expect((await browser.get('/steps/stage')).status).toBe(403);
    const sent = await browser.ask('/steps/stage', { method: 'POST', form: {}, headers: { origin: base } });
    expect(sent.status).toBe(403);
  });
});

describe('it ends', () => {
  test('on Ctrl-C with 0, also while somebody looks', async () => {
    const { child, base, browser, said } = await opened();
    const cookie = await browser.jar.getCookieString(base);
    const live = await fetch(`${base}/live`, { headers: { cookie } });
    expect(live.headers.get('content-type')).toMatch(/^text\/event-stream/);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(said()).toBe('');
  });

  test('when nobody has asked for so long, whatever keeps itself up to date', async () => {
    const { child, base, browser } = await opened('--idle', '1s');
    const cookie = await browser.jar.getCookieString(base);
    await fetch(`${base}/live`, { headers: { cookie } });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

test('wrong usage, and a port that somebody has', async () => {
  for (const [args, message] of [
    [['--port', 'http'], '--port is not the number of a port'],
    [['--port', '70000'], '--port is not the number of a port'],
    [['--idle', 'long'], '--idle takes a duration'],
    [['--idle', '2d'], '--idle takes a day at most'],
  ] as const)
    expect(await keyturn(['console', ...args])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  const { base, cwd } = await start();
  // The process ends, too.
  const taken = await program(['console', '--env', 'dev', '--port', new URL(base).port], { cwd });
  expect(taken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(TWO_LINES) });
  expect(taken.stderr).toContain('cannot be had (EADDRINUSE)');
});

test('the demo says that its port is taken, and ends', async () => {
  const { base } = await start();
  const taken = await program(['demo', '--fast', '--store', 'document', '--port', new URL(base).port]);
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be had (EADDRINUSE)') });
});
