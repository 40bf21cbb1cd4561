import {
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { thisPlace } from '../../src/blobs/files.js';
import { createBlobStore } from '../../src/blobs/index.js';
import { until } from '../support/waiting.js';
import { bytesOf, newStore } from './support.js';

const code = (name: string) => expect.objectContaining({ code: name });

describe('a blob store', () => {
  test('keeps what it is given, and says what it has', async () => {
    const { store, clock } = await newStore();
    const info = await store.put('reports/März 2026.pdf', Buffer.from('content'), {
      type: 'Application/PDF',
    });
    expect(info).toEqual({
      name: 'reports/März 2026.pdf',
      size: 7,
      type: 'application/pdf',
      etag: expect.stringMatching(/^"[\w-]{20}"$/),
      modifiedAt: new Date(clock.now),
    });
    const blob = await store.get('reports/März 2026.pdf');
    expect(blob).toMatchObject(info);
    expect(await store.info('reports/März 2026.pdf')).toEqual(info);
    expect((await bytesOf(blob?.stream() as Readable)).toString()).toBe('content');
    expect((await bytesOf(blob?.stream({ start: 3, end: 4 }) as Readable)).toString()).toBe('te');
    expect((await bytesOf(blob?.stream({ start: 5, end: 99 }) as Readable)).toString()).toBe('nt');
    expect(() => blob?.stream({ start: -1, end: 2 })).toThrow(RangeError);
    expect(await store.get('reports/Marz 2026.pdf')).toBeUndefined();
  });

  test('takes bytes, streams, generators and web streams, and nothing at all', async () => {
    const { store } = await newStore();
    const sources = {
      bytes: new Uint8Array([97, 98]),
      stream: Readable.from([Buffer.from('a'), 'b'], { objectMode: true }),
      generator: (async function* () {
        yield Buffer.from('a');
        yield Buffer.from('b');
      })(),
      web: new Blob(['ab']).stream() as unknown as AsyncIterable<Uint8Array>,
    };
    for (const [name, source] of Object.entries(sources)) {
      await store.put(name, source);
      expect((await bytesOf((await store.get(name))?.stream() as Readable)).toString()).toBe('ab');
    }
    expect(await store.put('empty', Buffer.alloc(0))).toMatchObject({
      size: 0,
      type: 'application/octet-stream',
    });
    expect(await bytesOf((await store.get('empty'))?.stream() as Readable)).toEqual(Buffer.alloc(0));
  });

  test('replaces only what it may, and then with another ETag', async () => {
    const { store, tree } = await newStore();
    const first = await store.put('a', Buffer.from('1'));
    await expect(store.put('a', Buffer.from('2'))).rejects.toThrow(code('blob_exists'));
    const reading = (await store.get('a'))?.stream() as Readable;
    await new Promise((done) => reading.once('readable', done));
    const second = await store.put('a', Buffer.from('22'), { overwrite: true });
    expect(second.etag).not.toBe(first.etag);
    expect((await bytesOf(reading)).toString()).toBe('1');
    expect(await store.delete('a')).toBe(true);
    expect(await store.delete('a')).toBe(false);
    expect(await store.get('a')).toBeUndefined();
    expect(tree()).toEqual(['blobs']);
  });

  test('a blob that goes between get and stream fails the stream', async () => {
    const { store } = await newStore();
    await store.put('a', Buffer.from('1'));
    const blob = await store.get('a');
    await store.put('a', Buffer.from('2'), { overwrite: true });
    await expect(bytesOf(blob?.stream() as Readable)).rejects.toThrow('replaced or deleted');
  });

  test('of many that put one name at once, one wins', async () => {
    const { store, tree } = await newStore();
    const tries = Array.from({ length: 20 }, (_, index) => store.put('a', Buffer.from(`${index}`)));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(code('blob_exists'));
    expect(tree()).toHaveLength(2);
    const winner = String(outcomes.findIndex(({ status }) => status === 'fulfilled'));
    expect((await bytesOf((await store.get('a'))?.stream() as Readable)).toString()).toBe(winner);
  });

  test('limits size and type, and a refused stream is ended and leaves nothing', async () => {
    const { store, tree } = await newStore({ maxSize: 10, types: ['image/*', 'application/pdf'] });
    const type = 'image/png';
    const endless = () =>
      new Readable({
        read() {
          this.push(Buffer.alloc(4));
        },
      });
    for (const [options, expected] of [
      [{ type }, 'blob_too_large'],
      [{ type, maxSize: 5 }, 'blob_too_large'],
      [{ type, size: 6 }, 'blob_too_large'],
      [{ type, size: 11 }, 'blob_too_large'],
      [{ type: 'text/html' }, 'blob_type_refused'],
      [{ type: 'image' }, 'blob_type_refused'],
      [{}, 'blob_type_refused'],
    ] as const) {
      const stream = endless();
      await expect(store.put('a', stream, options)).rejects.toThrow(code(expected));
      expect(stream.destroyed).toBe(true);
    }
    await expect(store.put('a', Buffer.alloc(5), { type, size: 6 })).rejects.toThrow(code('blob_incomplete'));
    const stream = endless();
    await expect(store.put('../a', stream, { type })).rejects.toThrow(code('blob_name_invalid'));
    expect(stream.destroyed).toBe(true);
    expect(tree()).toEqual(['blobs']);
    await store.put('a', Buffer.alloc(10), { type, size: 10 });
    await store.put('b', Buffer.alloc(1), { type: 'application/pdf' });
  });

  test('a stream that breaks leaves nothing, and the blob that was there', async () => {
    const { store, tree } = await newStore();
    await store.put('a', Buffer.from('old'));
    const before = tree();
    const source = new PassThrough();
    const putting = store.put('a', source, { overwrite: true });
    source.write(Buffer.alloc(100_000));
    await until(() => tree().length > before.length);
    expect(tree()).toHaveLength(before.length + 1);
    source.destroy(new Error('cable cut'));
    await expect(putting).rejects.toThrow('cable cut');
    expect(tree()).toEqual(before);
    expect((await bytesOf((await store.get('a'))?.stream() as Readable)).toString()).toBe('old');
  });

  test('a stream that breaks before it is read is no different, and the process goes on', async () => {
    const { store, tree } = await newStore();
    for (const error of [new Error('cable cut'), undefined]) {
      const source = new PassThrough();
      const putting = store.put('a', source);
      source.destroy(error);
      await expect(putting).rejects.toThrow(error?.message ?? 'Premature close');
    }
    expect(tree()).toEqual(['blobs']);
  });

  test('lists what is there, by the beginning of the name', async () => {
    const { store, folder } = await newStore();
    for (const name of ['ada/1', 'ada/2', 'bob/1']) await store.put(name, Buffer.from(name));
    writeFileSync(join(folder, 'README'), 'not a blob');
    const names = async (beginning?: string) => {
      const found: string[] = [];
      for await (const { name } of store.list(beginning)) found.push(name);
      return found.sort();
    };
    expect(await names()).toEqual(['ada/1', 'ada/2', 'bob/1']);
    expect(await names('ada/')).toEqual(['ada/1', 'ada/2']);
  });

  test('its files are for their owner only', async () => {
    const { store, folder, tree } = await newStore();
    await store.put('a', Buffer.from('1'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, '..', tree()[1] as string)).mode & 0o777).toBe(0o600);
  });

  test('a blob that is damaged or not one counts as none', async () => {
    const { store, outside, tree } = await newStore();
    await store.put('a', Buffer.from('1'));
    const path = join(outside, tree()[1] as string);
    const whole = readFileSync(path);
    for (const broken of [
      Buffer.alloc(0),
      whole.subarray(1),
      whole.subarray(0, -1),
      Buffer.concat([Buffer.from('x'), whole]),
      Buffer.concat([whole.subarray(0, -12), Buffer.from('ffffffff', 'hex'), whole.subarray(-8)]),
      Buffer.from(whole.toString('latin1').replace('"a"', '"b"'), 'latin1'),
      Buffer.from('hello'),
      Buffer.alloc(10_000),
    ]) {
      writeFileSync(path, broken);
      expect(await store.info('a')).toBeUndefined();
    }
  });

  test('no symlink leads out of the folder', async () => {
    const { store, outside, tree, keyturn } = await newStore();
    await store.put('a', Buffer.from('secret'));
    const inside = join(outside, tree()[1] as string);
    const elsewhere = join(outside, 'elsewhere');
    writeFileSync(elsewhere, readFileSync(inside));
    await store.delete('a');
    symlinkSync(elsewhere, inside);
    expect(await store.get('a')).toBeUndefined();
    await expect(store.put('a', Buffer.from('x'))).rejects.toThrow(code('blob_exists'));
    const kept = readFileSync(elsewhere);
    await store.put('a', Buffer.from('x'), { overwrite: true });
    expect(lstatSync(inside).isFile()).toBe(true);
    expect(readFileSync(elsewhere)).toEqual(kept);
    await store.delete('a');
    symlinkSync(elsewhere, inside);
    expect(await store.delete('a')).toBe(true);
    expect(readFileSync(elsewhere)).toEqual(kept);
    mkdirSync(inside);
    expect(await store.get('a')).toBeUndefined();
    // The folder itself may be one: that is the operator's doing.
    const alias = join(outside, 'alias');
    symlinkSync(join(outside, 'blobs'), alias);
    const other = await createBlobStore(keyturn, { folder: alias });
    await other.put('b', Buffer.from('1'));
    expect(await store.info('b')).toBeDefined();
  });

  test('opening it clears away what killed uploads have left, and no living ones', async () => {
    const { store, keyturn, folder, tree } = await newStore();
    const part = (owner: string) =>
      join(
        folder,
        `${'a'.repeat(64)}.${owner}.${Math.random().toString().padEnd(18, '0').slice(2, 18)}.part`,
      );
    const [here, elsewhere] = [thisPlace(), 'x'.repeat(16)];
    const hour = 3600_000;
    const dead = [part(`999999@${here}`), part(`1@${elsewhere}`), part(`${process.pid}@${here}`)];
    for (const path of dead) {
      writeFileSync(path, 'half');
      utimesSync(path, new Date(), new Date(Date.now() - 2 * hour));
    }
    // In another container no process of this id runs here, whatever the host is called.
    const alive = [part(`999999@${elsewhere}`), part(`${process.ppid}@${here}`), join(folder, 'notes.part')];
    for (const path of alive) writeFileSync(path, 'half');
    const source = new PassThrough();
    const before = tree().length;
    const putting = store.put('living', source);
    source.write('1');
    await until(() => tree().length > before);
    await createBlobStore(keyturn, { folder });
    source.end('2');
    expect(await putting).toMatchObject({ size: 2 });
    expect(tree()).toHaveLength(1 + alive.length + 1);
  });

  test('its options are looked at', async () => {
    const { keyturn, folder } = await newStore();
    for (const options of [
      { prefix: 'blobs' },
      { prefix: '/' },
      { prefix: '/a/../b' },
      { prefix: '/a b' },
      { base: 'x' },
    ])
      await expect(createBlobStore(keyturn, { folder, ...options })).rejects.toThrow(code('link_invalid'));
  });
});
