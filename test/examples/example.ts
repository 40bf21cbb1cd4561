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
  await once(child, 'close');
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
  const child = spawn(program, args, {
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
  });
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
  const send = async (button: string, fields: Record<string, string> = {}) => {
    const text = await page();
    const form = [...text.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].find((found) =>
      found[2]?.includes(`${button}</button>`),
    );
    const token = /name="_csrf" value="([^"]*)"/.exec(form?.[2] ?? '')?.[1];
    expect(form?.[1], text).toBeDefined();
    const answer = await browser.ask(form?.[1] as string, {
      method: 'POST',
      form: { ...fields, ...(token === undefined ? {} : { _csrf: token }) },
      headers: { origin: url, 'sec-fetch-site': 'same-origin' },
    });
    expect([302, 303]).toContain(answer.status);
  };

  expect(await page()).toContain('Sign in</button>');
  expect(
    (
      await browser.ask('/sign-in', {
        method: 'POST',
        form: { name: 'Eve' },
        headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      })
    ).status,
  ).toBe(403);
  await send('Sign in', { name: 'Ada <b>' });
  const signedIn = await page();
  expect(signedIn).toContain('Notes of ');
  expect(signedIn).toContain('Welcome Ada');
  expect(signedIn).not.toContain('<b>');
  expect(await page()).not.toContain('Welcome Ada');
  await send('Add', { note: 'bread' });
  const added = await page();
  expect(added).toContain('<li>bread</li>');
  expect(added).toContain('Saved');
  await send('Sign out');
  expect(await page()).toContain('Goodbye');
  expect(await page()).toContain('Sign in</button>');
}
