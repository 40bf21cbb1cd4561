// Pages that keep themselves up to date: a stream says what has changed, and takes nothing of the app with it when the
// browser, the minute or the app ends.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LiveStreams } from '../../src/console/live.js';
import { openRotation } from '../../src/rotation/index.js';
import { Browser } from '../support/browser.js';
import { FILE, STRONG } from '../support/machine.js';
import { documentOf, follow, newFolder } from '../support/ring-file.js';
import { until } from '../support/waiting.js';
import { APPS } from './apps.js';

interface Stream {
  readonly response: Response;
  /** What has come so far. */
  readonly text: () => string;
  readonly ended: () => boolean;
  leave(): void;
}

async function listen(browser: Browser, url: string, more: Record<string, string> = {}): Promise<Stream> {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const cookie = await browser.jar.getCookieString(url);
  const response = await fetch(`${url}/keyturn/live`, {
    headers: { cookie, ...more },
    signal: leaving.signal,
  });
  let [text, ended] = ['', false];
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const part of response.body ?? [])
      text += decoder.decode(part as Uint8Array, { stream: true });
  };
  void read()
    .catch(() => {})
    .finally(() => {
      ended = true;
    });
  return { response, text: () => text, ended: () => ended, leave: () => leaving.abort() };
}

describe.each(APPS)('%s:', (_name, start) => {
  test('a change is sent, and a stream that the browser has left takes no place', async () => {
    const path = join(newFolder(), 'keyring.json');
    writeFileSync(path, documentOf(1, [[STRONG, 'active']]), { mode: 0o600 });
    const { keyturn } = await follow(path);
    const app = await start({ keyturn });
    onTestFinished(() => app.close());
    const browser = new Browser(app.url);
    await browser.get('/as/ada');
    const stream = await listen(browser, app.url);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': expect.stringMatching(/no-store.*no-transform/),
      'x-accel-buffering': 'no',
    });
    await until(() => /event: page\nid: [\w-]{16}\n(data: .*\n)+\n/.test(stream.text()));
    const [staged = ''] = keyturn.keyring.keys.map(({ id }) => id);
    expect(stream.text()).toContain(staged);
    const rotation = await openRotation({ cwd: dirname(path), env: { KEYTURN_ENV: 'prod', [FILE]: path } });
    await rotation.stage();
    await until(() => keyturn.keyring.keys.length === 2);
    const [, coming = ''] = keyturn.keyring.keys.map(({ id }) => id);
    await until(() => stream.text().includes(coming));
    stream.leave();
    // All but one of the places.
    for (let nth = 0; nth < 40; nth++) {
      const another = await listen(browser, app.url);
      expect([nth, another.response.status]).toEqual([nth, 200]);
      another.leave();
      await until(another.ended);
      if (nth >= 30) await until(async () => (await probe(browser, app.url)) === 200);
    }
  });
});

/** Whether there is a place. */
async function probe(browser: Browser, url: string): Promise<number> {
  const stream = await listen(browser, url);
  stream.leave();
  return stream.response.status;
}

test('beyond so many streams the answer is 503, and when the app closes all of them end', async () => {
  const [, start] = APPS[0] as (typeof APPS)[number];
  const path = join(newFolder(), 'keyring.json');
  writeFileSync(path, documentOf(1, [[STRONG, 'active']]), { mode: 0o600 });
  const { keyturn } = await follow(path);
  const app = await start({ keyturn });
  onTestFinished(() => app.close());
  const browser = new Browser(app.url);
  await browser.get('/as/ada');
  const streams = await Promise.all(Array.from({ length: 34 }, () => listen(browser, app.url)));
  const refused = streams.filter(({ response }) => response.status === 503);
  expect(refused.map(({ response }) => response.headers.get('retry-after'))).toEqual(['60', '60']);
  await keyturn.close();
  await until(() => streams.every(({ ended }) => ended()));
});

describe('a stream by a clock of its own', () => {
  const follower = (drawings: ReadonlyArray<string | undefined>, known?: string) => {
    let [at, shows] = [0, 0];
    const streams = new LiveStreams(() => shows);
    const gone = new AbortController();
    const events = streams.open(
      async () => drawings[Math.min(at++, drawings.length - 1)],
      known,
      gone.signal,
    );
    const iterator = events?.[Symbol.asyncIterator]() as AsyncIterator<string>;
    return {
      next: async () => (await iterator.next()).value as string | undefined,
      pass: (seconds: number) => {
        shows += seconds * 1000;
      },
      gone,
      streams,
    };
  };

  test('ends after a minute, so that the guard is asked again', async () => {
    const { next, pass } = follower(['<p>one</p>']);
    expect(await next()).toBe('retry: 1000\n\n');
    expect(await next()).toMatch(/^event: page\nid: [\w-]{16}\ndata: <p>one<\/p>\n\n$/);
    pass(15);
    expect(await next()).toBe(': still here\n\n');
    pass(45);
    expect(await next()).toBeUndefined();
  });

  test('sends nothing twice, neither within it nor to a browser that comes back', async () => {
    const { next } = follower(['a\nb', 'a\nb', undefined, 'c']);
    await next();
    const first = (await next()) ?? '';
    expect(first).toContain('data: a\ndata: b\n\n');
    expect(await next()).toContain('data: c\n');
    const [, id] = /id: (\S+)/.exec(first) ?? [];
    const back = follower(['a\nb', 'c'], id);
    await back.next();
    expect(await back.next()).toContain('data: c\n');
  });

  test('is over at once when the browser is gone', async () => {
    const { next, gone } = follower(['one']);
    await next();
    await next();
    const waiting = next();
    gone.abort();
    expect(await waiting).toBeUndefined();
  });
});

test('when what is shown is over for good every browser is told, and one that comes back, too', async () => {
  const streams = new LiveStreams();
  const { signal } = new AbortController();
  const events = streams.open(async () => 'a page', undefined, signal);
  const read: string[] = [];
  const reading = (async () => {
    for await (const event of events ?? []) read.push(event);
  })();
  await until(() => read.length === 2);
  streams.end('It is over.');
  await reading;
  const last = 'event: over\ndata: It is over.\n\n';
  expect(read.slice(2)).toEqual([last]);
  const late: string[] = [];
  for await (const event of streams.open(async () => 'a page', undefined, signal) ?? []) late.push(event);
  expect(late).toEqual([last]);
});
