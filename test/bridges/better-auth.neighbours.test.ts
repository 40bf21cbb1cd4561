import { describe, expect, test } from 'vitest';
import { app } from './apps/better-auth.mjs';
import { statelessApp } from './apps/better-auth-stateless.mjs';
import { lifeOf, lostAt, nobodyLost } from './life.js';
import { everybodyMoved, moveOf } from './move.js';
import { neighbour } from './neighbours.js';

describe.each(['better-auth', 'better-auth-1.6'])('%s', (name) => {
  test('the move from the old secret signs nobody out', async () => {
    const library = await app(neighbour, name);
    expect(await moveOf(library, { section: 'better-auth' })).toEqual(everybodyMoved(library));
  });

  test('without a database nobody is signed out, either', async () => {
    const library = await statelessApp(neighbour, name);
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
    expect(await moveOf(library, { section: 'better-auth' })).toEqual(everybodyMoved(library));
    expect(lostAt(await lifeOf(library, false))).toContain('promote');
  });
});

describe('better-auth-1.6, as the one after', () => {
  test('beside Keyturn nobody is signed out before a key is revoked', async () => {
    const library = await app(neighbour, 'better-auth-1.6');
    expect(await lifeOf(library, true)).toEqual(nobodyLost(library));
  });

  test('alone it signs everybody out', async () => {
    const library = await app(neighbour, 'better-auth-1.6');
    const seen = await lifeOf(library, false);
    expect(lostAt(seen)).toEqual(['promote', 'rollback', 'promote again', 'revoke']);
    const { signedIn, lost } = seen.find(({ step }) => step === 'promote') ?? {};
    expect({ signedIn, lost }).toEqual({ signedIn: false, lost: Object.keys(library.begun) });
  });
});
