// A Redis of the proof's own, and the lines that lead to it: each replica has one, so that it alone can lose it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { newFolder, sleep, startBinary } from './proof-tools.js';

const SERVER = 'redis-server';

/** Starts one that keeps nothing on the disk. It ends with the proof. @returns its port */
export async function startRedis() {
  const binary = findServer() ?? installServer();
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = startBinary(binary, settings, { cwd: newFolder(), env: {} });
  let ended = false;
  child.ended.then(() => {
    ended = true;
  });
  while (!(await answers(port))) {
    if (ended) throw new Error(`${SERVER} did not start:\n${child.output}`);
    await sleep(20);
  }
  return port;
}

function findServer() {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, SERVER))
    .find((path) => existsSync(path));
}

/** As the tests do: as root on Debian a missing package is installed, and it is said. */
function installServer() {
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log(`${SERVER} is not installed; installing Debian's package (apt-get install ${SERVER})`);
    const options = { stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 };
    try {
      execFileSync('apt-get', ['update', '-q'], options);
      execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', SERVER], options);
    } catch (error) {
      console.log(`that failed: ${error.message}`);
    }
  }
  const binary = findServer();
  if (binary !== undefined) return binary;
  throw new Error(
    `this proof needs ${SERVER}, which is not on the PATH\nhint: install it (Debian: apt-get install ${SERVER})`,
  );
}

function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      done(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => done(false));
  });
}

function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** The line of one replica to Redis: it can be cut, which both ends notice, or frozen, which nobody does. */
export class Line {
  #server;
  #sockets = new Set();
  /** What a frozen line holds back: it arrives when the line is mended, as after a network that was away. */
  #held = [];
  #state = 'open';
  url = '';

  static async to(port) {
    const line = new Line();
    line.#server = createServer((client) => line.#join(client, port));
    await new Promise((done) => line.#server.listen(0, '127.0.0.1', done));
    // The process ends when the proof does.
    line.#server.unref();
    line.url = `redis://127.0.0.1:${line.#server.address().port}`;
    return line;
  }

  /** Takes all connections away, and refuses new ones. */
  cut() {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Swallows what is sent either way, in new connections too, and closes none. */
  freeze() {
    this.#state = 'frozen';
  }

  mend() {
    this.#state = 'open';
    for (const go of this.#held.splice(0)) go();
  }

  #join(client, port) {
    if (this.#state === 'cut') return void client.destroy();
    const engine = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, engine],
      [engine, client],
    ]) {
      this.#sockets.add(from);
      from.on('data', (data) => this.#pass(() => to.write(data)));
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        this.#pass(() => to.destroy());
      });
    }
  }

  #pass(go) {
    if (this.#state === 'frozen') this.#held.push(go);
    else go();
  }
}
