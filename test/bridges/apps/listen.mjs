// A server on a free port, for whatever handles requests of Node.
import { once } from 'node:events';
import { createServer } from 'node:http';

export async function listen(handler) {
  const server = createServer((request, response) => {
    // What fails is an answer, too: a visitor would wait for one.
    Promise.resolve(handler(request, response)).catch(() => response.writeHead(500).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    unref: () => void server.unref(),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
