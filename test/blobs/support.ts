// A blob store in a folder of its own, behind a real server.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { blobRoutes } from '../../src/adapters/fastify/index.js';
import { type BlobStore, type BlobStoreOptions, createBlobStore } from '../../src/blobs/index.js';
import type { Keyturn } from '../../src/keyturn.js';
import { type ManualClock, testClock, testKeyturn } from '../support/keyturn.js';

/** A new folder, gone after the test; the store's own folder is to be `blobs` in it. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-blobs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Place {
  readonly keyturn: Keyturn;
  readonly clock: ManualClock;
  readonly store: BlobStore;
  /** Around the store's folder. */
  readonly outside: string;
  /** The store's folder. */
  readonly folder: string;
  /** Everything below {@link outside}. */
  readonly tree: () => readonly string[];
}

export async function newStore(options: Partial<BlobStoreOptions> = {}): Promise<Place> {
  const clock = testClock();
  const keyturn = await testKeyturn({ clock });
  const outside = newFolder();
  const folder = join(outside, 'blobs');
  const store = await createBlobStore(keyturn, { folder, ...options });
  const tree = () => readdirSync(outside, { recursive: true, encoding: 'utf8' }).sort();
  return { keyturn, clock, store, outside, folder, tree };
}

export interface Served extends Place {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly ask: (path: string, options?: Ask) => Promise<Answer>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function newServer(
  options: Partial<BlobStoreOptions> = {},
  bind?: () => string | undefined,
): Promise<Served> {
  const place = await newStore(options);
  const app = Fastify();
  await app.register(blobRoutes, { store: place.store, ...(bind === undefined ? {} : { bind }) });
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const ask = (path: string, sent: Ask = {}) => send({ host: '127.0.0.1', port, path }, sent);
  return { ...place, app, url: `http://127.0.0.1:${port}`, ask };
}

/** A request with exactly this path: `fetch` would put it right first. */
export function send(where: RequestOptions, { method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const out = httpRequest({ ...where, method, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode as number,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    out.on('error', reject);
    out.end(body);
  });
}

/** All of a stream. */
export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
