// A token in a path is longer than Fastify's limit for a parameter: the app is told before a visitor finds out.
import Fastify, { type FastifyServerOptions } from 'fastify';
import { expect, test } from 'vitest';
import keyturnFastify from '../../src/adapters/fastify/index.js';
import { memoryLogger, testKeyturn } from '../support/keyturn.js';

async function told(options: FastifyServerOptions, ...paths: readonly string[]): Promise<unknown[]> {
  const logger = memoryLogger();
  const app = Fastify(options);
  await app.register(keyturnFastify, { keyturn: await testKeyturn({ logger }) });
  for (const path of paths) app.get(path, () => 'ok');
  await app.ready();
  await app.close();
  return logger.records
    .map(({ facts }) => facts)
    .filter(({ event }) => event === 'route.token_too_long')
    .map(({ route }) => route);
}

test('a route with a parameter named token is told of, once', async () => {
  expect(await told({}, '/reset/:token', '/verify/:token/again')).toEqual(['/reset/:token']);
  expect(await told({ routerOptions: { maxParamLength: 110 } }, '/:token')).toEqual(['/:token']);
});

test('where it fits, or is called otherwise, nothing is said', async () => {
  expect(await told({ routerOptions: { maxParamLength: 111 } }, '/reset/:token')).toEqual([]);
  expect(await told({}, '/reset', '/:tokens', '/token/:id')).toEqual([]);
});
