// The deployments that docs/replicas.md shows, held against the code: their settings are run as they stand, and every
// path in them leads somewhere. What Docker and Kubernetes themselves do is not tried here.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { Browser } from '../support/browser.js';
import { ownPrefix } from '../support/engines.js';
import { newFolder, type Process, startLocker, type Variables } from './process.js';
import { signIn, whoAmI } from './visit.js';

const FOLDER = resolve('examples/locker/deploy');
const SECRET_FILE = 'KEYTURN_SECURITY__SIGNING_SECRET_FILE';
const REDIS_URL = 'KEYTURN_SESSION__REDIS__URL';

const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true });
const resources: any[] = parseAllDocuments(read('kubernetes/locker.yaml')).map((one) => one.toJS());
const resource = (kind: string) => resources.find((one) => one.kind === kind);
const pod = resource('Deployment').spec.template.spec;

const prefix = ownPrefix();

afterAll(async () => {
  const client = await createClient({ url: inject('redisUrl') }).connect();
  const keys = await client.keys(`${prefix}*`);
  if (keys.length > 0) await client.del(keys);
  client.destroy();
});

/** The settings of a deployment, with the places of this machine in place of the deployment's. */
function here(environment: Variables, folder: string): Variables {
  const file = join(folder, 'signing-secret');
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return {
    ...environment,
    [SECRET_FILE]: file,
    [REDIS_URL]: inject('redisUrl'),
    KEYTURN_SESSION__REDIS__PREFIX: prefix,
    KEYTURN_SECURITY__KEYRING__NAME: randomBytes(4).toString('hex'),
    LOCKER_PASSWORD: 'correct horse',
    LOCKER_DATA_DIR: join(folder, 'data'),
  };
}

/** Runs a container's command on this machine. */
async function run(command: readonly string[], env: Variables): Promise<string> {
  expect(command[0]).toBe('node');
  const options = { env: { PATH: process.env.PATH, ...env } };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command.slice(1), options);
  return stdout + stderr;
}

const DEPLOYMENTS: Readonly<Record<string, { environment: Variables; first: readonly string[] }>> = {
  'Docker Compose': {
    environment: compose.services.locker.environment,
    first: compose.services.keyring.command,
  },
  Kubernetes: {
    environment: resource('ConfigMap').data,
    first: pod.initContainers[0].command,
  },
};

describe.each(Object.entries(DEPLOYMENTS))('%s', (_, { environment, first }) => {
  test('two replicas come up with its settings, and share sessions and the keyring', async () => {
    const env = here(environment, newFolder());
    expect(await run(first, env)).toMatch(/made/);
    // Once more, as at every deployment.
    await run(first, env);
    const replicas = await Promise.all([startLocker({ env }), startLocker({ env })]);
    const [one, other] = replicas as [Process & { url: string }, Process & { url: string }];
    const visitor = new Browser(one.url);
    await signIn(visitor, 'ada', 'correct horse');
    const elsewhere = new Browser(other.url, visitor.jar);
    expect(await whoAmI(elsewhere)).toBe('ada');
    const ready = await Promise.all(replicas.map(({ url }) => new Browser(url).get('/readyz')));
    expect(ready.map(({ status }) => status)).toEqual([200, 200]);
    expect(ready[0]?.json.fingerprint).toBe(ready[1]?.json.fingerprint);
    const status = JSON.parse(await run(['node', 'dist/cli/main.js', 'status', '--json'], env));
    expect(status.replicas).toHaveLength(2);
    for (const replica of replicas) expect(await replica.stop('SIGTERM')).toBe(0);
  });
});

test('both say the same, and nothing secret', () => {
  const { [SECRET_FILE]: _, LOCKER_PASSWORD, ...environment } = compose.services.locker.environment;
  const { [SECRET_FILE]: __, ...data } = resource('ConfigMap').data;
  expect(data).toEqual(environment);
  expect(LOCKER_PASSWORD).toMatch(/^\$\{LOCKER_PASSWORD:\?/);
});

test('the secret is where the variable says', () => {
  expect(compose.services.locker.environment[SECRET_FILE]).toBe(
    `/run/secrets/${compose.services.locker.secrets[0]}`,
  );
  expect(compose.secrets).toHaveProperty(compose.services.locker.secrets[0]);
  const path: string = resource('ConfigMap').data[SECRET_FILE];
  for (const container of [...pod.initContainers, ...pod.containers]) {
    const mount = container.volumeMounts.find(({ mountPath }: any) => mountPath === dirname(path));
    // Of a subPath the kubelet shows no change.
    expect(mount).not.toHaveProperty('subPath');
    expect(pod.volumes.find(({ name }: any) => name === mount.name).secret.secretName).toBe('keyturn');
  }
  const key = path.split('/').at(-1);
  for (const text of [read('kubernetes/locker.yaml'), readFileSync('docs/replicas.md', 'utf8')])
    expect(text).toContain(`kubectl create secret generic keyturn --from-literal=${key}=`);
});

test('what is asked whether it is ready is asked where it listens', () => {
  const [container] = pod.containers;
  expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
  expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
  const dockerfile = read('Dockerfile');
  expect(dockerfile).toContain(`PORT=${container.ports[0].containerPort}`);
  expect(resource('Service').spec.ports[0].targetPort).toBe(container.ports[0].name);
  expect(compose.services.locker.healthcheck.test.join(' ')).toContain('127.0.0.1:3000/readyz');
  expect(compose.services.locker.ports).toEqual(['3000-3001:3000']);
  expect(resource('Deployment').spec.replicas).toBe(2);
  expect(compose.services.locker.deploy.replicas).toBe(2);
});

test('Redis evicts nothing, and keeps what it acknowledges', () => {
  const [redis] = parseAllDocuments(read('kubernetes/redis.yaml'))
    .map((one) => one.toJS())
    .filter(({ kind }) => kind === 'StatefulSet');
  for (const command of [
    compose.services.redis.command,
    redis.spec.template.spec.containers[0].args.join(' '),
  ]) {
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
  }
});
