// What passes by itself says when to ask again, through Fastify's own error handler.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { KeyturnError } from '../../src/errors.js';

test.each([
  ['engine_unavailable', 503, '5'],
  ['keyring_unavailable', 503, '5'],
  ['session_conflict', 409, undefined],
  ['config_invalid', 500, undefined],
] as const)('%s: %i, Retry-After %s', async (code, status, after) => {
  const app = Fastify();
  app.get('/', () => {
    throw new KeyturnError(code, 'it is so', 'do this');
  });
  const answer = await app.inject('/');
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['retry-after']).toBe(after);
  await app.close();
});
