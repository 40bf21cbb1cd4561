import { describe, expect, onTestFinished, test, vi } from 'vitest';
import keyturnWeb from '../../src/adapters/web/index.js';
import { serveFetch } from '../contract/drivers/fetch-server.mjs';
import { webDriver } from '../contract/drivers/web.mjs';
import { registerHttpContract } from '../contract/http-contract.js';
import { memoryLogger, SECRET, testClock, testKeyturn } from '../support/keyturn.js';

registerHttpContract('web', webDriver(keyturnWeb));

const ORIGIN = 'https://app.example';
const SAME = { 'sec-fetch-site': 'same-origin' };

async function make(config: Readonly<Record<string, unknown>> = { csrf: { mode: 'headers' } }) {
  const logger = memoryLogger();
  const keyturn = await testKeyturn({ logger, config });
  const kt = keyturnWeb({ keyturn });
  const warned = () => logger.records.filter(({ level }) => level === 'warn').map(({ facts }) => facts.event);
  return { kt, warned };
}

const get = (cookie = '') => new Request(`${ORIGIN}/`, { headers: { cookie } });
const post = (init: RequestInit = {}, cookie = '') =>
  new Request(`${ORIGIN}/`, { method: 'POST', ...init, headers: { cookie, ...SAME, ...init.headers } });

/** The `Cookie` header that a browser would send after this answer. */
const carry = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

describe('web: handle()', () => {
  test.each<[what: string, response: () => Response, status: number, text: string]>([
    ['Response.redirect()', () => Response.redirect(`${ORIGIN}/in`, 303), 303, ''],
    ['Response.json()', () => Response.json([1]), 200, '[1]'],
    ['a response without a body', () => new Response(null, { status: 204 }), 204, ''],
    ['304', () => new Response(null, { status: 304, headers: { etag: '"1"' } }), 304, ''],
    ['Response.error()', () => Response.error(), 500, ''],
  ])('saves the session before it answers with %s', async (_what, response, status, text) => {
    const { kt } = await make();
    const answer = await kt.handle(post(), ({ session, flash }) => {
      session.user = 'ada';
      flash('info', 'in');
      return response();
    });
    expect([answer.status, await answer.text()]).toEqual([status, text]);
    expect(answer.headers.get('cache-control')).toBe('private');
    const given = response().headers;
    for (const name of ['location', 'etag']) expect(answer.headers.get(name)).toBe(given.get(name));
    const next = await kt.handle(get(carry(answer)), ({ session, flash }) =>
      Response.json([session.user, flash('info')]),
    );
    expect(await next.json()).toEqual(['ada', ['in']]);
  });

  test('a response that fetch() gave goes out with its cookies and those of the session', async () => {
    const { url, close } = await serveFetch(
      () => new Response('theirs', { headers: { 'set-cookie': 'theirs=1', 'cache-control': 'public' } }),
    );
    onTestFinished(close);
    const { kt } = await make();
    const answer = await kt.handle(post(), ({ session }) => {
      session.user = 'ada';
      return fetch(url);
    });
    expect(await answer.text()).toBe('theirs');
    expect(answer.headers.getSetCookie()).toEqual(['theirs=1', expect.stringMatching(/^keyturn\.sid=/)]);
    expect(answer.headers.get('cache-control')).toBe('private');
  });

  test('one response for many visitors carries the cookie of none of them to another', async () => {
    const { kt } = await make();
    const SHARED = new Response(null, { status: 204 });
    const first = await kt.handle(post(), ({ session }) => {
      session.user = 'ada';
      return SHARED;
    });
    expect(first.headers.getSetCookie()).toHaveLength(1);
    const second = await kt.handle(get(), () => SHARED);
    expect(second.headers.getSetCookie()).toEqual([]);
  });

  test('nor the session of one of them in a header field', async () => {
    const { kt } = await make({ session: { header: 'x-session' } });
    const SHARED = new Response(null, { status: 204 });
    const ask = () => new Request(`${ORIGIN}/`, { method: 'POST', headers: { 'x-session': '' } });
    const first = await kt.handle(ask(), ({ session }) => {
      session.user = 'ada';
      return SHARED;
    });
    expect(first.headers.get('x-session')).toMatch(/^kt1\./);
    const second = await kt.handle(ask(), () => SHARED);
    expect([second.headers.get('x-session'), SHARED.headers.get('x-session')]).toEqual([null, null]);
  });

  test('where nothing is to be said the response is the very same', async () => {
    const { kt } = await make();
    const response = new Response('ok');
    expect(await kt.handle(get(), () => response)).toBe(response);
    expect([...response.headers.keys()]).toEqual(['content-type']);
  });

  test('a stream goes on, and what it changes in the session is told to be too late', async () => {
    const { kt, warned } = await make();
    const answer = await kt.handle(get(), (context) => {
      context.session.user = 'ada';
      const pull = (controller: ReadableStreamDefaultController) => {
        context.session.late = true;
        controller.enqueue(new TextEncoder().encode('streamed'));
        controller.close();
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(await answer.text()).toBe('streamed');
    expect(warned()).toEqual(['session.late']);
  });

  test('a request of another site gets 403, and is told to the log', async () => {
    const { kt, warned } = await make();
    const run = vi.fn(() => new Response('done'));
    const forged = post({ headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } });
    const answer = await kt.handle(forged, run);
    expect(answer.status).toBe(403);
    expect(run).not.toHaveBeenCalled();
    expect(warned()).toEqual(['csrf.refused']);
    expect((await kt.handle(forged, run, { csrf: false })).status).toBe(200);
  });

  test('other errors pass on, and the log tells that nothing was saved', async () => {
    const { kt, warned } = await make();
    const error = new Error('mine');
    const answer = kt.handle(post(), ({ session }) => {
      session.user = 'ada';
      throw error;
    });
    await expect(answer).rejects.toBe(error);
    expect(warned()).toEqual(['session.late']);
  });

  test('a response that is thrown is saved, and thrown', async () => {
    const { kt } = await make();
    const answer = kt.handle(post(), ({ session }) => {
      session.user = 'ada';
      throw Response.redirect(`${ORIGIN}/in`, 303);
    });
    const thrown = await answer.catch((error: Response) => error);
    expect(thrown.headers.getSetCookie()).toHaveLength(1);
  });
});

describe('web: a token in the body', () => {
  async function page() {
    const { kt } = await make({ csrf: { mode: 'token' } });
    const made = await kt.handle(get(), ({ csrfToken }) => new Response(csrfToken()));
    const ask = async (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) =>
      (await kt.handle(post({ body, headers }, carry(made)), () => new Response('ok'))).status;
    return { kt, token: await made.text(), cookie: carry(made), ask };
  }

  test('is found in each kind of form, and the app still has its body', async () => {
    const { kt, token, cookie } = await page();
    const data = new FormData();
    data.set('_csrf', token);
    data.set('name', 'ü');
    for (const body of [data, new URLSearchParams({ _csrf: token, name: 'ü' })]) {
      const request = post({ body }, cookie);
      const answer = await kt.handle(
        request,
        async () => new Response((await request.formData()).get('name') as string),
      );
      expect([answer.status, await answer.text()]).toEqual([200, 'ü']);
    }
  });

  test('twice, as a file, or in what is no form is none', async () => {
    const { token, ask } = await page();
    const twice = new FormData();
    twice.append('_csrf', token);
    twice.append('_csrf', token);
    const file = new FormData();
    file.set('_csrf', new Blob([token]));
    expect(await ask(twice)).toBe(403);
    expect(await ask(file)).toBe(403);
    expect(await ask(`_csrf=${token}`, { 'content-type': 'text/plain' })).toBe(403);
    expect(await ask('{', { 'content-type': 'application/json' })).toBe(403);
    expect(await ask('--x', { 'content-type': 'multipart/form-data' })).toBe(403);
  });

  test('stands before a long file, and not behind it; no more than the start is read', async () => {
    const { token, ask } = await page();
    const long = new Blob([new Uint8Array(3_000_000)]);
    const before = new FormData();
    before.set('_csrf', token);
    before.set('file', long, 'a.bin');
    const behind = new FormData();
    behind.set('file', long, 'a.bin');
    behind.set('_csrf', token);
    expect(await ask(before)).toBe(200);
    expect(await ask(behind)).toBe(403);
    expect(await ask(new URLSearchParams({ x: 'x'.repeat(2_000_000), _csrf: token }))).toBe(403);
  });

  test('is not looked for where the mode asks for none', async () => {
    const { kt } = await make();
    const request = post({ body: new URLSearchParams({ a: 'b' }) });
    const clone = vi.spyOn(request, 'clone');
    expect((await kt.handle(request, () => new Response('ok'))).status).toBe(200);
    expect(clone).not.toHaveBeenCalled();
  });
});

describe('web: without a Request', () => {
  function jar() {
    const set: [name: string, value: string, attributes: object][] = [];
    const getAll = () => set.map(([name, value]) => ({ name, value }));
    return { set, getAll, cookies: { getAll, set: (...cookie: (typeof set)[number]) => set.push(cookie) } };
  }

  const headers = new Headers(SAME);

  test('a server action saves into a jar, and a component reads what is there', async () => {
    const { kt } = await make();
    const { set, cookies } = jar();
    const visit = await kt.open({ method: 'POST', headers });
    visit.session.regenerate();
    visit.session.user = 'ada';
    visit.flash('info', 'in');
    await visit.save(cookies);
    const attributes = { path: '/', httpOnly: true, secure: false, partitioned: false, sameSite: 'lax' };
    expect(set).toEqual([
      ['keyturn.sid', expect.any(String), { ...attributes, maxAge: 604_800 }],
      ['keyturn.flash', expect.any(String), { ...attributes, maxAge: expect.any(Number) }],
    ]);
    const cookie = set.map(([name, value]) => `${name}=${value}`).join('; ');
    for (const from of [cookies, cookie]) {
      const { session, flash } = await kt.read(from);
      expect({ ...session, id: session.id }).toEqual({ user: 'ada', id: visit.session.id });
      expect(flash()).toEqual({ info: ['in'] });
      expect(flash('info')).toEqual(['in']);
    }
  });

  test('a session in a header field is not saved into a jar, where it would be lost', async () => {
    const { kt } = await make({ csrf: { mode: 'headers' }, session: { header: 'x-session' } });
    const fromApp = new Headers({ 'x-session': '' });
    const visit = await kt.open({ method: 'POST', headers: fromApp });
    visit.session.user = 'ada';
    const { cookies, set } = jar();
    await expect(visit.save(cookies)).rejects.toThrow(
      expect.objectContaining({ code: 'argument_invalid', hint: expect.stringContaining('visit.commit') }),
    );
    expect(set).toEqual([]);
  });

  test('where no path is known the option sessionless is not asked', async () => {
    const keyturn = await testKeyturn({ config: { csrf: { mode: 'headers' } } });
    const kt = keyturnWeb({ keyturn, sessionless: (path) => !path.startsWith('/app') });
    const visit = await kt.open({ method: 'GET', url: `${ORIGIN}/app`, headers });
    visit.session.user = 'ada';
    const cookie = carry(await visit.commit(new Response()));
    expect((await kt.read(cookie)).session.user).toBe('ada');
    const opened = await keyturn.sessions.open({
      headers: { cookie, host: 'a', origin: 'http://a' },
      url: '/ws',
    });
    expect(opened.ok).toBe(true);
  });

  test('it is protected', async () => {
    const { kt } = await make();
    const forged = { method: 'POST', headers: new Headers({ 'sec-fetch-site': 'cross-site' }) };
    await expect(kt.open(forged)).rejects.toThrow(
      // There is no token to send in this mode.
      expect.objectContaining({ code: 'csrf_refused', hint: expect.stringContaining('Sec-Fetch-Site') }),
    );
  });

  test('what read() gives cannot be changed, however that is tried', async () => {
    const { kt } = await make();
    const visit = await kt.open({ method: 'POST', headers });
    visit.session.cart = { items: ['book'] };
    const { cookies } = jar();
    await visit.save(cookies);
    const { session, flash } = await kt.read(cookies);
    const loose = session as any;
    for (const change of [
      () => Object.assign(loose, { user: 'ada' }),
      () => delete loose.cart,
      () => loose.cart.items.push('another'),
      () => loose.regenerate(),
      () => loose.destroy(),
      () => loose.update(() => {}),
      () => loose.set('a', 1),
      () => loose.delete('a'),
      () => (flash as any)('info', 'in'),
    ])
      expect(change).toThrow(expect.objectContaining({ hint: expect.stringContaining('kt.open(request)') }));
    expect(session.get('cart')).toEqual({ items: ['book'] });
  });
});

describe('web: one Keyturn for each process', () => {
  const env = { KEYTURN_SECURITY__SIGNING_SECRET: SECRET };
  const options = { cwd: import.meta.dirname, env, profile: 'test' } as const;
  const quiet = () => ({ ...options, env: { ...env }, logger: memoryLogger() });

  test('however often the module is evaluated', async () => {
    const [first, ...more] = Array.from({ length: 50 }, () => keyturnWeb(quiet()));
    const made = await first?.ready();
    for (const kt of more) expect(await kt.ready()).toBe(made);
    vi.resetModules();
    const copy = (await import('../../src/adapters/web/index.js')).default;
    expect(copy).not.toBe(keyturnWeb);
    expect(await copy(quiet()).ready()).toBe(made);
    await first?.close();
    const after = keyturnWeb(quiet());
    expect(await after.ready()).not.toBe(made);
    await after.close();
  });

  test('but another one by other settings, or another clock', async () => {
    const all = [
      keyturnWeb(quiet()),
      keyturnWeb({ ...quiet(), config: { session: { idle: '1h' } } }),
      keyturnWeb({ ...quiet(), clock: testClock().read }),
    ];
    expect(new Set(await Promise.all(all.map((kt) => kt.ready()))).size).toBe(3);
    await Promise.all(all.map((kt) => kt.close()));
  });

  test('one that cannot start throws in place, and the next call tries again', () => {
    const wrong = { ...options, env: { KEYTURN_SECURITY__SIGNING_SECRET: '' }, logger: memoryLogger() };
    const why = expect.objectContaining({ code: 'secret_empty' });
    expect(() => keyturnWeb(wrong)).toThrow(why);
    expect(() => keyturnWeb(wrong)).toThrow(why);
  });

  test('where a command is refused every request is told why, and the next call tries again', async () => {
    const env = { KEYTURN_SECURITY__SIGNING_SECRET_COMMAND: JSON.stringify([process.execPath, '-e', '']) };
    const wrong = { ...options, env, logger: memoryLogger() };
    const kt = keyturnWeb(wrong);
    const why = expect.objectContaining({ code: 'secret_empty' });
    await expect(kt.ready()).rejects.toThrow(why);
    await expect(kt.handle(get(), () => new Response())).rejects.toThrow(why);
    await kt.close();
    await expect(keyturnWeb(wrong).ready()).rejects.toThrow(why);
  });

  test('mode "headers" holds unless a setting says otherwise', async () => {
    const plain = keyturnWeb(quiet());
    const said = keyturnWeb({ ...quiet(), config: { csrf: { mode: 'token' } } });
    const ask = async (kt: typeof plain) => (await kt.handle(post(), () => new Response())).status;
    expect([await ask(plain), await ask(said)]).toEqual([200, 403]);
    await Promise.all([plain.close(), said.close()]);
  });

  test('options that nobody knows are refused at once', () => {
    expect(() => keyturnWeb({ secret: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'argument_invalid' }),
    );
  });
});
