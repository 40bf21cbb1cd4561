// Keeping and sharing files: what owners, strangers and hostile visitors get.
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, Browser } from '../support/browser.js';
import { until } from '../support/waiting.js';
import { newFolder, startLocker } from './process.js';
import {
  JSON_PLEASE,
  type ListedFile,
  listFiles,
  messagesIn,
  OWN_FORM,
  pathOf,
  sendForm,
  signIn,
  signOut,
  tokenIn,
  upload,
} from './visit.js';

const LIMIT = 200_000;
const cwd = newFolder();
let url: string;

beforeAll(async () => {
  const env = { KEYTURN_ENV: 'dev', LOCKER_MAX_FILE_SIZE: String(LIMIT), LOCKER_SHARE_FOR: '3s, 1h' };
  url = (await startLocker({ cwd, env })).url;
});

/** Each test has somebody of its own. */
let people = 0;
async function somebody(name = `somebody-${people++}`): Promise<Browser> {
  const browser = new Browser(url);
  await signIn(browser, name);
  return browser;
}

const title = (page: Answer) => /<h1[^>]*>(.*)<\/h1>/.exec(page.text)?.[1];
/** Without its origin, as `Browser` takes it. */
const local = (link: string) => link.slice(link.indexOf('/', 'https://'.length));
const linkIn = (page: Answer) =>
  local((/<p class="copy"><a href="([^"]+)"/.exec(page.text)?.[1] as string).replaceAll('&amp;', '&'));
const stored = () => readdirSync(join(cwd, '.locker', 'files'));

async function oneFile(browser: Browser, name = 'notes.txt', content = 'some notes'): Promise<ListedFile> {
  await upload(browser, name, content);
  return (await listFiles(browser)).find((file) => file.name === name) as ListedFile;
}

describe('an owner', () => {
  test('uploads a file, finds it in the list, downloads and deletes it', async () => {
    const browser = await somebody();
    expect((await browser.get('/')).text).toContain('Nothing here yet');
    const answer = await upload(browser, 'Märchen & mehr.txt', 'Es war einmal');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    const page = await browser.get('/');
    expect(messagesIn(page.text).at(-1)).toBe('“Märchen &amp; mehr.txt” is in your locker.');
    expect(page.text).toContain('<bdi>Märchen &amp; mehr.txt</bdi> <small>13 bytes · ');
    const [file] = (await listFiles(browser)) as [ListedFile];
    const path = pathOf(file);
    expect(page.text).toContain(`href="${path}"`);
    const way = await browser.get(path);
    expect(way.status).toBe(303);
    const download = await browser.get(way.headers.get('location') as string);
    expect([download.status, download.text]).toEqual([200, 'Es war einmal']);
    expect(download.headers.get('content-disposition')).toMatch(/^attachment; .*UTF-8''M%C3%A4rchen%20/);
    expect(download.headers.get('content-type')).toBe('text/plain');
    expect((await sendForm(browser, '/', `${path}/delete`)).status).toBe(303);
    expect(messagesIn((await browser.get('/')).text)).toEqual([
      '“Märchen &amp; mehr.txt” is deleted. Links to it have ended.',
    ]);
    expect(await listFiles(browser)).toEqual([]);
    for (const gone of [path, `${path}/share`]) expect((await browser.get(gone)).status).toBe(404);
    expect((await browser.get(file.url)).status).toBe(404);
  });

  test('gets a list with links that any program can use, resume included', async () => {
    const browser = await somebody();
    await upload(browser, 'one.bin', 'abcdefghij', { type: 'application/octet-stream' });
    await upload(browser, 'one.bin', 'another of that name');
    const answer = await browser.get('/files', JSON_PLEASE);
    expect(answer.json).toEqual({ files: expect.any(Array), csrfToken: expect.any(String) });
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.json.files).toHaveLength(2);
    expect(answer.json.files[1]).toEqual({
      id: expect.stringMatching(/^[\w-]{12}$/),
      name: 'one.bin',
      size: 10,
      type: 'application/octet-stream',
      uploadedAt: expect.stringMatching(/^20\d\d-.*Z$/),
      url: expect.stringMatching(/^\/blobs\/.*[?&]sig=kt1\./),
    });
    const nobody = new Browser(url);
    const { url: link } = answer.json.files[1] as ListedFile;
    const whole = await nobody.get(link);
    expect([whole.status, whole.text, whole.headers.get('accept-ranges')]).toEqual([
      200,
      'abcdefghij',
      'bytes',
    ]);
    const condition = { 'if-range': whole.headers.get('etag') as string };
    const rest = await nobody.get(link, { range: 'bytes=4-', ...condition });
    expect([rest.status, rest.text, rest.headers.get('content-range')]).toEqual([
      206,
      'efghij',
      'bytes 4-9/10',
    ]);
    const page = await browser.get('/files');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/']);
  });

  test('may be a program: uploads with the token in a header, shares, deletes, all in JSON', async () => {
    const program = await somebody();
    const { csrfToken } = (await program.get('/', JSON_PLEASE)).json;
    const headers = { ...JSON_PLEASE, 'x-csrf-token': csrfToken };
    const data = new FormData();
    data.set('file', new File(['{}'], 'data.json', { type: 'application/json' }));
    const made = await program.ask('/files', { method: 'POST', data, headers });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ name: 'data.json', size: 2, type: 'application/json' });
    const path = pathOf(made.json);
    const shared = await program.post(`${path}/share`, { for: '1h' }, headers);
    expect([shared.status, Object.keys(shared.json)]).toEqual([201, ['url']]);
    const about = await new Browser(url).get(local(shared.json.url), JSON_PLEASE);
    expect(about.json).toMatchObject({ name: 'data.json', size: 2, url: expect.any(String) });
    expect(Date.parse(about.json.expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
    const deleted = await program.post(`${path}/delete`, {}, headers);
    expect([deleted.status, deleted.json]).toEqual([200, { deleted: 'data.json' }]);
  });

  test('keeps files over a restart', async () => {
    const run = { cwd: newFolder(), env: { KEYTURN_ENV: 'dev', LOCKER_DATA_DIR: 'somewhere/else' } };
    const first = await startLocker(run);
    const before = new Browser(first.url);
    await signIn(before);
    await upload(before, 'notes.txt', 'kept');
    await first.stop('SIGKILL');
    const again = new Browser((await startLocker(run)).url);
    await signIn(again);
    const [file] = (await listFiles(again)) as [ListedFile];
    expect((await again.get(file.url)).text).toBe('kept');
    expect(existsSync(join(run.cwd, 'somewhere', 'else', 'files'))).toBe(true);
  });
});

describe('a shared link', () => {
  test('works for whoever has it, until it expires', async () => {
    const owner = await somebody();
    const path = pathOf(await oneFile(owner));
    const page = await owner.get(`${path}/share`);
    expect(page.text).toMatch(/value="3s" required checked> 3 seconds<.*value="1h" required> 1 hour</s);
    const made = await sendForm(owner, `${path}/share`, `${path}/share`, { for: '3s' });
    expect(made.text).toContain('It works for 3 seconds.');
    expect(made.text).toContain(`<a href="${url}/shared/`);
    const link = linkIn(made);
    const stranger = new Browser(url);
    const about = await stranger.get(link);
    expect([about.status, title(about)]).toEqual([200, '<bdi>notes.txt</bdi>']);
    expect(about.setCookies).toEqual([]);
    expect(about.headers.get('cache-control')).toBe('private, no-store');
    const download = (/href="(\/blobs\/[^"]+)"/.exec(about.text)?.[1] as string).replaceAll('&amp;', '&');
    expect((await stranger.get(download)).text).toBe('some notes');
    await until(async () => (await stranger.get(link)).status !== 200);
    const late = await stranger.get(link);
    expect([late.status, title(late)]).toEqual([403, 'This link does not work']);
    expect(late.text).not.toContain('notes.txt');
    await until(async () => (await stranger.get(download)).status === 403);
  });

  test('works unaltered, for that file alone, and while it is there', async () => {
    const owner = await somebody();
    const path = pathOf(await oneFile(owner));
    const other = await oneFile(owner, 'secret.txt');
    const link = linkIn(await sendForm(owner, `${path}/share`, `${path}/share`, { for: '1h' }));
    const stranger = new Browser(url);
    expect((await stranger.get(link)).status).toBe(200);
    const signature = link.slice(link.indexOf('?'));
    const owned = /^\/shared\/(\w+)\//.exec(link)?.[1];
    for (const altered of [
      link.slice(0, -1),
      link.replace('notes', 'Notes'),
      `${link}&for=7d`,
      `/shared/${owned}/${other.id}/secret.txt${signature}`,
      link.slice(0, link.indexOf('?')),
      `/blobs${link.slice('/shared'.length)}`,
      `/shared/..%2f..%2faccounts.json${signature}`,
    ])
      expect([altered, (await stranger.get(altered)).status]).toEqual([altered, 403]);
    expect((await stranger.get(`${link}x`, JSON_PLEASE)).json).toEqual({ error: 'This link does not work' });
    await sendForm(owner, '/', `${path}/delete`);
    const gone = await stranger.get(link);
    expect([gone.status, title(gone)]).toEqual([404, 'This file is gone']);
  });

  test('lives only as long as is offered', async () => {
    const owner = await somebody();
    const path = pathOf(await oneFile(owner));
    for (const fields of [{ for: '30d' }, { for: '' }, {}] as Record<string, string>[]) {
      const answer = await sendForm(owner, `${path}/share`, `${path}/share`, fields);
      expect([answer.status, title(answer)]).toEqual([400, 'A link has to expire']);
    }
  });
});

describe('others', () => {
  test('see nothing of a file: not in their list, not by its address, not by a link of its owner', async () => {
    const owner = await somebody();
    const path = pathOf(await oneFile(owner));
    const own = (await owner.get(path)).headers.get('location') as string;
    const other = await somebody();
    expect(await listFiles(other)).toEqual([]);
    expect((await other.get(path)).status).toBe(404);
    expect((await other.get(`${path}/share`)).status).toBe(404);
    for (const action of ['delete', 'share']) {
      expect((await sendForm(other, '/', `${path}/${action}`, { for: '1h' })).status).toBe(404);
    }
    expect((await owner.get(own)).status).toBe(200);
    expect((await other.get(own)).status).toBe(403);
    await signOut(owner);
    expect((await owner.get(own)).status).toBe(403);
    expect((await owner.get(path)).status).toBe(401);
  });

  test('who are not signed in are asked to', async () => {
    const nobody = new Browser(url);
    const { csrfToken } = (await nobody.get('/', JSON_PLEASE)).json;
    const before = stored();
    const data = new FormData();
    data.set('_csrf', csrfToken);
    data.set('file', new File(['x'], 'x.txt'));
    const answer = await nobody.ask('/files', { method: 'POST', data, headers: OWN_FORM });
    expect([answer.status, title(answer)]).toEqual([401, 'Please sign in']);
    const list = await nobody.get('/files', JSON_PLEASE);
    expect([list.status, list.json]).toEqual([401, { error: 'Please sign in' }]);
    expect(stored()).toEqual(before);
  });
});

describe('an upload', () => {
  test('is refused without the token of the page, behind the file, and from another site', async () => {
    const browser = await somebody();
    const token = tokenIn((await browser.get('/')).text);
    const before = stored();
    const send = async (entries: readonly [string, string | File][], headers: Record<string, string>) => {
      const data = new FormData();
      for (const [name, value] of entries) data.set(name, value);
      return (await browser.ask('/files', { method: 'POST', data, headers })).status;
    };
    const file = new File(['x'.repeat(100_000)], 'x.txt');
    expect(await send([['file', file]], OWN_FORM)).toBe(403);
    const [field, part] = [['_csrf', token] as [string, string], ['file', file] as [string, File]];
    expect(await send([part, field], OWN_FORM)).toBe(403);
    const right = [field, part];
    expect(await send(right, { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await send(right, { origin: 'https://evil.example' })).toBe(403);
    expect(stored()).toEqual(before);
    expect(await send(right, OWN_FORM)).toBe(303);
  });

  test('that is too large, says so, with or without its length', async () => {
    const browser = await somebody();
    const before = stored();
    for (const size of [LIMIT + 1, LIMIT * 20]) {
      const answer = await upload(browser, 'big.iso', new Uint8Array(size));
      expect([answer.status, title(answer)]).toEqual([413, 'This file is too large']);
      expect(answer.text).toContain('Files may have up to 195 KB.');
    }
    expect(stored()).toEqual(before);
    expect((await upload(browser, 'full.iso', new Uint8Array(LIMIT))).status).toBe(303);
  });

  test('without a file is refused', async () => {
    const browser = await somebody();
    expect((await upload(browser, '', '')).status).toBe(400);
    const data = new FormData();
    data.set('_csrf', tokenIn((await browser.get('/')).text));
    expect((await browser.ask('/files', { method: 'POST', data, headers: OWN_FORM })).status).toBe(400);
    expect((await sendForm(browser, '/', '/files')).status).toBe(400);
  });

  test('that breaks off leaves nothing', async () => {
    const browser = await somebody();
    const token = tokenIn((await browser.get('/')).text);
    const before = stored();
    const asked = request(`${url}/files`, {
      method: 'POST',
      headers: {
        cookie: await browser.jar.getCookieString(url),
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': '150000',
        ...OWN_FORM,
      },
    }).on('error', () => undefined);
    asked.write(`--b\r\ncontent-disposition: form-data; name="_csrf"\r\n\r\n${token}\r\n`);
    asked.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n');
    asked.write('x'.repeat(90_000));
    await until(() => stored().some((name) => name.endsWith('.part')));
    asked.destroy();
    await until(() => stored().length === before.length);
    expect(stored()).toEqual(before);
    expect(await listFiles(browser)).toEqual([]);
  });

  test('may be called anything, and stays in its folder', async () => {
    const browser = await somebody();
    const names: Readonly<Record<string, string>> = {
      '../../accounts.json': 'accounts.json',
      '..\\..\\windows.ini': 'windows.ini',
      '...': 'file',
      '.htaccess': 'htaccess',
      'nul.txt': '_nul.txt',
      'a\u202egpj.exe': 'agpj.exe',
      'tab\there.txt': 'tabhere.txt',
      '..%2f..%2fetc%2fpasswd': '_2f.._2fetc_2fpasswd',
      '<script>alert(1)<': '_script_alert(1)_',
      'what: "now"?.txt': 'what_ _now__.txt',
      'x; filename=evil.exe': 'x; filename=evil.exe',
      '100% sure.txt': '100% sure.txt',
      ' spaces . ': 'spaces',
      ['x'.repeat(4096)]: 'x'.repeat(120),
      ['ü'.repeat(300)]: 'ü'.repeat(120),
      'Ünïcödé 😀.txt': 'Ünïcödé 😀.txt',
    };
    for (const [given, kept] of Object.entries(names)) {
      expect([given, (await upload(browser, given)).status]).toEqual([given, 303]);
      const [file] = (await listFiles(browser)) as [ListedFile];
      expect([given, file.name]).toEqual([given, kept]);
      expect((await browser.get(file.url)).text).toBe('content');
      const page = await browser.get('/');
      expect(page.text).not.toMatch(/<script|\u202e/);
      expect((await browser.get(`${pathOf(file)}/share`)).status).toBe(200);
      expect((await sendForm(browser, '/', `${pathOf(file)}/delete`)).status).toBe(303);
    }
    expect(readdirSync(join(cwd, '.locker'))).toEqual(['files']);
    expect(stored().filter((name) => !/^[0-9a-f]{64}\.blob$/.test(name))).toEqual([]);
  });

  test('that could run in a browser is handed out to be saved only', async () => {
    const browser = await somebody();
    await upload(browser, 'evil.html', '<script>alert(1)</script>', { type: 'text/html' });
    const [file] = (await listFiles(browser)) as [ListedFile];
    const { headers } = await browser.get(file.url);
    expect(headers.get('content-disposition')).toMatch(/^attachment/);
    expect(headers.get('content-security-policy')).toContain('sandbox');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
