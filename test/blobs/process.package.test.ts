// The blob store in a process of its own: killed, filled, resumed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runProof } from '../proof/run.js';
import { until } from '../support/waiting.js';
import { newFolder } from './support.js';

interface Running {
  readonly url: string;
  readonly link: (query: string) => Promise<string>;
  readonly kill: () => Promise<void>;
}

async function startServer(cwd: string, blobs: string): Promise<Running> {
  const child = spawn(process.execPath, [resolve('scripts/proof-blobs-server.js')], {
    cwd,
    env: { PATH: process.env.PATH, KEYTURN_ENV: 'dev', BLOBS: blobs },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  let output = '';
  const url = await new Promise<string>((started, failed) => {
    const listen = (text: Buffer) => {
      output += text;
      const found = /listening at (\S+)/.exec(output);
      if (found !== null) started(found[1] as string);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => failed(new Error(output)));
  });
  const link = async (query: string) =>
    url + ((await (await fetch(`${url}/link?${query}`)).json()) as { url: string }).url;
  return { url, link, kill };
}

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('killed during an upload, a restart shows no partial file, and what was there is whole', async () => {
  const cwd = newFolder();
  const blobs = join(cwd, 'blobs');
  mkdirSync(blobs);
  const first = await startServer(cwd, blobs);
  const old = randomBytes(300_000);
  const putOld = await fetch(await first.link('name=old&method=PUT'), { method: 'PUT', body: old });
  expect(putOld.status).toBe(201);
  for (const name of ['new', 'old2']) {
    const out = request(await first.link(`name=${name}&method=PUT`), {
      method: 'PUT',
      headers: { 'content-length': 50_000_000 },
    });
    out.on('error', () => {});
    out.write(randomBytes(1_000_000));
  }
  const parts = () => readdirSync(blobs).filter((name) => name.endsWith('.part'));
  await until(() => parts().length >= 2);
  await first.kill();
  expect(parts()).toHaveLength(2);
  const second = await startServer(cwd, blobs);
  expect(readdirSync(blobs)).toHaveLength(1);
  expect((await fetch(await second.link('name=new'))).status).toBe(404);
  const kept = await fetch(await second.link('name=old'));
  expect(digestOf(Buffer.from(await kept.arrayBuffer()))).toBe(digestOf(old));
  // The name is free: the upload can be tried again.
  expect((await fetch(await second.link('name=new&method=PUT'), { method: 'PUT', body: 'x' })).status).toBe(
    201,
  );
});

const curl = spawnSync('curl', ['--version']).status === 0;

test.skipIf(!curl)(
  'curl uploads, and resumes a download byte for byte',
  async () => {
    const cwd = newFolder();
    const server = await startServer(cwd, join(cwd, 'blobs'));
    const source = join(cwd, 'source');
    const target = join(cwd, 'target');
    const bytes = randomBytes(3_000_001);
    writeFileSync(source, bytes);
    const run = (...args: string[]) => execFileSync('curl', ['-sS', '--fail', ...args], { encoding: 'utf8' });
    expect(JSON.parse(run('-T', source, await server.link('name=a&method=PUT')))).toMatchObject({
      size: 3_000_001,
    });
    const link = await server.link('name=a');
    run('-o', target, link);
    expect(readFileSync(target).equals(bytes)).toBe(true);
    for (const length of [0, 1, 65_536, 1_234_567, 3_000_000]) {
      truncateSync(target, length);
      const status = run('-C', '-', '-o', target, '-w', '%{http_code}', link);
      expect([length, status]).toEqual([length, length === 0 ? '200' : '206']);
      expect(readFileSync(target).equals(bytes)).toBe(true);
    }
    expect(run('-r', '10-19', link, '-w', '%{http_code}', '-o', target)).toBe('206');
    expect(readFileSync(target).equals(bytes.subarray(10, 20))).toBe(true);
  },
  30_000,
);

if (!curl) console.warn('curl is not installed: resuming with curl is not tested');

// The shorter form of scripts/proof-blobs.js: its memory does not depend on the size of the file.
test('a file of 200 MiB goes up and down in constant memory', async () => {
  const { code, output } = await runProof('proof-blobs.js', '--mib', '200');
  expect(output).toMatch(/grown by +\d+ MiB/);
  expect(output).not.toContain('✗');
  expect(code).toBe(0);
});
