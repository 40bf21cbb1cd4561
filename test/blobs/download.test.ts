// Downloads over a real server: conditions, ranges, and what browsers are told.
import { describe, expect, test } from 'vitest';
import { newServer } from './support.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const HOUR_AGO = 'Thu, 15 Jan 2026 11:00:00 GMT';
const WRITTEN = 'Thu, 15 Jan 2026 12:00:00 GMT';
const LATER = 'Thu, 15 Jan 2026 13:00:00 GMT';

async function alphabet() {
  const server = await newServer();
  const { etag } = await server.store.put('a.txt', Buffer.from(ALPHABET), { type: 'text/plain' });
  server.clock.advance(60);
  return { ...server, etag, link: server.store.signedUrl('a.txt', { maxAge: '1h' }) };
}

describe('a download', () => {
  test('comes with what a browser and a cache must know', async () => {
    const { ask, link, etag, url } = await alphabet();
    const answer = await ask(link);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(ALPHABET);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '26',
      'content-disposition': 'inline; filename="a.txt"',
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=300',
      'cross-origin-resource-policy': 'same-origin',
      'last-modified': WRITTEN,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      etag,
    });
    const head = await ask(link, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    const { date: _one, ...described } = head.headers;
    const { date: _other, ...expected } = answer.headers;
    expect(described).toEqual(expected);
    expect(await (await fetch(url + link)).text()).toBe(ALPHABET);
  });

  test('is cached by the browser alone, and not beyond the expiry of the link', async () => {
    const { ask, store, clock } = await alphabet();
    const link = store.signedUrl('a.txt', { maxAge: '6min' });
    const caching = async () => (await ask(link)).headers['cache-control'];
    expect(await caching()).toBe('private, max-age=300');
    clock.advance(350);
    expect(await caching()).toBe('private, max-age=10');
    clock.advance(10);
    const expired = await ask(link);
    expect(expired.status).toBe(403);
    expect(expired.headers['cache-control']).toBe('no-store');
  });

  const CONDITIONS: ReadonlyArray<readonly [Record<string, string>, number, number?]> = [
    [{ 'if-none-match': '<etag>' }, 304],
    [{ 'if-none-match': 'W/<etag>' }, 304],
    [{ 'if-none-match': '"other", <etag>' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"' }, 200],
    [{ 'if-none-match': 'rubbish' }, 200],
    [{ 'if-modified-since': WRITTEN }, 304],
    [{ 'if-modified-since': LATER }, 304],
    [{ 'if-modified-since': HOUR_AGO }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ 'if-modified-since': '2026' }, 200],
    // The ETag decides where there is one.
    [{ 'if-none-match': '"other"', 'if-modified-since': LATER }, 200],
    [{ 'if-none-match': '<etag>', 'if-modified-since': HOUR_AGO }, 304],
    [{ 'if-match': '<etag>' }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"other"' }, 412],
    [{ 'if-match': 'W/<etag>' }, 412],
    [{ 'if-unmodified-since': WRITTEN }, 200],
    [{ 'if-unmodified-since': HOUR_AGO }, 412],
    [{ 'if-match': '<etag>', 'if-unmodified-since': HOUR_AGO }, 200],
    [{ 'if-match': '"other"', 'if-none-match': '<etag>' }, 412],
    [{ 'if-match': '<etag>', 'if-none-match': '<etag>' }, 304],
    [{ range: 'bytes=0-4', 'if-none-match': '<etag>' }, 304],
    [{ range: 'bytes=0-4', 'if-match': '"other"' }, 412],
    [{ range: 'bytes=0-4', 'if-range': '<etag>' }, 206, 5],
    [{ range: 'bytes=0-4', 'if-range': WRITTEN }, 206, 5],
    [{ range: 'bytes=0-4', 'if-range': '"other"' }, 200],
    [{ range: 'bytes=0-4', 'if-range': 'W/<etag>' }, 200],
    [{ range: 'bytes=0-4', 'if-range': LATER }, 200],
    [{ range: 'bytes=0-4', 'if-range': HOUR_AGO }, 200],
    [{ range: 'bytes=99-', 'if-range': '"other"' }, 200],
  ];

  test.each(
    CONDITIONS.map(([headers, status, length = 26]) => [headers, status, length] as const),
  )('with %j: %i', async (headers, status, length) => {
    const { ask, link, etag } = await alphabet();
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('<etag>', etag)]),
    );
    const answer = await ask(link, { headers: sent });
    expect(answer.status).toBe(status);
    if (status < 300) expect(answer.body).toHaveLength(length);
    if (status !== 304) return;
    expect(answer.body).toHaveLength(0);
    expect(answer.headers).toMatchObject({ etag, 'cache-control': 'private, max-age=300' });
    expect(answer.headers['content-length']).toBeUndefined();
    expect((await ask(link, { method: 'HEAD', headers: sent })).status).toBe(304);
  });

  const RANGES: ReadonlyArray<readonly [string, number, string?, string?]> = [
    ['bytes=0-0', 206, 'a', '0-0'],
    ['bytes=0-25', 206, ALPHABET, '0-25'],
    ['bytes=5-9', 206, 'fghij', '5-9'],
    ['bytes=20-', 206, 'uvwxyz', '20-25'],
    ['bytes=20-1000', 206, 'uvwxyz', '20-25'],
    ['bytes=-3', 206, 'xyz', '23-25'],
    ['bytes=-1000', 206, ALPHABET, '0-25'],
    ['Bytes = 1-2', 206, 'bc', '1-2'],
    ['bytes=0-99999999999999999999999999', 206, ALPHABET, '0-25'],
    ['bytes=26-', 416],
    ['bytes=26-30', 416],
    ['bytes=99999999999999999999999999-', 416],
    ['bytes=-0', 416],
    ['bytes=9-5', 200],
    ['bytes=', 200],
    ['bytes=-', 200],
    ['bytes=a-b', 200],
    ['bytes=1-2-3', 200],
    ['bytes=0x1-2', 200],
    ['lines=1-2', 200],
    ['1-2', 200],
    // Several at once: everything is sent, which is always allowed.
    ['bytes=0-1,4-5', 200],
  ];

  test.each(
    RANGES.map(([range, status, part = ALPHABET, content]) => [range, status, part, content] as const),
  )('Range: %s: %i', async (range, status, part, content) => {
    const { ask, link } = await alphabet();
    const answer = await ask(link, { headers: { range } });
    expect(answer.status).toBe(status);
    if (status === 416) {
      expect(answer.headers['content-range']).toBe('bytes */26');
      return;
    }
    expect(answer.body.toString()).toBe(part);
    expect(answer.headers['content-length']).toBe(String(part.length));
    expect(answer.headers['content-range']).toBe(content === undefined ? undefined : `bytes ${content}/26`);
    const head = await ask(link, { method: 'HEAD', headers: { range } });
    expect([head.status, head.headers['content-length']]).toEqual([200, '26']);
  });

  test('of nothing is empty, and has no ranges', async () => {
    const { ask, store } = await newServer();
    await store.put('a', Buffer.alloc(0));
    const link = store.signedUrl('a');
    expect(await ask(link)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await ask(link, { headers: { range: 'bytes=0-' } })).status).toBe(416);
  });

  test('a date vouches for nothing while its second can bring another version', async () => {
    const { ask, store, clock } = await newServer();
    clock.advance(0.5);
    await store.put('a', Buffer.from(ALPHABET));
    const headers = { range: 'bytes=0-1', 'if-range': WRITTEN };
    expect((await ask(store.signedUrl('a'), { headers })).status).toBe(200);
    clock.advance(2);
    expect((await ask(store.signedUrl('a'), { headers })).status).toBe(206);
  });
});

describe('what a browser may do with it', () => {
  test.each([
    ['image/png', 'inline'],
    ['image/jpeg', 'inline'],
    ['text/plain; charset=utf-8', 'inline'],
    ['text/html', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['application/xhtml+xml', 'attachment'],
    ['application/pdf', 'attachment'],
    ['text/xml', 'attachment'],
    ['text/javascript', 'attachment'],
    ['application/octet-stream', 'attachment'],
    ['video/mp4', 'attachment'],
    ['x/unheard-of', 'attachment'],
  ])('%s: %s', async (type, kind) => {
    const { ask, store } = await newServer();
    await store.put('a', Buffer.from('<script>'), { type });
    const { headers } = await ask(store.signedUrl('a'));
    expect(headers['content-type']).toBe(type);
    expect(headers['content-disposition']).toMatch(new RegExp(`^${kind};`));
    expect(headers['content-security-policy']).toBe(
      kind === 'inline' ? undefined : "default-src 'none'; sandbox",
    );
    expect(headers['x-content-type-options']).toBe('nosniff');
    const saved = await ask(store.signedUrl('a', { download: true }));
    expect(saved.headers['content-disposition']).toBe('attachment; filename="a"');
  });

  test.each([
    ['report.pdf', 'filename="report.pdf"'],
    ['März.pdf', 'filename="M_rz.pdf"; filename*=UTF-8\'\'M%C3%A4rz.pdf'],
    ['a"b\\c.txt', 'filename="a_b_c.txt"'],
    ['100%.txt', 'filename="100_.txt"; filename*=UTF-8\'\'100%25.txt'],
    ["it's (1)*.txt", 'filename="it\'s (1)_.txt"'],
    ['../../etc/passwd', 'filename="_.._etc_passwd"'],
    ['C:\\autoexec.bat', 'filename="C__autoexec.bat"'],
    ['a\r\nset-cookie: x=1', 'filename="aset-cookie_ x=1"'],
    ['photo\u202egnp.exe', 'filename="photognp.exe"'],
    ['日本語.txt', 'filename="___.txt"; filename*=UTF-8\'\'%E6%97%A5%E6%9C%AC%E8%AA%9E.txt'],
    ['😀', 'filename="_"; filename*=UTF-8\'\'%F0%9F%98%80'],
    ['\ud800.txt', 'filename="_.txt"; filename*=UTF-8\'\'%EF%BF%BD.txt'],
    ['...', 'filename="file"'],
    ['.env', 'filename="env"'],
  ])('the file name %j is %s', async (download, expected) => {
    const { ask, store } = await newServer();
    await store.put('a', Buffer.from('x'));
    const { status, headers } = await ask(store.signedUrl('a', { download }));
    expect(status).toBe(200);
    expect(headers['content-disposition']).toBe(`attachment; ${expected}`);
  });
});

describe('what a link asks for', () => {
  const shown = async (type: string, options: { show?: boolean; download?: true } = { show: true }) => {
    const { ask, store } = await newServer();
    await store.put('a', Buffer.from('x'), { type });
    const { headers } = await ask(store.signedUrl('a', options));
    const kind = headers['content-disposition']?.split(';')[0];
    return [kind, headers['content-security-policy']];
  };
  const SANDBOX = "default-src 'none'; sandbox";
  const PLAYER = "default-src 'none'; media-src 'self'; sandbox allow-same-origin";

  test('is shown in place where the type cannot harm, in a sandbox where it is no picture', async () => {
    expect(await shown('application/pdf')).toEqual(['inline', SANDBOX]);
    for (const type of ['video/mp4', 'audio/ogg']) {
      expect(await shown(type)).toEqual(['inline', PLAYER]);
      expect(await shown(type, {})).toEqual(['attachment', SANDBOX]);
      expect(await shown(type, { show: true, download: true })).toEqual(['attachment', SANDBOX]);
    }
    expect(await shown('image/png')).toEqual(['inline', undefined]);
    for (const type of [
      'text/html',
      'image/svg+xml',
      'application/xml',
      'application/octet-stream',
      'video/x+xml',
      'audio/evil+xml; charset=utf-8',
      'video/xml',
    ])
      expect(await shown(type)).toEqual(['attachment', SANDBOX]);
    expect(await shown('application/pdf', {})).toEqual(['attachment', SANDBOX]);
    expect(await shown('application/pdf', { show: true, download: true })).toEqual(['attachment', SANDBOX]);
  });

  test('is every blob of a folder, by one query', async () => {
    const { ask, store } = await newServer();
    for (const name of ['v/1/index.m3u8', 'v/1/high/1.ts', 'v/2/index.m3u8'])
      await store.put(name, Buffer.from(name));
    const link = store.signedUrl('v/1', { folder: true });
    const [path, query] = link.split('?') as [string, string];
    const status = async (name: string) => (await ask(`${path}${name}?${query}`)).status;
    expect(await status('index.m3u8')).toBe(200);
    expect(await status('high/1.ts')).toBe(200);
    expect(await status('none.ts')).toBe(404);
    expect(await status('../2/index.m3u8')).toBe(403);
    expect(await status('..%2F2/index.m3u8')).toBe(403);
    expect((await ask(`/blobs/v/2/index.m3u8?${query}`)).status).toBe(403);
  });

  test('is every blob of a folder, whatever signs its name has', async () => {
    const { ask, store } = await newServer();
    const names = ['100% cotton.mp4', 'a;b.txt', 'a#1.txt', 'a%2Fb.txt', 'a+b=c&d@e,$.txt', 'März (1).txt'];
    const [path, query] = store.signedUrl('ada', { folder: true }).split('?') as [string, string];
    const status = async (rest: string) => (await ask(`${path}${rest}?${query}`)).status;
    for (const name of names) {
      await store.put(`ada/${name}`, Buffer.from(name));
      expect(await status(encodeURIComponent(name)), name).toBe(200);
    }
    for (const out of [
      '..%3B/b/x',
      '..;/b/x',
      '..%252Fb',
      '%252e%252e/b',
      'a%3F',
      'a%5Cb',
      'a//b',
      'a%2F..%2F..%2Fb',
    ])
      expect(await status(out), out).toBe(403);
    expect(await status('')).toBe(404);
  });

  test('may be embedded by whom the store says, and refusals too', async () => {
    const { ask, store } = await newServer({ resourcePolicy: 'cross-origin' });
    await store.put('a.png', Buffer.from('x'), { type: 'image/png' });
    for (const url of [store.signedUrl('a.png'), '/blobs/a.png'])
      expect((await ask(url)).headers['cross-origin-resource-policy']).toBe('cross-origin');
    await expect(newServer({ resourcePolicy: 'all' as never })).rejects.toMatchObject({
      code: 'argument_invalid',
    });
  });
});
