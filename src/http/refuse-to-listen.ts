// A server that must not listen.
import type { Server } from 'node:net';

/** Lets a server fail to listen, as it does where its port is taken: whoever starts it is told in the usual way. */
export function refuseToListen(server: Server, error: Error): void {
  server.listen = (() => {
    queueMicrotask(() => server.emit('error', error));
    return server;
  }) as Server['listen'];
}
