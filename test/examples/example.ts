// An example as a process, and somebody who uses it over HTTP.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { Browser } from '../support/browser.js';
import { SECRET } from '../support/keyturn.js';
import { until } from '../support/waiting.js';

/** How an example is started. */
export interface Example {
  /** `PORT` in it stands for the port, where no variable can say it. */
  readonly command: readonly [program: string, ...args: readonly string[]];
  /** Where it runs. Default: a folder that is made for it. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly url: string;
  /** All that it has written so far. */
  said(): string;
  stop(): Promise<void>;
}

const WITH_SECRET = { KEYTURN_SECURITY__SIGNING_SECRET: SECRET };

/** Starts it in production, on a port of its own, and waits until it answers. */
export async function startExample(
  example: Example,
  env: Readonly<Record<string, string>> = WITH_SECRET,
): Promise<Running> {
  const port = await freePort();
  const { child, said } = run(example, port, env);
  const url = `http://localhost:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`it has ended:\n${said()}`);
    return (await fetch(url).catch(() => undefined))?.ok === true;
  });
  return { url, said, stop: () => stop(child) };
}

/** Starts it in production without a secret. @returns its exit code, what it said, and whether its port is open then */
export async function startRefused(example: Example) {
  const port = await freePort();
  const { child, said } = run(example, port, {});
  // Against hanging, and no measure: one that goes on is to fail, with what it said.
  await once(child, 'close', { signal: AbortSignal.timeout(120_000) }).catch(() => {
    throw new Error(`it goes on without a secret:\n${said()}`);
  });
  const isOpen = await fetch(`http://localhost:${port}`).then(
    () => true,
    () => false,
  );
  return { code: child.exitCode, said: said(), isOpen };
}

function run(
  { command: [program, ...args], cwd, env }: Example,
  port: number,
  more: Readonly<Record<string, string>>,
) {
  const child = spawn(
    program,
    args.map((arg) => arg.replace('PORT', String(port))),
    {
      cwd: cwd ?? newFolder(),
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        KEYTURN_ENV: 'prod',
        NODE_ENV: 'production',
        PORT: String(port),
        ...more,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  onTestFinished(() => stop(child));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  return { child, said: () => text };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Signs in, adds a note, and signs out, as the pages of the example say. */
export async function useExample(url: string): Promise<void> {
  const browser = new Browser(url);
  const page = async () => (await browser.get('/')).text;
  /** Sends the form whose button says so. */
  const send = async (button: string, fields: Record<string, string> = {}, from = 'same-origin') => {
    const text = await page();
    const forms = [...text.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)];
    const form = forms.find(([, , content]) => content?.includes(`${button}</button>`));
    if (form === undefined) throw new Error(`there is no form to ${button}:\n${text}`);
    const [, action = '', content = ''] = form;
    const hidden = content.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
    const sent = { ...fields, ...Object.fromEntries([...hidden].map(([, name, value]) => [name, value])) };
    const origin = from === 'same-origin' ? url : 'https://evil.example';
    const headers = { origin, 'sec-fetch-site': from };
    return (await browser.ask(action, { method: 'POST', form: sent, headers })).status;
  };

  // React Router has a check of its own, which says 400.
  expect([400, 403]).toContain(await send('Sign in', { name: 'Eve' }, 'cross-site'));
  expect(await send('Sign in', { name: 'Ada <b>' })).toSatisfy(isRedirect);
  const signedIn = await page();
  expect(signedIn).toContain('Notes of ');
  expect(signedIn).toContain('Welcome Ada');
  expect(signedIn).not.toContain('<b>');
  expect(await page()).not.toContain('Welcome Ada');
  expect(await send('Add', { note: 'bread' })).toSatisfy(isRedirect);
  const added = await page();
  expect(added).toContain('<li>bread</li>');
  expect(added).toContain('Saved');
  expect(await send('Sign out')).toSatisfy(isRedirect);
  expect(await page()).toContain('Goodbye');
  expect(await page()).toContain('Sign in</button>');
}

const isRedirect = (status: number) => status === 302 || status === 303;
