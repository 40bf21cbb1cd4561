// A replica of the demo: a process of its own, with the app of app.ts. It ends when the channel to the demo closes, so
// none outlives it; where the demo was killed it takes away what that would have.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyturnHttp, openHttp } from '../adapters/http/index.js';
import { KeyturnError } from '../errors.js';
import type { KeyringView } from '../keyring/view.js';
import { demoApp } from './app.js';
import { isThere } from './folder.js';
import { takeAway } from './left-behind.js';
import { BELONGINGS, type Belongings, type KeysInForce, type Order, type Told } from './messages.js';

/** A visit that is being answered when the replica is told to end may take so long, in milliseconds. */
const LAST_ANSWERS = 1000;
/** So long a replica that is told to end may still be starting, in milliseconds. */
const FIRST_STEPS = 3000;
/** What does not end by itself is ended, in milliseconds. */
const LAST_RESORT = 8000;
const BREATH = 50;
/** A connection that nobody uses stays open: visitors come back every other second. */
const KEEP_ALIVE = 60_000;

interface Running {
  readonly server: Server;
  readonly http: KeyturnHttp;
}

const demo = process.ppid;
const belongings: Belongings = JSON.parse(process.env[BELONGINGS] ?? '');
let isTold = false;

// Ctrl-C reaches every process at the terminal: when this one ends is for the demo to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
// Whoever read it may be gone.
process.stderr.on('error', () => {});

process.on('message', (order: Order) => {
  if (order.order === 'stand-still') {
    process.send?.({ told: 'stands-still' } satisfies Told, () => standStill(order.while));
  } else {
    isTold = true;
    process.disconnect();
  }
});

process.on('disconnect', () => void end());

const running = begin(belongings.folder);
running.catch((error) => {
  tell({
    told: 'failed',
    why: error instanceof KeyturnError ? `${error.message}; ${error.hint}` : String(error),
  });
});
// It may be gone already.
if (!process.connected) void end();

function tell(told: Told): void {
  if (process.connected) process.send?.(told);
}

async function begin(folder: string): Promise<Running> {
  const http = await openHttp({ cwd: folder });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE }, demoApp(http));
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(0, '127.0.0.1', done);
  });
  http.keyturn.on('change', (ring) => tell({ told: 'keys', keys: keysOf(ring) }));
  tell({ told: 'ready', port: (server.address() as AddressInfo).port, keys: keysOf(http.keyturn.keyring) });
  return { server, http };
}

function keysOf({ keys }: KeyringView): KeysInForce {
  const live = keys.filter(({ state }) => state !== 'retired' && state !== 'revoked');
  return {
    signs: live.find(({ state }) => state === 'active')?.id ?? '',
    verifies: live.map(({ id }) => id),
  };
}

/** As a process does whose machine has no memory left, or is being moved: no timer runs, and nobody is answered. */
function standStill(path: string): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  // It does not hear either that the demo is gone.
  while (isThere(path) && process.ppid === demo) Atomics.wait(cell, 0, 0, BREATH);
}

async function end(): Promise<void> {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_RESORT).unref();
  const begun = running.catch(() => undefined);
  // Where it has just begun, the keyring may be gone that it waits for.
  const isIn = new AbortController();
  const late = sleep(FIRST_STEPS, undefined, { signal: isIn.signal }).catch(() => undefined);
  const { server, http } = (await Promise.race([begun, late])) ?? {};
  isIn.abort();
  if (server !== undefined) await close(server);
  await http?.close();
  // A demo that was ended twice takes away no more than its folder, and this one may have written into that since.
  if (isTold && process.ppid === demo) return;
  // After its own end: of several, the last finds nobody who would put anything back.
  await takeAway(belongings);
  process.kill(process.pid, 'SIGKILL');
}

async function close(server: Server): Promise<void> {
  let isClosed = false;
  server.close(() => {
    isClosed = true;
  });
  const since = performance.now();
  while (!isClosed && performance.now() - since < LAST_ANSWERS) {
    server.closeIdleConnections();
    await sleep(BREATH / 5);
  }
  server.closeAllConnections();
}
