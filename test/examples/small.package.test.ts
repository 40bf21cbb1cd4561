// The examples for Express, Koa and Hono, as they are started in production.
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Example, startExample, startRefused, useExample } from './example.js';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');

describe.each(['express', 'koa', 'hono'])('the example for %s', (name) => {
  const example: Example = { command: [process.execPath, join(EXAMPLES, name, 'server.js')] };

  test('signs in, shows a message once, takes a form, signs out', async () => {
    const { url, said } = await startExample(example);
    await useExample(url);
    expect(said()).toContain(url);
  });

  test('without a secret ends with an error and no open port', async () => {
    const { code, said, isOpen } = await startRefused(example);
    expect([code, isOpen]).toEqual([1, false]);
    expect(said).toContain('no signing secret is configured');
    expect(said).not.toContain('http://localhost');
  });
});
