// @fastify/passport over Keyturn's sessions: signing in and out, what is kept, and flash messages of a failure.
import { createRequire } from 'node:module';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyRequest } from 'fastify';
// @ts-expect-error: it has no types
import { Strategy } from 'passport-local';
import { describe, expect, onTestFinished, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryStore } from '../../src/sessions/stores/memory.js';
import { Browser } from '../support/browser.js';
import { testKeyturn } from '../support/keyturn.js';

// Without its types: they bring those of @fastify/secure-session, which has declared `request.session` for itself.
const { Authenticator } = createRequire(import.meta.url)('@fastify/passport');
type Passported = FastifyRequest & { readonly user: unknown; logOut(): Promise<void> };

const stores = [
  ['the cookie', () => ({})],
  ['a store', () => ({ store: memoryStore() })],
] as const;

describe.each(stores)('@fastify/passport, sessions in %s', (_place, store) => {
  test('signs in with a new id, keeps what it names, and signs out', async () => {
    const passport = new Authenticator({ clearSessionIgnoreFields: ['cart'] });
    passport.use(
      'local',
      new Strategy((name: string, password: string, done: (...given: unknown[]) => void) =>
        password === 'right' ? done(null, { name }) : done(null, false, 'wrong password'),
      ),
    );
    passport.registerUserSerializer(async (user: { name: string }) => user.name);
    passport.registerUserDeserializer(async (name: string) => ({ name }));
    const app = Fastify();
    await app.register(formbody);
    await app.register(keyturnFastify, {
      keyturn: await testKeyturn({ clock: { now: 0, read: Date.now } as never }),
      ...store(),
    });
    await app.register(passport.initialize());
    await app.register(passport.secureSession());
    app.get('/', async (request, reply) => ({
      id: request.session.id,
      user: (request as Passported).user,
      data: { ...request.session },
      token: reply.csrfToken(),
      flash: reply.flash(),
    }));
    app.post('/fill', async ({ session }) => {
      Object.assign(session, { cart: ['book'], visited: '/a' });
      return 'ok';
    });
    const local = passport.authenticate('local', {
      successRedirect: '/',
      failureRedirect: '/',
      failureFlash: true,
    });
    app.post('/sign-in', { preValidation: local }, async () => 'never');
    app.post('/sign-out', async (request, reply) => {
      await (request as Passported).logOut();
      return reply.redirect('/', 303);
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => app.close());

    const browser = new Browser(url);
    const look = async () => JSON.parse((await browser.get('/')).text);
    const post = async (path: string, fields: object = {}) => {
      const { token } = await look();
      return await browser.ask(path, { method: 'POST', form: { ...fields, _csrf: token } });
    };
    await post('/fill');
    const before = await look();
    expect(before.user).toBeNull();

    await post('/sign-in', { username: 'ada', password: 'wrong' });
    expect(await look()).toMatchObject({ id: before.id, user: null, flash: { error: ['wrong password'] } });

    await post('/sign-in', { username: 'ada', password: 'right' });
    const after = await look();
    expect(after).toMatchObject({ user: { name: 'ada' }, data: { passport: 'ada', cart: ['book'] } });
    expect(after.id).not.toBe(before.id);
    expect(after.data.visited).toBeUndefined();

    await post('/sign-out');
    const out = await look();
    expect(out.user).toBeNull();
    expect(out.data).toEqual({});
    expect(out.id).not.toBe(after.id);
  });
});
