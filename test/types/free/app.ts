// An app that declares nothing: a session takes any property, a purpose any name. Compiled by app-types.test.ts.
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import { createKeyturn, createSingleUse, type Keyturn, type Signer, signOutEverywhere } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { fastifyConsole, honoConsole, nodeConsole, webConsole } from 'keyturn/console';
import keyturn, { blobRoutes } from 'keyturn/fastify';
import keyturnHono, { csrf, type KeyturnEnv } from 'keyturn/hono';
import { openHttp } from 'keyturn/http';
import { createJwt, createRefreshTokens } from 'keyturn/jwt';
import { initKeyring, keyringSchemaSql, openRotation } from 'keyturn/rotation';
import { memoryStore } from 'keyturn/stores/memory';
import { sessionSchemaSql } from 'keyturn/stores/postgres';
import { redisStore } from 'keyturn/stores/redis';
import { sealedStore } from 'keyturn/stores/sealed';
import { manualClock } from 'keyturn/testing';
import keyturnWeb from 'keyturn/web';

export async function handler(request: FastifyRequest, reply: FastifyReply) {
  const unknown: unknown = request.session.anything;
  request.session.cart = ['book'];
  request.session.set('cart', ['book']);
  const got: unknown = request.session.get('cart');
  delete request.session.cart;
  request.session.delete('cart');
  request.session.regenerate();
  request.session.regenerate({ keep: ['cart'] });
  request.session.regenerate({ keep: true, epoch: 4 });
  request.session.regenerate(['cart']);
  request.session.remember();
  request.session.remember('14d');
  const ends: Date = request.session.expiresAt;
  // @ts-expect-error: when it ends is not set
  request.session.expiresAt = new Date();
  await request.session.update((data) => {
    data.count = Number(data.count ?? 0) + 1;
  });
  request.flash('info', 'Saved');
  const messages: readonly string[] = request.flash('info');
  const all: Readonly<Record<string, readonly string[]>> = reply.flash();
  const token: string = reply.csrfToken();
  // @ts-expect-error: what nobody declared is unknown
  const text: string = request.session.anything;
  // @ts-expect-error: a method that is misspelt
  request.session.destory();
  // @ts-expect-error: it takes no callback
  request.session.destroy(() => {});
  // @ts-expect-error: it takes no callback
  request.session.regenerate(() => {});
  // @ts-expect-error: it needs a name
  request.session.delete();
  // @ts-expect-error: one text for each call
  request.flash('info', ['a', 'b']);
  // @ts-expect-error: the session cannot be replaced
  request.session = null;
  // @ts-expect-error: its id is not the app's
  request.session.id = 'x';
  return { unknown, messages, all, token, text, got, ends };
}

export async function signers(kt: Keyturn, users: { hashOf(id: number): Promise<string | undefined> }) {
  const reset = kt.signer<{ userId: number }>('password-reset', { maxAge: '3h' });
  const token = reset.sign({ userId: 42 }, { bind: 'hash' });
  const named: Signer<string> = kt.signer('anything');
  // @ts-expect-error: the payload is another one
  reset.sign({ user: 42 });
  // @ts-expect-error: no such option
  reset.sign({ userId: 42 }, { expiresIn: '1h' });
  // @ts-expect-error: no such option
  kt.signer('download', { expiresIn: '1h' });

  // Without bind, with a text, and with a function that answers at once there is nothing to wait for.
  for (const at of [
    reset.verify(token),
    reset.verify(token, { bind: 'hash' }),
    reset.verify(token, { bind: ({ userId }) => `${userId}` }),
    reset.verify(token, { bind: () => null }),
  ])
    if (at.ok) at.payload.userId.toFixed();

  // With one that looks it up there is.
  const later = reset.verify(token, { bind: ({ userId }) => users.hashOf(userId) });
  // @ts-expect-error: await is missing
  if (later.ok) later.payload;
  const awaited = await later;
  if (awaited.ok) awaited.payload.userId.toFixed();
  else awaited.reason.toUpperCase();
  // @ts-expect-error: await is missing
  if (reset.verify(token, { bind: async () => 'hash' }).ok) return;
  // Of an untyped database nobody knows.
  const database: any = users;
  // @ts-expect-error: await is missing
  if (reset.verify(token, { bind: ({ userId }) => database.hashOf(userId) }).ok) return;
  const sure = await reset.verify(token, { bind: ({ userId }) => database.hashOf(userId) });
  if (sure.ok) sure.payload.userId.toFixed();

  // @ts-expect-error: a promise is no state
  reset.sign({ userId: 42 }, { bind: users.hashOf(42) });
  // @ts-expect-error: dates are not the app's to give
  reset.issueAt('{}', 0, 1);
  const dated = kt.signer<{ at: Date; name: string }>('dated', { maxAge: '1h' });
  // @ts-expect-error: it would come back as a text
  dated.sign({ at: new Date(), name: 'x' });
  kt.sealer<Uint8Array>('draft').seal(new Uint8Array(4));
  const opened = kt.sealer<{ text: string }>('draft').open('x', { bind: 'ada' });
  if (opened.ok) opened.payload.text.trim();
  // @ts-expect-error: it takes part in the encryption, and is known before
  kt.sealer('draft').open('x', { bind: () => 'ada' });
  return named;
}

export async function made() {
  await using kt = await createKeyturn({
    config: {
      session: {
        backend: 'redis',
        idle: '1h',
        max_age: 86_400,
        cookie: { name: 'shop.sid', same_site: 'strict' },
      },
      security: {
        keyring: { store: 'redis', max_lag: '30s' },
        signing_secret: { revoked_kids: ['AAAAAAAA'] },
      },
      csrf: { mode: 'headers', origins: ['https://admin.example.com'] },
      purposes: { download: { max_age: '1h', sealed: true }, url: { max_age: '1d' } },
      log: { level: 'warn' },
    },
    clock: manualClock(0).read,
  });
  // @ts-expect-error: a section that there is not
  await createKeyturn({ config: { sessions: {} } });
  // @ts-expect-error: a setting that there is not
  await createKeyturn({ config: { session: { idel: '1h' } } });
  // @ts-expect-error: a value that there is not
  await createKeyturn({ config: { session: { backend: 'mysql' } } });
  // @ts-expect-error: a field of a purpose that there is not
  await createKeyturn({ config: { purposes: { download: { maxAge: '1h' } } } });
  // @ts-expect-error: a secret stands in no program
  await createKeyturn({ secret: 'x' });
  const store = memoryStore({ limit: 10 });
  sealedStore(store, kt, { plain: 'accept' });
  const once = await createSingleUse(store).redeem(kt.signer<number>('invitation'), 'x');
  if (once.ok) once.payload.toFixed();
  const jwt = createJwt<{ role: 'editor' }>(kt, { issuer: 'i', audience: 'a' });
  jwt.sign({ role: 'editor' }, { subject: 'ada' });
  // @ts-expect-error: a Date comes back as a text
  createJwt<{ at: Date }>(kt, { issuer: 'i', audience: 'a' }).sign({ at: new Date() });
  const claims = createJwt(kt, { issuer: 'i', audience: 'a' }).verify('x');
  if (claims.ok) claims.payload.sub?.trim();
  await createRefreshTokens(kt, { store }).issue({ user: 'ada' });
  const refresh = createRefreshTokens<{ scope: string; at: Date }>(kt, { store });
  // @ts-expect-error: a Date comes back as a text
  await refresh.issue({ user: 'ada', data: { scope: 'all', at: new Date() } });
  await signOutEverywhere(kt, 'ada', { store });
  // @ts-expect-error: a client is needed
  redisStore({});
  await initKeyring({ secrets: ['x'], who: 'ann' });
  await using rotation = await openRotation({ config: { log: { level: 'silent' } } });
  const { keyring } = await rotation.stage({ who: 'ann' });
  const ids: readonly string[] = keyring.keys.map(({ id }) => id);
  // @ts-expect-error: no way leads to material
  keyring.keys[0]?.material;
  // @ts-expect-error: nor to how the keyring was found
  rotation.resolution;
  return [ids, keyringSchemaSql(), sessionSchemaSql('app.sessions')];
}

export async function app() {
  const fastify = Fastify();
  await fastify.register(keyturn, {
    config: { session: { idle: '1h' } },
    profile: 'test',
    store: memoryStore(),
    user: (data) => data.userId as string | undefined,
    epoch: async () => 4,
    lastWins: ['lastPage'],
  });
  // @ts-expect-error: an option of another library
  await fastify.register(keyturn, { cookieName: 'sid' });
  const blobs = await createBlobStore(fastify.keyturn, { folder: '/tmp/blobs' });
  await fastify.register(blobRoutes, { store: blobs, bind: (request) => request.session.id });
  await fastify.register(fastifyConsole, {
    guard: ({ session, headers }) =>
      session.admin === true && { who: String(session.userId), mayAct: headers.host === 'a' },
  });
  // With what the app has put there, too.
  await fastify.register(fastifyConsole, {
    guard: (request: FastifyRequest) => ({ who: request.hostname }),
  });
  fastify.post('/hook', { config: { csrf: false } }, async () => 'ok');
}

const kt = keyturnWeb({ config: { session: { idle: '1h' } } });

export const POST = (request: Request): Promise<Response> =>
  kt.handle(request, async ({ session, flash, csrfToken, checkCsrf }) => {
    session.regenerate();
    session.userId = 42;
    flash('info', 'Signed in');
    checkCsrf(csrfToken());
    return Response.json({});
  });

const ui = webConsole(kt, {
  guard: ({ session }, request) => request.url !== '' && { who: String(session.userId) },
});

export { ui as GET };

export async function onNode() {
  const http = await openHttp();
  return nodeConsole(http, { base: '/keys', guard: ({ session }) => ({ who: String(session.userId) }) });
}

export async function serverAction(
  headers: Headers,
  cookies: {
    getAll(): { name: string; value: string }[];
    set(
      name: string,
      value: string,
      options?: { path?: string; sameSite?: boolean | 'lax' | 'strict' | 'none' },
    ): void;
  },
) {
  const visit = await kt.open({ method: 'POST', headers });
  visit.session.userId = 42;
  await visit.save(cookies);
  const { session, flash } = await kt.read(cookies);
  const id: unknown = session.userId;
  // @ts-expect-error: a session to read has nothing that changes it
  session.regenerate();
  // @ts-expect-error: nor can messages be left
  flash('info', 'in');
  return [id, flash(), flash('info'), (await kt.ready()).signer('password-reset')];
}

export const hono = new Hono().use(keyturnHono({ csrf: 'manual' })).post('/', csrf(), (c) => {
  c.var.session.userId = 42;
  c.get('session').regenerate();
  c.var.flash('info', c.var.csrfToken());
  // @ts-expect-error: a method that is misspelt
  c.var.session.destory();
  return honoHandler(c);
});

hono.use(honoConsole({ guard: (c) => ({ who: String(c.var.session.userId) }) }));
hono.use(honoConsole({ guard: (c: Context<KeyturnEnv>) => ({ who: c.req.header('x-user') }) }));

function honoHandler(c: Context<KeyturnEnv>) {
  const id: unknown = c.var.session.userId;
  return c.json({ id });
}
