// A server that a framework has built, as a process of its own: it must answer that all was proved.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/**
 * @param what names it where it fails
 * @param args of Node; the port is put behind a last `-p`, and stands in PORT
 * @param env what it is given besides
 */
export async function expectAnswer(what, args, env = {}) {
  const port = await freePort();
  const asked = args.at(-1) === '-p' ? [...args, String(port)] : args;
  const server = spawn(process.execPath, asked, {
    env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (output += text));
  const ended = new Promise((done) => server.once('exit', done));
  try {
    const answer = await answerOf(`http://127.0.0.1:${port}/api`, server);
    if (answer !== '{"said":"proved"}') throw new Error(`${what} answered ${answer}`);
  } catch (error) {
    throw new Error(`${what}: ${error.message}\n${output}`);
  } finally {
    server.kill();
    await ended;
  }
}

/** As soon as the server listens. */
async function answerOf(url, server) {
  while (server.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) return await response.text();
    await new Promise((again) => setTimeout(again, 100));
  }
  throw new Error('the server has ended');
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}
