// A server that must not listen: a build has no secret, and would serve requests that it cannot protect.
import type { Server } from 'node:net';

/** Makes `listen()` fail with an error, the way it fails where the port is taken. */
export function refuseToListen(server: Server, error: Error): void {
  server.listen = (() => {
    queueMicrotask(() => server.emit('error', error));
    return server;
  }) as Server['listen'];
}
