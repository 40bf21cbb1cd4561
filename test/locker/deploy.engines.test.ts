// The deployments that docs/replicas.md shows, held against the code: their settings are run as they stand, and every
// path in them leads somewhere. What Docker and Kubernetes themselves do is not tried here.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.js';
import {
  compose,
  DEPLOYMENTS,
  pod,
  REDIS_URL,
  read,
  redisPod,
  resource,
  type ShippedRedis,
  startShipped,
} from './deployment.js';
import { newFolder, type Process, startLocker, type Variables } from './process.js';
import { JSON_PLEASE, signIn, whoAmI } from './visit.js';

const SECRET_FILE = 'KEYTURN_SECURITY__SIGNING_SECRET_FILE';

/** The settings of a deployment, with the places of this machine in place of the deployment's. */
function here(environment: Variables, redis: ShippedRedis, folder: string): Variables {
  const file = join(folder, 'signing-secret');
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return {
    ...environment,
    [SECRET_FILE]: file,
    [REDIS_URL]: redis.url,
    LOCKER_TRUSTED_PROXIES: '',
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

/** Somebody signs in by the form, and a program by the API. */
async function useBoth(url: string): Promise<{ visitor: Browser; refresh: string }> {
  const visitor = new Browser(url);
  await signIn(visitor, 'ada', 'correct horse');
  const form = { username: 'ada', password: 'correct horse' };
  const { json } = await new Browser(url).ask('/api/token', { method: 'POST', form, headers: JSON_PLEASE });
  return { visitor, refresh: json.refresh_token };
}

describe.concurrent.each(Object.entries(DEPLOYMENTS))('%s', (_, deployment) => {
  const { environment, first } = deployment;
  let redis: ShippedRedis;
  beforeAll(async () => {
    redis = await startShipped(deployment);
  });
  afterAll(() => redis?.stop());

  test('two replicas come up with its settings, and share sessions and the keyring', async () => {
    const env = here(environment, redis, newFolder());
    expect(await run(first, env)).toMatch(/made/);
    // Once more, as at every deployment.
    await run(first, env);
    const replicas = await Promise.all([startLocker({ env }), startLocker({ env })]);
    const [one, other] = replicas as [Process & { url: string }, Process & { url: string }];
    const { visitor, refresh } = await useBoth(one.url);
    const elsewhere = new Browser(other.url, visitor.jar);
    expect(await whoAmI(elsewhere)).toBe('ada');
    const form = { refresh_token: refresh };
    const asked = await elsewhere.ask('/api/token/refresh', { method: 'POST', form, headers: JSON_PLEASE });
    expect(asked.status).toBe(200);
    const ready = await Promise.all(replicas.map(({ url }) => new Browser(url).get('/readyz')));
    expect(ready.map(({ status }) => status)).toEqual([200, 200]);
    expect(ready[0]?.json.fingerprint).toBe(ready[1]?.json.fingerprint);
    const status = JSON.parse(await run(['node', 'dist/cli/main.js', 'status', '--json'], env));
    expect(status.replicas).toHaveLength(2);

    // What lies in Redis: that they are there shows, and nothing of what they hold.
    const sealed = redis.onDisk();
    expect(sealed).toContain('ada');
    expect(sealed).not.toMatch(/signedInAt|passwordAt|correct horse/);
    for (const replica of replicas) expect(await replica.stop('SIGTERM')).toBe(0);

    // It is the settings that make it so: without them both are read by whoever looks.
    const plain = Object.entries(env).filter(([name]) => !name.startsWith('KEYTURN_PURPOSES__'));
    const bare = await startLocker({ env: Object.fromEntries(plain) });
    await useBoth(bare.url);
    expect(redis.onDisk()).toMatch(/signedInAt/);
    expect(redis.onDisk()).toMatch(/"data":\{"passwordAt"/);
    await bare.stop('SIGTERM');
  });

  test('Redis answers nobody without the password', async () => {
    for (const login of ['', ':wrong@']) {
      const url = `redis://${login}127.0.0.1:${redis.port}`;
      const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
      await expect(client.connect().then(() => client.keys('*'))).rejects.toThrow(/NOAUTH|WRONGPASS/);
      if (client.isOpen) client.destroy();
    }
  });

  test('Redis evicts nothing, and keeps what it acknowledges', async () => {
    const client = await createClient({ url: redis.url }).connect();
    expect(await client.configGet(['maxmemory-policy', 'appendonly', 'maxmemory'])).toEqual({
      'maxmemory-policy': 'noeviction',
      appendonly: 'yes',
      maxmemory: `${256 * 2 ** 20}`,
    });
    client.destroy();
  });

  test('where sessions would outlive their seal Locker does not start', async () => {
    const env = here({ ...environment, KEYTURN_SESSION__MAX_AGE: '60d' }, redis, newFolder());
    const { KEYTURN_SECURITY__KEYRING__STORE: _, ...alone } = env;
    await expect(startLocker({ env: alone })).rejects.toThrow(/session-at-rest/);
  });

  test('without a password Redis does not start', async () => {
    await expect(startShipped(deployment, '')).rejects.toThrow(/'requirepass'/);
  });
});

test('both say the same, and nothing secret', () => {
  const {
    [SECRET_FILE]: _,
    LOCKER_PASSWORD,
    LOCKER_TRUSTED_PROXIES,
    ...environment
  } = compose.services.locker.environment;
  const { [SECRET_FILE]: __, LOCKER_TRUSTED_PROXIES: none, ...data } = resource('ConfigMap').data;
  expect(data).toEqual(environment);
  expect(LOCKER_PASSWORD).toMatch(/^\$\{LOCKER_PASSWORD:\?/);
  // Whoever may say where requests come from is for the operator to name.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as Compose writes it
  expect([LOCKER_TRUSTED_PROXIES, none]).toEqual(['${LOCKER_TRUSTED_PROXIES:-}', '']);
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

test('the password of Redis is a secret of both, and made as the docs say', () => {
  for (const service of [compose.services.redis, compose.services.locker, compose.services.keyring])
    expect(service.secrets).toContain('redis_password');
  expect(compose.secrets.redis_password).toEqual({ file: './redis_password' });
  const [volume] = redisPod.volumes;
  const mount = redisPod.containers[0].volumeMounts.find(({ name }: any) => name === volume.name);
  expect([volume.secret.secretName, mount.mountPath]).toEqual(['redis', '/run/secrets/redis']);
  for (const container of [...pod.initContainers, ...pod.containers]) {
    expect(container.env).toContainEqual({
      name: 'REDIS_PASSWORD',
      valueFrom: { secretKeyRef: { name: 'redis', key: 'password' } },
    });
  }
  const docs = readFileSync('docs/replicas.md', 'utf8');
  for (const text of [docs, read('kubernetes/locker.yaml')])
    expect(text).toContain('kubectl create secret generic redis --from-literal=password=');
  for (const text of [docs, read('docker-compose.yml')]) expect(text).toContain('> redis_password');
  // They come into no image and no repository.
  for (const name of ['signing_secret', 'redis_password']) {
    expect(read('Dockerfile.dockerignore')).toContain(`**/${name}\n`);
    expect(readFileSync('.gitignore', 'utf8')).toContain(`examples/locker/deploy/${name}\n`);
  }
});

test('Redis is reached by Locker alone', () => {
  const { redis, keyring, locker } = compose.services;
  expect([redis.networks, redis.ports]).toEqual([['engine'], undefined]);
  expect(compose.networks.engine).toEqual({ internal: true });
  expect([keyring.networks, locker.networks]).toEqual([['engine'], ['engine', 'front']]);

  const { podSelector, ...denied } = resource('NetworkPolicy', 'locker-default-deny').spec;
  expect(podSelector.matchExpressions).toEqual([{ key: 'app', operator: 'In', values: ['locker', 'redis'] }]);
  expect(denied).toEqual({ policyTypes: ['Ingress', 'Egress'] });
  const only = (app: string) => [{ podSelector: { matchLabels: { app } } }];
  const port = { protocol: 'TCP', port: redisPod.containers[0].ports[0].containerPort };
  expect(resource('NetworkPolicy', 'redis').spec).toEqual({
    podSelector: { matchLabels: resource('StatefulSet', 'redis').spec.template.metadata.labels },
    policyTypes: ['Ingress'],
    ingress: [{ from: only('locker'), ports: [port] }],
  });
  const { ingress, egress } = resource('NetworkPolicy').spec;
  expect(ingress).toEqual([{ ports: [{ protocol: 'TCP', port: pod.containers[0].ports[0].name }] }]);
  expect(egress[0]).toEqual({ to: only('redis'), ports: [port] });
  expect(egress[1].ports.map((one: any) => one.port)).toEqual([53, 53]);
  expect(egress).toHaveLength(2);
});

test('containers are confined: no root, nothing to write to, no capabilities, limits', () => {
  for (const service of Object.values<any>(compose.services)) {
    expect(service.user).toMatch(/^[1-9]\d*:1000$/);
    expect([service.read_only, service.cap_drop]).toEqual([true, ['ALL']]);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(Object.keys(service.deploy.resources.limits)).toEqual(['cpus', 'memory', 'pids']);
  }
  for (const one of [pod, redisPod]) {
    expect(one.automountServiceAccountToken).toBe(false);
    expect(one.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext, resources } of [...(one.initContainers ?? []), ...one.containers]) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(Object.keys(resources.limits)).toEqual(['cpu', 'memory']);
    }
  }
});

test('a pod says which it is, and an entrypoint leaves the command of the image as it was', () => {
  const uid = { name: 'KEYTURN_INSTANCE', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } };
  expect(pod.containers[0].env).toContainEqual(uid);
  expect(read('Dockerfile')).toContain(
    `CMD ${JSON.stringify(compose.services.locker.command).replace(',', ', ')}`,
  );
});
