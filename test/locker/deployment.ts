// The two deployments as this machine can run them: the files as they stand, with places of this machine in place of
// theirs, and a Redis started by the script that they start theirs with.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient } from 'redis';
import { parse, parseAllDocuments } from 'yaml';
import { daemon, freePort, unprivileged } from '../support/engines.js';
import type { Variables } from './process.js';

export const FOLDER: string = resolve('examples/locker/deploy');
export const REDIS_URL = 'KEYTURN_SESSION__REDIS__URL';

export const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const documents = (name: string): any[] => parseAllDocuments(read(name)).map((one) => one.toJS());

export const compose: any = parse(read('docker-compose.yml'), { merge: true });
export const resources: any[] = ['locker', 'redis', 'network'].flatMap((name) =>
  documents(`kubernetes/${name}.yaml`),
);
export const resource = (kind: string, name = 'locker'): any =>
  resources.find((one) => one.kind === kind && one.metadata.name === name);
export const pod: any = resource('Deployment').spec.template.spec;
export const redisPod: any = resource('StatefulSet', 'redis').spec.template.spec;

/** `$$` is how Compose's files write a dollar. */
const composed = (text: string): string => text.replaceAll('$$', '$');

export interface Deployment {
  /** The settings, without those that differ from start to start. */
  readonly environment: Variables;
  /** Makes the first keyring. */
  readonly first: readonly string[];
  /** What Redis is started with. */
  readonly redis: readonly string[];
  /** Where the password of Redis lies in its container. */
  readonly passwordFile: string;
  /** The address of Redis, as the app hears it: with the password of a file. */
  redisUrl(passwordFile: string): string;
}

export const DEPLOYMENTS: Readonly<Record<string, Deployment>> = {
  'Docker Compose': {
    environment: compose.services.locker.environment,
    first: compose.services.keyring.command,
    redis: compose.services.redis.command.map(composed),
    passwordFile: '/run/secrets/redis_password',
    redisUrl: (file) => {
      const [shell, ...rest] = compose.services.locker.entrypoint.map(composed);
      const args = rest.map((part: string) => part.replaceAll('/run/secrets/redis_password', file));
      return execFileSync(shell, [...args, 'printenv', REDIS_URL], { encoding: 'utf8' }).trimEnd();
    },
  },
  Kubernetes: {
    environment: resource('ConfigMap').data,
    first: pod.initContainers[0].command,
    redis: redisPod.containers[0].command,
    passwordFile: '/run/secrets/redis/password',
    redisUrl: (file) => {
      // A variable may name those before it.
      const known = new Map<string, string>();
      for (const { name, value, valueFrom } of pod.containers[0].env) {
        const secret = valueFrom?.secretKeyRef?.name === 'redis' ? readFileSync(file, 'utf8').trim() : '';
        const expand = (text: string) =>
          text.replace(/\$\((\w+)\)/g, (all, other) => known.get(other) ?? all);
        known.set(name, value === undefined ? secret : expand(value));
      }
      return known.get(REDIS_URL) as string;
    },
  },
};

export interface ShippedRedis {
  readonly url: string;
  readonly port: number;
  readonly password: string;
  /** All that it has on its disk. */
  onDisk(): string;
  stop(): Promise<void>;
}

/** Redis by the script of a deployment, as a user who may do little. `password`: what lies in the secret's file. */
export async function startShipped(
  deployment: Deployment,
  password: string = randomBytes(32).toString('base64url'),
): Promise<ShippedRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'locker-redis-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const file = join(folder, 'password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const user = unprivileged(folder);
  if (user.uid !== undefined && user.gid !== undefined) chownSync(file, user.uid, user.gid);
  const port = await freePort();
  const [shell = '', ...args] = deployment.redis.map((part) =>
    part
      .replaceAll(deployment.passwordFile, file)
      .replace('redis-server -', `redis-server - --port ${port} --bind 127.0.0.1`),
  );
  const url = deployment.redisUrl(file).replace('redis:6379', `127.0.0.1:${port}`);
  const stop = await daemon(shell, args, { cwd: folder, ...user }, () => answers(url)).catch((error) => {
    remove();
    throw error;
  });
  const data = join(folder, 'appendonlydir');
  return {
    url,
    port,
    password,
    onDisk: () =>
      readdirSync(data)
        .map((name) => readFileSync(join(data, name), 'latin1'))
        .join(''),
    stop: async () => {
      await stop();
      remove();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    if (client.isOpen) client.destroy();
  }
}
