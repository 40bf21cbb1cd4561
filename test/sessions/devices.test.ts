// The sessions of a user: listing them, and ending one, or all others.
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { listSessions, signOutEverywhere, signOutSession } from '../../src/sign-out.js';
import { Browser } from '../support/browser.js';
import { testClock, testKeyturn } from '../support/keyturn.js';

async function make() {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock, config: { session: { backend: 'memory' } } });
  const app = Fastify();
  onTestFinished(async () => {
    await app.close();
    await keyturn.close();
  });
  await app.register(keyturnFastify, {
    keyturn,
    user: ({ user }) => user as string | undefined,
    label: ({ device }) => device as string | undefined,
  });
  app.get('/in/:user/:device', async ({ session, params }) => {
    session.regenerate();
    Object.assign(session, params);
    return session.id;
  });
  app.get('/keep', async ({ session }) => {
    session.regenerate({ keep: true });
    return session.id;
  });
  app.get('/read', async ({ session }) => ({ ...session }));
  const url = await app.listen({ host: 'localhost', port: 0 });
  const signIn = async (user: string, device: string) => {
    const browser = new Browser(url);
    return { browser, id: (await browser.get(`/in/${user}/${device}`)).text };
  };
  const isIn = async ({ browser }: { browser: Browser }) =>
    (await browser.get('/read')).json.user !== undefined;
  return { clock, keyturn, signIn, isIn };
}

test('are listed with what is known of them, the one that was used last in front', async () => {
  const { clock, keyturn, signIn } = await make();
  const began = new Date(clock.read());
  const phone = await signIn('ada', 'phone');
  const desk = await signIn('ada', 'desk');
  await signIn('eve', 'desk');
  clock.advance(86_400);
  await phone.browser.get('/read');
  const week = (from: Date) => new Date(from.getTime() + 7 * 86_400_000);
  const later = new Date(clock.read());
  expect(await listSessions(keyturn, 'ada')).toEqual([
    { id: phone.id, label: 'phone', createdAt: began, lastSeen: later, expiresAt: week(later) },
    { id: desk.id, label: 'desk', createdAt: began, lastSeen: began, expiresAt: week(began) },
  ]);
  expect(await listSessions(keyturn, 'nobody')).toEqual([]);
});

test('one of them ends, also by the id that it had before, and nobody else ends it', async () => {
  const { keyturn, signIn, isIn } = await make();
  const phone = await signIn('ada', 'phone');
  const desk = await signIn('ada', 'desk');
  expect(await signOutSession(keyturn, phone.id, { user: 'eve' })).toBe(false);
  expect(await isIn(phone)).toBe(true);
  await phone.browser.get('/keep');
  expect(await signOutSession(keyturn, phone.id, { user: 'eve' })).toBe(false);
  expect(await signOutSession(keyturn, phone.id, { user: 'ada' })).toBe(true);
  expect(await signOutSession(keyturn, phone.id, { user: 'ada' })).toBe(false);
  expect([await isIn(phone), await isIn(desk)]).toEqual([false, true]);
});

test('all others end, and the present one stays', async () => {
  const { keyturn, signIn, isIn } = await make();
  const [phone, desk, tablet, eve] = [
    await signIn('ada', 'phone'),
    await signIn('ada', 'desk'),
    await signIn('ada', 'tablet'),
    await signIn('eve', 'desk'),
  ];
  expect(await signOutEverywhere(keyturn, 'ada', { except: desk.id })).toBe(2);
  expect([await isIn(phone), await isIn(desk), await isIn(tablet), await isIn(eve)]).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

test('of sessions in the cookie nobody has a list, which is told', async () => {
  const keyturn = await testKeyturn();
  await expect(listSessions(keyturn, 'ada')).rejects.toMatchObject({ code: 'store_invalid' });
});

test('of an adapter that does not say whose they are is an error, and not an empty list', async () => {
  const keyturn = await testKeyturn({ config: { session: { backend: 'memory' } } });
  const own = memoryStore();
  const open = async (options: object) => {
    const app = Fastify();
    onTestFinished(async () => void (await app.close()));
    await app.register(keyturnFastify, { keyturn, ...options });
  };
  onTestFinished(() => keyturn.close());
  // A worker has no adapter: it cannot know.
  expect(await signOutEverywhere(keyturn, 'ada')).toBe(0);
  await open({});
  await open({ store: own });
  const wrong = { code: 'argument_invalid', message: expect.stringContaining('no option user') };
  for (const store of [undefined, keyturn.sessionStore, own]) {
    const options = store === undefined ? {} : { store };
    await expect(signOutEverywhere(keyturn, 'ada', options)).rejects.toMatchObject(wrong);
    await expect(listSessions(keyturn, 'ada', options)).rejects.toMatchObject(wrong);
    await expect(signOutSession(keyturn, 'id', { ...options, user: 'ada' })).rejects.toMatchObject(wrong);
    expect(await signOutSession(keyturn, 'id', options)).toBe(false);
  }
  // The store of another app, which this process does not open sessions in.
  expect(await signOutEverywhere(keyturn, 'ada', { store: memoryStore() })).toBe(0);
  await open({ user: () => 'ada' });
  expect(await listSessions(keyturn, 'ada')).toEqual([]);
});
