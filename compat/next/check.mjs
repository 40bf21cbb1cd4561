// Next: built and started, built to stand alone, and in development; with each of its bundlers.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';

const next = 'node_modules/next/dist/bin/next';

for (const bundler of ['--turbopack', '--webpack']) {
  rmSync('.next', { recursive: true, force: true });
  const built = spawnSync(process.execPath, [next, 'build', bundler], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`next build ${bundler}\n${built.stdout}${built.stderr}`);
  const said = `${built.stdout}${built.stderr}`;
  if (/warn|keyturn/i.test(said.replace(/keyturn-compat-next\S*/g, ''))) throw new Error(said);
  await expectProof(`next start (${bundler})`, [next, 'start', '-p']);
  cpSync('.next/standalone', 'standalone', { recursive: true });
  await expectProof(`standalone (${bundler})`, ['standalone/server.js']);
  rmSync('standalone', { recursive: true, force: true });
  rmSync('.next', { recursive: true, force: true });
  await expectProof(`next dev ${bundler}`, [next, 'dev', bundler, '-p']);
}

async function expectProof(what, args) {
  const port = await freePort();
  const asked = args.at(-1) === '-p' ? [...args, String(port)] : args;
  const env = { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' };
  const server = spawn(process.execPath, asked, { env, stdio: ['ignore', 'pipe', 'pipe'] });
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
