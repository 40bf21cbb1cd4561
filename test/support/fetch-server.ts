// A real server for apps that take a Fetch request and give a response.
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';

export type Answer = (request: Request) => Response | Promise<Response>;

export async function serveFetch(fetch: Answer): Promise<{ url: string; close: () => Promise<void> }> {
  const server = await new Promise<ServerType>((listening) => {
    const made: ServerType = serve({ fetch, port: 0, hostname: 'localhost' }, () => listening(made));
  });
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((closed) => server.close(() => closed()));
  return { url: `http://localhost:${port}`, close };
}
