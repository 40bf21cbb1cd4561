// Runs a module in workerd, as Cloudflare does: bundled as wrangler bundles it, with nodejs_compat.
//
//   const worker = await serveInWorkerd('app.mjs', { SIGNING_SECRET: '…' });
//   await fetch(`${worker.url}/`); worker.said(); await worker.close();
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import * as workerd from 'workerd';

const program = [workerd.default]
  .flatMap((found) => [found, found?.default])
  .find((found) => typeof found === 'string');

/** Bundles as wrangler does. @returns the path of the bundle */
export async function bundleForWorkers(entry, folder, options = {}) {
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['node:*'],
    minify: true,
    outfile,
    logLevel: 'error',
    ...options,
  });
  return outfile;
}

/**
 * Starts workerd with a module.
 *
 * @param entry its path
 * @param bindings texts that it finds in `env`, and in `process.env`
 * @returns where it listens; undefined as `url` where it does not start, and then `said()` tells why
 */
export async function serveInWorkerd(entry, bindings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-workerd-'));
  await bundleForWorkers(resolve(entry), folder);
  const port = await freePort();
  const texts = Object.entries(bindings).map(
    ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`,
  );
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [${texts.join(', ')}],
);
`;
  writeFileSync(join(folder, 'config.capnp'), config);
  const child = spawn(program, ['serve', 'config.capnp'], { cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  return {
    url: (await answers(url, child)) ? url : undefined,
    said: () => said,
    close: async () => {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url, child) {
  while (child.exitCode === null && child.signalCode === null) {
    const found = await fetch(url).catch(() => undefined);
    if (found !== undefined) return true;
    await new Promise((done) => setTimeout(done, 20));
  }
  return false;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
