import { describe, expect, test } from 'vitest';
import { app } from './apps/express-session.mjs';
import { lifeOf, lostAt, nobodyLost } from './life.js';
import { neighbour } from './neighbours.js';

describe('express-session', () => {
  test('beside Keyturn nobody is signed out before a key is revoked', async () => {
    const library = await app(neighbour);
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
  });

  test('alone it signs everybody out', async () => {
    expect(lostAt(await lifeOf(await app(neighbour), false))).toEqual(['retire', 'revoke']);
  });
});
