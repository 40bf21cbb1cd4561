import { describe, expect, test } from 'vitest';
import { app } from './apps/better-auth.mjs';
import { statelessApp } from './apps/better-auth-stateless.mjs';
import { lifeOf, lostAt, nobodyLost } from './life.js';
import { everybodyMoved, moveIn } from './moving.js';
import { neighbour } from './neighbours.js';

describe.each(['better-auth', 'better-auth-1.6'])('%s', (name) => {
  test('beside Keyturn nobody is signed out before a key is revoked', async () => {
    const library = await app(neighbour, name);
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
  });

  test('the move from the old secret signs nobody out', async () => {
    const library = await app(neighbour, name);
    expect(await moveIn(library, 'better-auth')).toEqual(everybodyMoved(library));
  });

  test('alone it signs everybody out', async () => {
    const library = await app(neighbour, name);
    const seen = await lifeOf(library, false);
    expect(lostAt(seen)).toEqual(['promote', 'rollback', 'promote again', 'revoke']);
    const { signedIn, lost } = seen.find(({ step }) => step === 'promote') ?? {};
    expect({ signedIn, lost }).toEqual({ signedIn: false, lost: Object.keys(library.begun) });
  });

  test('without a database nobody is signed out, either', async () => {
    const library = await statelessApp(neighbour, name);
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
    expect(await moveIn(library, 'better-auth')).toEqual(everybodyMoved(library));
    expect(lostAt(await lifeOf(library, false))).toContain('promote');
  });
});
