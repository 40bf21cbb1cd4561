// Uploads over a real server: what a link allows, what is refused, and what breaks.
import { Agent } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BlobStore } from '../../src/blobs/index.js';
import type { BlobWriter } from '../../src/blobs/parts.js';
import { until } from '../support/waiting.js';
import { newServer, send } from './support.js';

const HOUR_AGO = 'Thu, 15 Jan 2026 11:00:00 GMT';

describe('an upload', () => {
  const put = (body: string, headers: Record<string, string> = {}) => ({ method: 'PUT', body, headers });

  test('by PUT or POST makes a blob, and tells of it', async () => {
    const { ask, store } = await newServer();
    for (const method of ['PUT', 'POST'] as const) {
      const link = store.signedUrl(method, { method, type: 'image/png' });
      const answer = await ask(link, { method, body: 'hello', headers: { 'content-type': 'image/png' } });
      expect(answer.status).toBe(201);
      const info = await store.info(method);
      expect(JSON.parse(answer.body.toString())).toEqual({
        name: method,
        size: 5,
        type: 'image/png',
        etag: info?.etag,
      });
      expect(answer.headers).toMatchObject({ etag: info?.etag, 'cache-control': 'no-store' });
      expect((await ask(link, { method: method === 'PUT' ? 'POST' : 'PUT', body: 'x' })).status).toBe(403);
      for (const other of ['GET', 'HEAD']) expect((await ask(link, { method: other })).status).toBe(403);
      expect((await ask(store.signedUrl('a'), { method, body: 'x' })).status).toBe(403);
    }
    expect((await ask('/blobs/a', { method: 'DELETE' })).status).toBe(404);
  });

  test('replaces only where the link says so', async () => {
    const { ask, store } = await newServer();
    const once = store.signedUrl('a', { method: 'PUT' });
    expect((await ask(once, put('1'))).status).toBe(201);
    expect((await ask(once, put('2'))).status).toBe(409);
    expect((await ask(once.replace('?', '?overwrite=1&'), put('2'))).status).toBe(403);
    const often = store.signedUrl('a', { method: 'PUT', overwrite: true });
    expect((await ask(often, put('22'))).status).toBe(200);
    const { etag } = JSON.parse((await ask(often, put('333'))).body.toString());
    for (const [headers, status] of [
      [{ 'if-match': '"other"' }, 412],
      [{ 'if-none-match': '*' }, 412],
      [{ 'if-unmodified-since': HOUR_AGO }, 412],
      [{ 'if-match': etag }, 200],
    ] as const)
      expect((await ask(often, put('4', headers))).status).toBe(status);
    await store.delete('a');
    expect((await ask(often, put('5', { 'if-match': '*' }))).status).toBe(412);
    expect((await ask(often, put('5', { 'if-none-match': '*' }))).status).toBe(201);
  });

  test('has the type of the link', async () => {
    const { ask, store } = await newServer({ types: ['image/*', 'text/plain'] });
    const of = (type: string | undefined) =>
      store.signedUrl(`${Math.random()}`, { method: 'PUT', ...(type === undefined ? {} : { type }) });
    for (const [agreed, sent, status] of [
      ['image/png', 'image/png', 201],
      ['image/png', 'IMAGE/PNG', 201],
      ['image/png', undefined, 201],
      ['image/png', 'image/jpeg', 415],
      ['image/png', 'text/html', 415],
      ['text/plain', 'text/plain; charset=UTF-8', 201],
      ['text/plain; charset=utf-8', 'text/plain;charset="utf-8"', 201],
      ['text/plain; charset=utf-8', 'text/plain', 415],
      [undefined, 'image/webp', 201],
      [undefined, 'text/html', 415],
      [undefined, undefined, 415],
      [undefined, 'rubbish', 415],
    ] as const) {
      const answer = await ask(of(agreed), put('x', sent === undefined ? {} : { 'content-type': sent }));
      expect([agreed, sent, answer.status]).toEqual([agreed, sent, status]);
    }
    expect((await ask(of('image/png'), put('x', { 'content-encoding': 'gzip' }))).status).toBe(415);
    expect((await ask(of('image/png'), put('x', { 'content-range': 'bytes 0-0/5' }))).status).toBe(400);
  });

  test('has the size of the link, and a length where that is needed', async () => {
    const { ask, store, tree, url } = await newServer({ maxSize: 10 });
    const link = (options: object) => store.signedUrl('a', { method: 'PUT', overwrite: true, ...options });
    expect((await ask(link({ size: 5 }), put('12345'))).status).toBe(201);
    expect((await ask(link({ size: 5 }), put('123456'))).status).toBe(413);
    expect((await ask(link({ size: 5 }), put('1234'))).status).toBe(400);
    expect((await ask(link({ maxSize: 5 }), put('123456'))).status).toBe(413);
    expect((await ask(link({ maxSize: 5 }), put('12345'))).status).toBe(200);
    expect((await ask(link({}), put('12345678901'))).status).toBe(413);
    expect((await ask(link({}), put(''))).status).toBe(200);
    // Without a length: counted as it comes, and refused where an exact one was agreed on.
    const chunked = async (options: object, body: string) => {
      const sent = { method: 'PUT', body: new Blob([body]).stream(), duplex: 'half' };
      return (await fetch(url + link(options), sent as RequestInit)).status;
    };
    expect(await chunked({ maxSize: 5 }, '12345')).toBe(200);
    expect(await chunked({ maxSize: 5 }, '123456')).toBe(413);
    expect(await chunked({ size: 5 }, '12345')).toBe(411);
    const bare = link({});
    expect((await store.handle({ method: 'PUT', url: bare, headers: {} })).status).toBe(411);
    expect(
      (await store.handle({ method: 'PUT', url: bare, headers: { 'content-length': 'x' } })).status,
    ).toBe(400);
    expect(tree()).toHaveLength(2);
  });

  test('that is refused early or late gets its answer, and the connection goes on', async () => {
    const { app, store, url, tree } = await newServer({ maxSize: 3_000_000 });
    await store.put('a', Buffer.from('1'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const { port } = app.server.address() as AddressInfo;
    const ask = (path: string, body: Uint8Array, headers = {}) =>
      send({ host: '127.0.0.1', port, path, agent }, { method: 'PUT', body, headers });
    const big = Buffer.alloc(2_900_000);
    expect((await ask(store.signedUrl('a', { method: 'PUT' }), big)).status).toBe(409);
    expect((await ask('/blobs/a', big)).status).toBe(403);
    expect((await ask(store.signedUrl('b', { method: 'PUT', maxSize: 9 }), big)).status).toBe(413);
    expect((await ask(store.signedUrl('b', { method: 'PUT' }), big)).status).toBe(201);
    expect(await (await fetch(url + store.signedUrl('b'))).arrayBuffer()).toEqual(big.buffer);
    expect(tree()).toHaveLength(3);
  });

  test('whose connection breaks leaves nothing', async () => {
    const { app, store, tree } = await newServer();
    const { port } = app.server.address() as AddressInfo;
    for (const framing of ['content-length: 1000000', 'transfer-encoding: chunked']) {
      const socket = connect(port, '127.0.0.1');
      const chunk = framing.startsWith('t') ? '4\r\nhalf\r\n' : 'half';
      socket.write(
        `PUT ${store.signedUrl('a', { method: 'PUT' })} HTTP/1.1\r\nhost: x\r\n${framing}\r\n\r\n${chunk}`,
      );
      await until(() => tree().length === 2);
      expect(tree()[1]).toMatch(/\.part$/);
      expect(await store.get('a')).toBeUndefined();
      socket.destroy();
      await until(() => tree().length === 1);
    }
    expect(await store.get('a')).toBeUndefined();
  });

  test('that fills the disk is answered so, and leaves nothing', async () => {
    const { store } = await newServer();
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    (store as BlobStore & BlobWriter).putIf = () => Promise.reject(full);
    const answer = await store.handle({
      method: 'PUT',
      url: store.signedUrl('a', { method: 'PUT' }),
      headers: { 'content-length': '1' },
    });
    expect(answer.status).toBe(507);
  });
});
