// How the demo counts: who was signed out, and who only came too late, against an app that does as a test says.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HEALTH, SIGN_IN, SIGNED_OUT, signedInAs } from '../../src/demo/app.js';
import { Balancer } from '../../src/demo/balancer.js';
import { Visitors } from '../../src/demo/visitors.js';
import { until } from '../support/waiting.js';

type Reply = { readonly status: number; readonly text: string; readonly cookie?: string };
const COOKIE = '__Host-keyturn.sid=kt1.abcdefgh.x';
const PAGE: Reply = { status: 200, text: signedInAs('visitor 1') };
const REFUSED: Reply = { status: 401, text: SIGNED_OUT };
const DELETED = '__Host-keyturn.sid=; Max-Age=0';

/** What pages answer, one after another; the last again and again. */
let pages: Reply[];
let maxAge: number;
let signIns: number;
let balancer: Balancer;
let visitors: Visitors;
let server: Server;

beforeEach(async () => {
  pages = [PAGE];
  maxAge = 20;
  signIns = 0;
  server = createServer((request, response) => {
    if (request.url === SIGN_IN) signIns++;
    const page = request.url === HEALTH || request.url === SIGN_IN ? PAGE : (pages.shift() ?? PAGE);
    const cookie = request.url === SIGN_IN ? `${COOKIE}; Max-Age=${maxAge}` : page.cookie;
    if (cookie !== undefined) response.setHeader('set-cookie', cookie);
    response.writeHead(page.status).end(page.text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  balancer = new Balancer(1000);
  visitors = new Visitors(1, 20, balancer);
  balancer.add((server.address() as AddressInfo).port);
});

afterEach(async () => {
  const left = visitors.leave();
  balancer.close();
  await left;
  server.closeAllConnections();
  server.close();
});

async function visits(count: number) {
  visitors.come();
  await until(() => visitors.counted.pages >= count);
  return visitors.counted;
}

test('who stays signed in is counted by pages alone', async () => {
  expect(await visits(3)).toMatchObject({ signedOut: 0, times: 0, expired: 0, unserved: 0 });
  expect(signIns).toBe(1);
  expect(visitors.sessionsByKey).toEqual(new Map([['abcdefgh', 1]]));
});

test('refused with a session that is still good is signed out: one visitor, as often as it was', async () => {
  pages = [PAGE, REFUSED, PAGE, REFUSED];
  expect(await visits(3)).toMatchObject({ signedOut: 1, times: 2, expired: 0 });
  expect(signIns).toBe(3);
});

test('refused with a session that may have ended by itself is not', async () => {
  maxAge = 1;
  pages = [REFUSED];
  expect(await visits(1)).toMatchObject({ signedOut: 0, times: 0, expired: 1 });
});

test('a session that the app has taken away has not ended by itself', async () => {
  maxAge = 1;
  pages = [{ ...PAGE, cookie: DELETED }, REFUSED];
  expect(await visits(2)).toMatchObject({ signedOut: 1, expired: 0 });
});

test('the page of somebody else is as bad', async () => {
  pages = [{ status: 200, text: signedInAs('visitor 2') }];
  expect(await visits(1)).toMatchObject({ signedOut: 1 });
});

test('an app that is broken signs nobody out', async () => {
  pages = [{ status: 500, text: '' }];
  expect(await visits(1)).toMatchObject({ signedOut: 0, unserved: 1 });
});

test('a replica that cannot be reached, or is not ready, is left out: the next one serves', async () => {
  balancer.add(1);
  pages = [PAGE, { status: 503, text: '' }];
  expect(await visits(6)).toMatchObject({ signedOut: 0, unserved: 0 });
});

test('what is counted anew begins with nothing', async () => {
  pages = [REFUSED];
  await visits(1);
  const tally = visitors.countAnew();
  expect(tally.counted).toMatchObject({ signedOut: 0, pages: 0 });
});
