// Starts Locker, and stops it. Nothing listens before the signing secret has been found good.
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createKeyturn, type Keyturn, KeyturnError } from 'keyturn';
import { createBlobStore } from 'keyturn/blobs';
import { Accounts } from './accounts.js';
import { buildLocker, type LockerOptions } from './app.js';
import { Files } from './files.js';
import { readSettings, type Settings, StartError } from './settings.js';

/** What is still going on when a signal comes may take this long; a second signal ends it at once. */
const GRACE_MS = 500;

try {
  await start();
} catch (error) {
  if (error instanceof KeyturnError) refuse('keyturn', error);
  else if (error instanceof StartError) refuse('locker', error);
  else throw error;
}

async function start(): Promise<void> {
  const keyturn = await createKeyturn();
  try {
    await serve(keyturn, readSettings(process.env, keyturn.profile === 'prod'));
  } catch (error) {
    await keyturn.close();
    throw error;
  }
}

async function serve(keyturn: Keyturn, settings: Settings): Promise<void> {
  const { port, host } = settings;
  const app = buildLocker(keyturn, await openData(keyturn, settings));
  const stop = async () => {
    setTimeout(() => process.exit(), GRACE_MS).unref();
    await app.close();
    await keyturn.close();
  };
  await app.listen({ port, host }).catch(async (error: NodeJS.ErrnoException) => {
    await app.close();
    throw cannotListen(error, settings);
  });
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const { port: bound } = app.server.address() as AddressInfo;
  if (settings.showPassword) say(`sign in with any name and the password "${settings.password}"`);
  // Last, since scripts wait for it.
  say(`listening on ${addressOf(host, bound)}`);
}

async function openData(keyturn: Keyturn, settings: Settings): Promise<LockerOptions> {
  const { dataDir, maxFileSize, shareFor, origin, password, showPassword, operators, trustedProxies } =
    settings;
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const folder = join(dataDir, 'files');
    return {
      maxFileSize,
      shareFor,
      origin,
      operators: { names: operators, everybodyLooks: keyturn.profile !== 'prod' },
      trustedProxies,
      accounts: await Accounts.open(join(dataDir, 'accounts.json'), password),
      files: new Files(await createBlobStore(keyturn, { folder, maxSize: maxFileSize })),
      knownPassword: showPassword ? password : undefined,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const { message } = error as Error;
    throw new StartError(
      `the data folder cannot be used: ${message}`,
      'set LOCKER_DATA_DIR to a folder that can be written to',
      { cause: error },
    );
  }
}

function say(line: string): void {
  process.stdout.write(`locker: ${line}\n`);
}

function refuse(who: string, { message, hint }: KeyturnError | StartError): void {
  process.stderr.write(`${who}: error: ${oneLine(message)}\n${who}: hint: ${oneLine(hint)}\n`);
  process.exitCode = 1;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Where a browser on this machine finds it. */
function addressOf(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function cannotListen(error: NodeJS.ErrnoException, { port, host }: Settings): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        `port ${port} is in use by another program`,
        'stop that program, or set PORT to another number',
        { cause: error },
      );
    case 'EACCES':
      return new StartError(`port ${port} is not open to this user`, 'set PORT to a number above 1023', {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(`${host} is no address of this machine`, 'set HOST to one, or unset it', {
        cause: error,
      });
    default:
      return error;
  }
}
