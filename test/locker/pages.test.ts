// What browsers and programs see of Locker, in development with nothing configured.
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, Browser } from '../support/browser.js';
import { startLocker } from './process.js';
import { JSON_PLEASE, messagesIn, OWN_FORM, signIn, signOut, tokenIn, whoAmI } from './visit.js';

let url: string;

beforeAll(async () => {
  url = (await startLocker({ env: { KEYTURN_ENV: 'dev' } })).url;
});

const visitor = () => new Browser(url);

/** A form as a browser sends it. */
const send = (browser: Browser, path: string, form: Record<string, string>): Promise<Answer> =>
  browser.ask(path, { method: 'POST', form, headers: OWN_FORM });

const title = (page: Answer) => /<h1>(.*)<\/h1>/.exec(page.text)?.[1];

describe('people', () => {
  test('find a form that says how to sign in', async () => {
    const page = await visitor().get('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<form method="post" action="/login">');
    expect(page.text).toContain('with the password <code>locker</code>');
  });

  test('sign in, are greeted, and sign out', async () => {
    const browser = visitor();
    const answer = await signIn(browser, 'Ada Lovelace');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    const page = await browser.get('/');
    expect(title(page)).toBe('Hello, <bdi>Ada Lovelace</bdi>');
    expect(page.text).not.toContain('action="/login"');
    expect(await whoAmI(browser)).toBe('Ada Lovelace');
    const out = await signOut(browser);
    expect([out.status, out.headers.get('location')]).toEqual([303, '/']);
    expect((await browser.get('/')).text).toContain('action="/login"');
    expect((await browser.get('/me')).status).toBe(401);
    expect(await browser.cookie('keyturn.sid')).toBeUndefined();
  });

  test('are told once', async () => {
    const browser = visitor();
    await signIn(browser);
    expect(messagesIn((await browser.get('/')).text)).toEqual(['Welcome! You are signed in.']);
    expect(messagesIn((await browser.get('/')).text)).toEqual([]);
    await signOut(browser);
    expect(messagesIn((await browser.get('/')).text)).toEqual(['You are signed out.']);
    expect(messagesIn((await browser.get('/')).text)).toEqual([]);
  });

  test('stay out with a wrong password, and need not type the name again', async () => {
    for (const password of ['wrong', '', 'Locker', 'locker ', 'lockerlocker']) {
      const browser = visitor();
      const answer = await signIn(browser, 'ada', password);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
      expect(await browser.cookie('keyturn.sid')).toBeUndefined();
      const page = (await browser.get('/')).text;
      expect(messagesIn(page)).toEqual(['The password is not right.']);
      expect(page).toContain('name="username" value="ada"');
      expect((await browser.get('/')).text).toContain('name="username" value=""');
      expect((await browser.get('/me')).status).toBe(401);
    }
  });

  test('have no list of their devices, since each session is in its browser', async () => {
    const browser = visitor();
    await signIn(browser);
    const page = await browser.get('/devices');
    expect([page.status, title(page)]).toEqual([200, 'Your devices']);
    expect(page.text).toContain('has no list of them');
    expect((await browser.get('/devices', JSON_PLEASE)).json).toEqual({ devices: null });
    const _csrf = tokenIn(page.text);
    expect((await send(browser, '/devices/sign-out-others', { _csrf })).status).toBe(409);
  });

  test('need a name, of a length that fits', async () => {
    const browser = visitor();
    for (const [name, message] of [
      ['', 'Please enter a name.'],
      ['  ', 'Please enter a name.'],
      ['x'.repeat(65), 'Please choose a name of at most 64 characters.'],
    ] as const) {
      await signIn(browser, name);
      expect(messagesIn((await browser.get('/')).text)).toEqual([message]);
      expect(await whoAmI(browser)).toBeUndefined();
    }
    await signIn(browser, ` ${'ü'.repeat(64)} `);
    expect(await whoAmI(browser)).toBe('ü'.repeat(64));
  });

  test('get another session at each sign-in: a form of the one before is worth nothing', async () => {
    const browser = visitor();
    await signIn(browser, 'mallory');
    const before = tokenIn((await browser.get('/')).text);
    await signIn(browser, 'ada');
    expect(await whoAmI(browser)).toBe('ada');
    expect((await send(browser, '/logout', { _csrf: before })).status).toBe(403);
    expect(await whoAmI(browser)).toBe('ada');
  });

  test('may be called anything: markup is text', async () => {
    const names = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'&amp;<!--"];
    for (const name of names) {
      const browser = visitor();
      await signIn(browser, name, 'wrong');
      const again = (await browser.get('/')).text;
      await signIn(browser, name);
      const page = (await browser.get('/')).text;
      for (const text of [again, page]) expect(text).not.toMatch(/<script|<img|<!--/);
      const escaped = name.replace(
        /[&<>"']/g,
        (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[found] ?? '&#39;',
      );
      expect(again).toContain(`value="${escaped}"`);
      expect(page).toContain(`<h1>Hello, <bdi>${escaped}</bdi></h1>`);
      expect(await whoAmI(browser)).toBe(name);
    }
  });

  test('see a friendly page where there is nothing', async () => {
    for (const path of ['/nowhere', '/login', '/%ff', '/../../etc/passwd', '/favicon.ico']) {
      const page = await visitor().get(path);
      expect([path, page.status]).toEqual([path, path === '/%ff' ? 400 : 404]);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.text).toContain('<a class="button" href="/">');
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });
});

describe('forged requests', () => {
  const expectRefusal = (answer: Answer) => {
    expect(answer.status).toBe(403);
    expect(title(answer)).toBe('This request was refused');
    expect(answer.text).not.toMatch(/csrf|token|origin|cross|stack/i);
    expect(answer.setCookies).toEqual([]);
  };

  test('without a token, or with one of somebody else, are refused', async () => {
    const browser = visitor();
    // Of a session: one of a visitor is good wherever the browser vouches for the page.
    const somebody = visitor();
    await signIn(somebody);
    const stranger = tokenIn((await somebody.get('/')).text);
    await browser.get('/');
    for (const token of [{}, { _csrf: '' }, { _csrf: 'x' }, { _csrf: stranger }]) {
      expectRefusal(await send(browser, '/login', { username: 'ada', password: 'locker', ...token }));
    }
    await signIn(browser);
    for (const token of [{}, { _csrf: stranger }]) expectRefusal(await send(browser, '/logout', token));
    expect(await whoAmI(browser)).toBe('ada');
  });

  test('from another site are refused, even with the right token', async () => {
    const browser = visitor();
    await signIn(browser);
    const _csrf = tokenIn((await browser.get('/')).text);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      expectRefusal(await browser.ask('/logout', { method: 'POST', form: { _csrf }, headers }));
    }
    expect(await whoAmI(browser)).toBe('ada');
  });

  test('are refused in JSON where that is asked for', async () => {
    const answer = await visitor().post('/login', { username: 'ada', password: 'locker' }, JSON_PLEASE);
    expect([answer.status, answer.json]).toEqual([403, { error: 'This request was refused' }]);
  });
});

describe('programs', () => {
  test('get a token, sign in, go on with the new token, and sign out', async () => {
    const program = visitor();
    const start = await program.get('/', JSON_PLEASE);
    expect(start.json).toEqual({ user: null, csrfToken: expect.any(String) });
    const withToken = (token: string) => ({ ...JSON_PLEASE, 'x-csrf-token': token });
    const credentials = { username: 'robot', password: 'locker' };
    const signedIn = await program.post('/login', credentials, withToken(start.json.csrfToken));
    expect([signedIn.status, signedIn.json]).toEqual([200, { user: 'robot', csrfToken: expect.any(String) }]);
    const me = await program.get('/me');
    expect([me.status, me.json]).toEqual([200, { user: 'robot' }]);
    expect((await program.get('/', JSON_PLEASE)).json.user).toBe('robot');
    const stale = await program.post('/logout', {}, withToken(start.json.csrfToken));
    expect(stale.status).toBe(403);
    const out = await program.post('/logout', {}, withToken(signedIn.json.csrfToken));
    expect([out.status, out.json]).toEqual([200, { user: null, csrfToken: expect.any(String) }]);
    const again = await program.post('/login', credentials, withToken(out.json.csrfToken));
    expect(again.status).toBe(200);
  });

  test('are refused in JSON', async () => {
    const program = visitor();
    const { csrfToken: _csrf } = (await program.get('/', JSON_PLEASE)).json;
    const ask = async (fields: Record<string, unknown>) => {
      const { status, json } = await program.post('/login', { _csrf, ...fields }, JSON_PLEASE);
      return [status, json];
    };
    expect(await ask({ username: 'robot', password: 'wrong' })).toEqual([
      401,
      { error: 'The password is not right.' },
    ]);
    expect(await ask({ password: 'locker' })).toEqual([400, { error: 'Please enter a name.' }]);
    expect(await ask({ username: ['robot'], password: 'locker' })).toEqual([
      400,
      { error: 'Please enter a name.' },
    ]);
    expect(await ask({ username: 'robot', password: { toString: 'locker' } })).toEqual([
      401,
      { error: 'The password is not right.' },
    ]);
    expect(await program.get('/nowhere', JSON_PLEASE)).toMatchObject({
      status: 404,
      json: { error: 'There is nothing here' },
    });
  });

  test('get 401 from /me while nobody is signed in', async () => {
    const { status, json, headers } = await visitor().get('/me');
    expect([status, json]).toEqual([401, { error: 'Nobody is signed in.' }]);
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  test('get what their Accept header prefers', async () => {
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
    for (const [accept, json] of [
      ['application/json', true],
      ['Application/JSON; charset=utf-8', true],
      ['application/json, text/plain, */*', true],
      ['application/json, text/html', true],
      ['text/html;q=0.9, application/json', true],
      ['text/html, application/json', false],
      ['application/json;q=0.5, text/html;q=0.8', false],
      ['application/json;q=0', false],
      ['*/*', false],
      ['', false],
      [',;q=,', false],
      [browser, false],
    ] as const) {
      const { headers } = await visitor().get('/', { accept });
      const type = json ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
      expect([accept, headers.get('content-type')]).toEqual([accept, type]);
      expect(headers.get('vary')).toBe('accept, Cookie');
    }
  });
});

describe('everybody', () => {
  test('gets answers that load nothing, run nothing and cannot be framed', async () => {
    const browser = visitor();
    await signIn(browser);
    for (const path of ['/', '/me', '/nowhere', '/healthz', '/icon.svg']) {
      const { headers } = await browser.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy.split('; ')).toEqual([
        "default-src 'none'",
        expect.stringMatching(/^style-src 'sha256-[\w+/]{43}='$/),
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('same-origin');
    }
  });

  test('gets pages without a script, and personal ones that no cache keeps', async () => {
    const browser = visitor();
    await signIn(browser);
    const page = await browser.get('/');
    expect(page.text).not.toMatch(/<script|\son\w+=|\sstyle=|https?:\/\//i);
    expect(page.headers.get('cache-control')).toBe('private, no-store');
  });

  test('may ask after its health', async () => {
    const health = await visitor().get('/healthz');
    expect([health.status, health.json]).toEqual([200, { status: 'ok' }]);
    const ready = await visitor().get('/readyz');
    expect([ready.status, ready.json]).toEqual([
      200,
      {
        status: 'ready',
        sessions: 'ok',
        fingerprint: expect.stringMatching(/^[\w-]+$/),
        generation: 0,
        signingKid: expect.stringMatching(/^[\w-]{8}$/),
        keys: 1,
      },
    ]);
  });
});
