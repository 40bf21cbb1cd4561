// The port of a console that a command shows on this machine.
import type { Context } from './command.js';
import type { ConsoleServer } from './console-server.js';
import { refused, wrongUsage } from './stop.js';

export const PORT = {
  name: 'port',
  value: 'N',
  about: 'the port to listen on (default: any that is free)',
} as const;

/** What `--port` says; 0 for any that is free. @throws Stop */
export function portOf({ value }: Pick<Context, 'value'>): number {
  const typed = value('port') ?? '0';
  const port = /^\d{1,5}$/.test(typed) ? Number(typed) : Number.NaN;
  if (port <= 65_535) return port;
  throw wrongUsage('--port is not the number of a port', 'write --port 4000, for example');
}

/** @throws Stop */
export async function listen(
  port: number,
  start: (port: number) => Promise<ConsoleServer>,
): Promise<ConsoleServer> {
  try {
    return await start(port);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'listen') throw error;
    throw refused(
      `port ${port} cannot be had (${code})`,
      'stop the program that has it, name another one with --port, or leave that out for any that is free',
    );
  }
}
