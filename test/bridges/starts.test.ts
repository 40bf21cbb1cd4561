// What a bridge says as an app starts, and that it says nothing while one is built.
import { afterEach, describe, expect, test } from 'vitest';
import { liveCookieParser } from '../../src/bridges/cookie-parser/index.js';
import { expressSession } from '../../src/bridges/express-session/index.js';
import { liveFastifySession, liveSecureSessionKeys, liveSigner } from '../../src/bridges/fastify/index.js';
import { liveCookieSession, liveKeygrip } from '../../src/bridges/keygrip/index.js';
import { createUpgrader } from '../../src/bridges/signed-cookies/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { privateClock } from '../../src/resolve/monotonic-clock.js';
import { startKeyturn } from '../../src/start/start.js';
import { memoryLogger, testClock, testKeyturn } from '../support/keyturn.js';

/** A library that takes whatever it is given. */
const library = (_options: unknown) => () => undefined;

/** Each bridge, its purpose and the lifetime that it takes by itself. */
const BRIDGES: Readonly<Record<string, readonly [lifetime: string, open: (keyturn: Keyturn) => unknown]>> = {
  'express-session': ['1d', (keyturn) => expressSession(keyturn, library, {})],
  'cookie-parser': ['30d', (keyturn) => liveCookieParser(keyturn, library, { maxAge: '30d' })],
  'cookie-session': ['1h', (keyturn) => liveCookieSession(keyturn, library, { maxAge: 3_600_000 })],
  keygrip: ['1d', (keyturn) => liveKeygrip(keyturn, { session: {} })],
  'fastify-cookie': ['2d', (keyturn) => liveSigner(keyturn, { maxAge: '2d' })],
  'fastify-session': ['1d', (keyturn) => liveFastifySession(keyturn, library, {})],
  'fastify-secure-session': ['86401s', (keyturn) => liveSecureSessionKeys(keyturn)],
  shop: ['3d', (keyturn) => createUpgrader(keyturn, { purpose: 'shop', format: 'hono', maxAge: '3d' })],
};

const opened: Keyturn[] = [];
afterEach(async () => {
  for (const keyturn of opened.splice(0)) await keyturn.close();
});

describe.each(Object.entries(BRIDGES))('%s', (purpose, [lifetime, open]) => {
  test('in production a purpose that is not declared is refused, with the line to add', async () => {
    const keyturn = await testKeyturn({ profile: 'prod' });
    opened.push(keyturn);
    expect(() => open(keyturn)).toThrow(
      expect.objectContaining({
        code: 'purpose_undeclared',
        hint: expect.stringContaining(`[purposes.${purpose}]: max_age = "${lifetime}"`),
      }),
    );
  });

  test('in production one that is declared is taken, and none that is too short', async () => {
    for (const [said, isEnough] of [
      ['400d', true],
      ['1s', false],
    ] as const) {
      const keyturn = await testKeyturn({
        profile: 'prod',
        config: { purposes: { [purpose]: { max_age: said } } },
      });
      opened.push(keyturn);
      if (isEnough) expect(open(keyturn)).toBeDefined();
      else expect(() => open(keyturn)).toThrow(expect.objectContaining({ code: 'purpose_lifetime' }));
    }
  });

  test('while an app is built there is no ring, and nothing asks for one', async () => {
    const clock = testClock();
    const signs = { terminal: false, debugger: false, container: false };
    const env = { KEYTURN_BUILD: '1' };
    const machine = { cwd: '/nonexistent', env, signs, now: clock.read, monotonic: privateClock(clock.read) };
    const keyturn = await startKeyturn({ profile: 'prod', logger: memoryLogger() }, machine);
    opened.push(keyturn);
    expect(open(keyturn)).toBeDefined();
  });
});
