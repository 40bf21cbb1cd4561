// Several uploads at once: what one link may hold on the disk, and whose work a precondition protects.
import { readdirSync, statSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BlobAnswer } from '../../src/blobs/index.js';
import { until } from '../support/waiting.js';
import { newServer, newStore } from './support.js';

/** A body that ends when it is told to. */
function held(first: string): { readonly body: AsyncIterable<string>; readonly end: () => void } {
  let end = () => {};
  const ended = new Promise<void>((done) => {
    end = done;
  });
  async function* body() {
    yield first;
    await ended;
  }
  return { body: body(), end };
}

test('one link holds its size on the disk twice at most, whatever it is opened with', async () => {
  const SIZE = 300_000;
  const { store, app, folder } = await newServer({ maxSize: SIZE });
  const { port } = app.server.address() as AddressInfo;
  const link = store.signedUrl('a', { method: 'PUT', overwrite: true });
  const answers: string[] = [];
  // A refusal whose upload was still on its way may arrive as the end of the connection.
  const refused = new Set<Socket>();
  const begin = (): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`PUT ${link} HTTP/1.1\r\nHost: x\r\nContent-Length: ${SIZE}\r\n\r\n`);
    socket.write(Buffer.alloc(SIZE - 1));
    socket.once('data', (data) => {
      answers.push(data.toString().slice(9, 12));
      refused.add(socket);
    });
    socket.on('close', () => refused.add(socket));
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  const parts = () => readdirSync(folder).filter((name) => name.endsWith('.part'));
  const bytes = () => parts().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const sockets = Array.from({ length: 12 }, begin);
  await until(() => refused.size === 10 && bytes() === 2 * (SIZE - 1));
  expect(new Set(answers)).toEqual(new Set(['429']));
  expect(parts()).toHaveLength(2);
  // Others are not held up, and what has ended makes room.
  const other = store.signedUrl('b', { method: 'PUT' });
  expect((await store.handle({ method: 'PUT', url: other, headers: { 'content-length': '0' } })).status).toBe(
    201,
  );
  for (const socket of sockets) socket.destroy();
  await until(() => parts().length === 0);
  // The file is gone a moment before its room is free.
  await until(async () => {
    const again = held('x');
    again.end();
    const headers = { 'content-length': '1' };
    return (await store.handle({ method: 'PUT', url: link, headers, body: again.body })).status === 201;
  });
});

test('of two that both saw the same version, one replaces it and the other is told', async () => {
  const { store } = await newStore();
  const { etag } = await store.put('a', Buffer.from('0'));
  const url = store.signedUrl('a', { method: 'PUT', overwrite: true });
  const [first, second] = [held('1'), held('2')];
  const put = (body: AsyncIterable<string>, headers: Record<string, string>): Promise<BlobAnswer> =>
    store.handle({ method: 'PUT', url, headers: { 'content-length': '1', ...headers }, body });
  const answers = [put(first.body, { 'if-match': etag }), put(second.body, { 'if-match': etag })];
  first.end();
  expect((await (answers[0] as Promise<BlobAnswer>)).status).toBe(200);
  second.end();
  expect((await (answers[1] as Promise<BlobAnswer>)).status).toBe(412);
  // Neither does one that expects nothing replace what has come meanwhile.
  await store.delete('a');
  const third = held('3');
  const late = put(third.body, { 'if-none-match': '*' });
  await store.put('a', Buffer.from('4'));
  third.end();
  expect((await late).status).toBe(412);
  const kept: Buffer[] = [];
  for await (const chunk of (await store.get('a'))?.stream() ?? []) kept.push(chunk as Buffer);
  expect(Buffer.concat(kept).toString()).toBe('4');
});

test('a form is not a file', async () => {
  const { store, ask } = await newServer();
  for (const type of [
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'Multipart/Form-Data',
  ]) {
    const link = store.signedUrl('a', { method: 'POST' });
    expect((await ask(link, { method: 'POST', body: 'a=b', headers: { 'content-type': type } })).status).toBe(
      415,
    );
    expect(() => store.signedUrl('a', { method: 'PUT', type })).toThrow(
      expect.objectContaining({ code: 'blob_type_refused' }),
    );
  }
});
