// What is refused of a library that sessions move in from, and what is told of it.
import { describe, expect } from 'vitest';
import { openHttp } from '../../src/adapters/http/index.js';
import { EXPRESS } from '../../src/codecs/cookies.js';
import type { KeyturnError } from '../../src/errors.js';
import { internalsOf, type Keyturn } from '../../src/keyturn.js';
import { privateClock } from '../../src/resolve/monotonic-clock.js';
import { fromExpressStore } from '../../src/sessions/stores/express.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { startKeyturn } from '../../src/start/start.js';
import { type Afterwards, tidyTest as test } from '../support/afterwards.js';
import { memoryLogger, SECRET, testClock } from '../support/keyturn.js';

const OLD = 'd51d1c0b9e8a4f27ab36c10b7f52e94c6fd0837be5a14d29e1f07c3386a2b94d';

type Env = Readonly<Record<string, string>>;

async function start(
  afterwards: Afterwards,
  config: object,
  env: Env = {},
  profile = 'prod',
  logger = memoryLogger(),
): Promise<Keyturn> {
  const clock = testClock();
  const signs = { terminal: false, debugger: false, container: false };
  const machine = {
    cwd: '/nonexistent',
    env: { KEYTURN_SECURITY__SIGNING_SECRET: SECRET, ...env },
    signs,
    now: clock.read,
    monotonic: privateClock(clock.read),
  };
  const keyturn = await startKeyturn({ profile, logger, config: config as never } as never, machine);
  afterwards(() => keyturn.close());
  return keyturn;
}

const section = (fields: object) => ({ move_in: { 'express-session': fields } });
const fromEnv = { secrets: [{ env: 'SESSION_SECRET' }] };

async function refusal(promise: Promise<unknown>): Promise<Partial<KeyturnError>> {
  return await promise.then(
    () => ({ code: undefined }),
    (error) => error,
  );
}

describe('at the start, in production', () => {
  test('an old secret that is lacking', async ({ afterwards }) => {
    const { code, message, hint } = await refusal(start(afterwards, section(fromEnv)));
    expect(code).toBe('secret_missing');
    expect(message).toContain('SESSION_SECRET');
    expect(hint).toContain('[move_in.express-session]');
    expect((await refusal(start(afterwards, section(fromEnv), { SESSION_SECRET: '' }))).code).toBe(
      'secret_missing',
    );
    expect(
      (await refusal(start(afterwards, section(fromEnv), { SESSION_SECRET: OLD }))).code,
    ).toBeUndefined();
  });

  test('a weak one without an end', async ({ afterwards }) => {
    const env = { SESSION_SECRET: 'keyboard cat' };
    const { code, hint, message } = await refusal(start(afterwards, section(fromEnv), env));
    expect(code).toBe('secret_weak');
    expect(message).toBe(
      'the old secret of move_in.express-session in SESSION_SECRET is too weak: 0 of 32 bytes count, since 12 bytes of it are published demo values and separators',
    );
    expect(hint).toContain('until = ');
    expect(`${message}${hint}`).not.toContain('keyboard');
    const until = { ...fromEnv, until: '2027-01-31' };
    expect((await refusal(start(afterwards, section(until), env))).code).toBeUndefined();
    // What production would refuse development tells.
    const logger = memoryLogger();
    await start(afterwards, section(fromEnv), env, 'dev', logger);
    expect(logger.records).toContainEqual(
      expect.objectContaining({ message, facts: expect.objectContaining({ code: 'secret_weak' }) }),
    );
  });

  test('what the phase over says of its end is told', async ({ afterwards }) => {
    const warned = async (fields: object) => {
      const logger = memoryLogger();
      await start(afterwards, section({ ...fromEnv, ...fields }), { SESSION_SECRET: OLD }, 'prod', logger);
      const doubtful = logger.records.filter(({ facts }) => facts.event === 'configuration.doubtful');
      return doubtful.map(({ message }) => message).join();
    };
    expect(await warned({ phase: 'over' })).toContain('nothing says when its old secrets end');
    expect(await warned({ phase: 'over', until: '2026-01-14' })).toContain('has ended at 2026-01-14');
    expect(await warned({ phase: 'over', until: '2026-02-14' })).toBe('');
    expect(await warned({ phase: 'beside' })).toBe('');
  });

  test('one that stands in the program', async ({ afterwards }) => {
    const { code } = await refusal(start(afterwards, section({ secrets: [OLD] })));
    expect(code).toBe('secret_in_config');
  });
});

describe('the option moveIn', () => {
  const oldStore = { get() {}, set() {}, destroy() {} };
  const open = async (afterwards: Afterwards, moveIn: any, config: object = section({ secrets: [OLD] })) =>
    await refusal(openHttp({ keyturn: await start(afterwards, config, {}, 'test'), moveIn }));
  const formats = (name: string) => ({ move_in: { [name]: { secrets: [OLD] } } });

  test.for<readonly [what: string, moveIn: unknown, config: object | undefined, code: string]>([
    ['no section of that name', { 'cookie-session': {} }, undefined, 'config_invalid'],
    ['no store', { 'express-session': {} }, undefined, 'store_invalid'],
    ['what is no store', { 'express-session': { store: {} } }, undefined, 'store_invalid'],
    ['a store of Keyturn', { 'express-session': { store: memoryStore() } }, undefined, 'store_invalid'],
    [
      'a store where none is',
      { 'cookie-session': { store: oldStore } },
      formats('cookie-session'),
      'store_invalid',
    ],
    ['a library that stays', { 'better-auth': {} }, formats('better-auth'), 'config_invalid'],
    ['two at once', { 'express-session': { store: oldStore }, x: {} }, undefined, 'argument_invalid'],
    [
      "the name of Keyturn's own cookie",
      { 'express-session': { store: oldStore } },
      { ...section({ secrets: [OLD] }), session: { cookie: { name: 'connect.sid' } } },
      'config_invalid',
    ],
    ['none', {}, undefined, 'argument_invalid'],
    ['a name alone', 'express-session', undefined, 'argument_invalid'],
    ['a misspelt option', { 'express-session': { stores: oldStore } }, undefined, 'argument_invalid'],
  ])('refused: %s', async ([, moveIn, config, code], { afterwards }) => {
    expect((await open(afterwards, moveIn, config)).code).toBe(code);
  });

  test('a section that no adapter names is told of', async ({ afterwards }) => {
    const logger = memoryLogger();
    const told = () => logger.records.filter(({ facts }) => facts.event === 'move_in.unused');
    await openHttp({ keyturn: await start(afterwards, formats('better-auth'), {}, 'test', logger) });
    expect(told()).toEqual([]);
    await openHttp({ keyturn: await start(afterwards, formats('cookie-session'), {}, 'test', logger) });
    expect(told()).toHaveLength(1);
  });

  test('a store, or what fromExpressStore() made of it', async ({ afterwards }) => {
    for (const store of [oldStore, fromExpressStore(oldStore)])
      expect((await open(afterwards, { 'express-session': { store } })).code).toBeUndefined();
  });
});

test('what an old secret has signed is counted in metrics', async ({ afterwards }) => {
  const keyturn = await start(
    afterwards,
    section({ secrets: [OLD], phase: 'over', until: '2027-01-31' }),
    {},
    'test',
  );
  const { usage, movingIn } = internalsOf(keyturn);
  const [secret] = movingIn.get('express-session')?.secrets ?? [];
  expect(keyturn.metrics()).toContain(
    'keyturn_old_secrets_verified_total{name="express-session",phase="over"} 0',
  );
  expect(keyturn.metrics()).not.toContain('old_secrets_last_verified');
  // As a bridge, or moving in, counts it.
  const use = usage.of(secret?.kid as string, 'express-session');
  use.verified += 2;
  use.verifiedAt = 1_700_000_000_000;
  expect(keyturn.metrics()).toContain(
    'keyturn_old_secrets_verified_total{name="express-session",phase="over"} 2',
  );
  expect(keyturn.metrics()).toContain(
    'keyturn_old_secrets_last_verified_seconds{name="express-session",phase="over"} 1700000000',
  );
  expect(keyturn.metrics()).not.toContain(`kid="${secret?.kid}"`);
});

test('old sessions that live longer than any of Keyturn are told of, once', async ({ afterwards }) => {
  const logger = memoryLogger();
  const over = section({ secrets: [OLD], phase: 'over' });
  const keyturn = await start(afterwards, over, {}, 'test', logger);
  const year = 365 * 86_400_000;
  const oldStore = {
    get: (_: string, done: (error: null, session: object) => void) =>
      done(null, { cookie: { originalMaxAge: year }, user: 'ada' }),
    set() {},
    destroy() {},
  };
  await openHttp({ keyturn, moveIn: { 'express-session': { store: oldStore } } });
  const signature = EXPRESS.sign('connect.sid', 'sid', OLD);
  const cookie = `connect.sid=${encodeURIComponent(EXPRESS.join({ payload: 'sid', signature }))}`;
  const headers = { cookie, origin: 'http://localhost', host: 'localhost' };
  for (let time = 0; time < 2; time++) {
    const opened = await keyturn.sessions.open({ headers, url: '/' });
    expect(opened.ok && (opened.session as any).user).toBe('ada');
  }
  expect(logger.records.filter(({ facts }) => facts.event === 'move_in.shorter')).toHaveLength(1);
});
