import { Readable } from 'node:stream';
import Fastify from 'fastify';

export const app = Fastify();
export const stream = Readable.from(['%PDF-1.7']);
export const file = new Blob(['a picture'], { type: 'image/png' });
export const user = { id: 'ada' };

/** What a browser does on a page of the app. */
export async function fetch(url: string, { method, body }: { method: 'PUT'; body: Blob }): Promise<void> {
  const payload = Buffer.from(await body.arrayBuffer());
  const headers = { 'content-type': body.type };
  const { statusCode } = await app.inject({ method, url, headers, payload });
  if (statusCode !== 201) throw new Error(`the upload was answered with ${statusCode}`);
}
