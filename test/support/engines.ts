// Real engines for tests: private ones started from what is installed, places of one's own in shared ones, and a
// proxy that can take a connection away.
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Pool } from 'pg';

export interface Engine {
  readonly url: string;
  stop(): Promise<void>;
}

export interface PrivateRedis extends Engine {
  readonly port: number;
  readonly folder: string;
}

/** For `vi.doMock` of `engines/packages.js`: as it is where only ioredis is installed. */
export async function onlyIoredis<T>(original: () => Promise<T>) {
  const { loadClient } = (await original()) as typeof import('../../src/engines/packages.js');
  return {
    loadClient: (name: string, member: never) => (name === 'redis' ? undefined : loadClient(name, member)),
  };
}

type Say = (text: string) => void;

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
const quiet: Say = () => {};

/** A Redis of one's own, without persistence unless a test saves. `port`: where one was before. */
export async function startRedis(
  say: Say = quiet,
  port?: number,
  more: readonly string[] = [],
): Promise<PrivateRedis> {
  const binary = await program('redis-server', 'redis-server', say);
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-redis-'));
  const at = port ?? (await freePort());
  const settings = [
    '--port',
    `${at}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const stop = await daemon(binary, [...settings, '--rdbcompression', 'no', ...more], {}, () => answers(at));
  say(`started a private Redis on 127.0.0.1:${at}`);
  return {
    url: `redis://127.0.0.1:${at}`,
    port: at,
    folder,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A PostgreSQL of one's own. It refuses to run as root, so there it runs as "postgres" or "nobody". */
export async function startPostgres(say: Say = quiet): Promise<Engine> {
  const binary = await program('postgres', 'postgresql', say);
  const initdb = await program('initdb', 'postgresql', say);
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-postgres-'));
  const options: SpawnOptions = { cwd: folder, ...unprivileged(folder) };
  const data = join(folder, 'data');
  const arguments_ = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'];
  execFileSync(initdb, arguments_, { ...options, stdio: ['ignore', 'ignore', 'inherit'] });
  const port = await freePort();
  const settings = ['-D', data, '-p', `${port}`, '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
  const url = `postgres://postgres@127.0.0.1:${port}`;
  const stop = await daemon(binary, [...settings, '-c', 'fsync=off'], options, () => createDatabase(url));
  say(`started a private PostgreSQL on 127.0.0.1:${port}`);
  return {
    url: `${url}/test`,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a server and waits until it answers. */
export async function daemon(
  binary: string,
  args: readonly string[],
  options: SpawnOptions,
  ready: () => Promise<boolean>,
): Promise<() => Promise<void>> {
  const child = spawn(binary, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', (error) => {
      output += error;
      done();
    });
  });
  const stop = async () => {
    // For PostgreSQL: at once, without waiting for clients.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    await ended;
  };
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null || child.pid === undefined) break;
    if (await ready()) return stop;
    await wait(100);
  }
  await stop();
  throw new Error(`${binary} did not start:\n${output}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      done(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => done(false));
  });
}

async function createDatabase(url: string): Promise<boolean> {
  const pool = new Pool({ connectionString: `${url}/postgres`, connectionTimeoutMillis: 1000 });
  try {
    await pool.query('CREATE DATABASE test');
    return true;
  } catch (error) {
    return (error as { code?: string }).code === '42P04';
  } finally {
    await pool.end();
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

/** Where programs are: Debian keeps PostgreSQL's out of the way, by version. */
function folders(): string[] {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home)
    ? readdirSync(home).sort((one, other) => Number(other) - Number(one))
    : [];
  return [
    ...versions.map((version) => `${home}/${version}/bin`),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
}

/** As root on Debian, unless TEST_INSTALL=no. */
function mayInstall(): boolean {
  return process.env.TEST_INSTALL !== 'no' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/** The path of a program; on Debian, as root, after installing its package if need be. */
async function program(name: string, debian: string, say: Say): Promise<string> {
  const look = () =>
    folders()
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path));
  const there = look();
  if (there !== undefined) return there;
  if (mayInstall()) {
    // Said whoever asks: nobody is to find a package on the machine and not know where it came from.
    process.stderr.write(
      `engines: ${name} is not installed: installing Debian's package ${debian} (apt-get install), once; ` +
        'TEST_INSTALL=no stops that\n',
    );
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args: string[]) =>
      execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 });
    try {
      apt('update', '-q');
      apt('install', '-q', '-y', '--no-install-recommends', debian);
    } catch (error) {
      say(`that failed: ${(error as Error).message}`);
    }
    const installed = look();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    `tests need ${name}, which is neither running nor installed\n` +
      `hint: install it (Debian: apt-get install ${debian}), start it on its standard port, or name one by ` +
      `${name === 'redis-server' ? 'TEST_REDIS_URL' : 'TEST_POSTGRES_URL'}`,
  );
}

/** The user to run as where this is root, who then owns the folder. */
export function unprivileged(folder: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, user: string) =>
    Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
      chownSync(folder, uid, gid);
      return { uid, gid };
    } catch {
      // Not on this machine.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody"');
}

/** A beginning for keys that nobody else uses. */
export function ownPrefix(): string {
  return `keyturn-test-${randomBytes(6).toString('hex')}:`;
}

/** A schema that nobody else uses, and pools that look there first. */
export async function ownSchema(url: string): Promise<{
  readonly schema: string;
  readonly pool: Pool;
  pools(settings?: object): Pool;
  drop(): Promise<void>;
}> {
  const schema = `keyturn_test_${randomBytes(6).toString('hex')}`;
  const all: Pool[] = [];
  const pools = (settings: object = {}) => {
    const pool = new Pool({
      connectionString: url,
      options: `-c search_path=${schema}`,
      max: 8,
      ...settings,
    });
    all.push(pool);
    return pool;
  };
  const pool = pools();
  await pool.query(`CREATE SCHEMA ${schema}`);
  return {
    schema,
    pool,
    pools,
    drop: async () => {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`);
      await Promise.all(all.filter((one) => !one.ended).map((one) => one.end()));
    },
  };
}

/** Stands between a client and an engine. */
export interface Cut {
  readonly port: number;
  /** Takes all connections away, and refuses new ones until {@link Cut.mend}. */
  cut(): void;
  mend(): void;
  /** Swallows all that is sent, either way, and tells nobody: as a network does that has died. New connections too. */
  freeze(): void;
  /** Lets what was held back go on. */
  thaw(): void;
  /** Swallows all that is sent over the connections that are there, for ever; new ones work: as a network forgets. */
  forget(): void;
  /** How many connections were made. */
  readonly made: number;
  /** How many connections clients hold open now. */
  readonly held: number;
  /** How many connections were refused: whoever makes one has noticed that the former is gone. */
  readonly refused: number;
  /** How often something was sent to the engine. */
  readonly asked: number;
  /** Keeps back what the engine answers by so many milliseconds. */
  delay(milliseconds: number): void;
  /** Sends what the engine answers line by line, so many milliseconds apart, as a network may; 0: as it comes. */
  dribble(milliseconds: number): void;
  /** Sends new connections to another port. */
  redirect(port: number): void;
  /** Swallows what the engine answers to the next request, and then takes the connection away. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export async function cutTo(port: number, host = '127.0.0.1'): Promise<Cut> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const held: Array<() => void> = [];
  let target = port;
  let open = true;
  let frozen = false;
  let losing = false;
  let late = 0;
  let apart = 0;
  let made = 0;
  let refused = 0;
  let asked = 0;
  let forgotten = 0;
  const pass = (go: () => void): void => {
    if (frozen) held.push(go);
    else go();
  };
  const server = createServer((client) => {
    if (!open) {
      refused++;
      return void client.destroy();
    }
    const nth = ++made;
    const engine = connect(target, host);
    client.setNoDelay(true);
    clients.add(client);
    client.on('close', () => clients.delete(client));
    let before = Promise.resolve();
    const dribble = (data: Buffer): void => {
      for (const line of data.toString('latin1').split(/(?<=\n)/)) {
        before = before.then(() => {
          pass(() => client.write(line, 'latin1'));
          return wait(apart).then(() => undefined);
        });
      }
    };
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        pass(() => to.destroy());
      });
    }
    client.on('data', (data) => {
      asked++;
      if (nth > forgotten) pass(() => engine.write(data));
    });
    engine.on('data', (data) => {
      if (nth <= forgotten) return;
      if (losing) {
        losing = false;
        client.destroy();
      } else if (apart > 0) dribble(data);
      else if (late > 0) setTimeout(() => pass(() => client.write(data)), late);
      else pass(() => client.write(data));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      open = true;
    },
    freeze: () => {
      frozen = true;
    },
    forget: () => {
      forgotten = made;
    },
    get made() {
      return made;
    },
    get held() {
      return clients.size;
    },
    get refused() {
      return refused;
    },
    get asked() {
      return asked;
    },
    thaw: () => {
      frozen = false;
      for (const go of held.splice(0)) go();
    },
    delay: (milliseconds) => {
      late = milliseconds;
    },
    dribble: (milliseconds) => {
      apart = milliseconds;
    },
    redirect: (other) => {
      target = other;
    },
    loseNextAnswer: () => {
      losing = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
