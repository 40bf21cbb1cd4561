// What links to blobs say, where they lead, and how they fare in a rotation.
import { describe, expect, test } from 'vitest';
import { OTHER_SECRET, ringOf, SECRET, useRing } from '../support/keyturn.js';
import { newServer, newStore } from './support.js';

const code = (name: string) => expect.objectContaining({ code: name });

describe('links to blobs', () => {
  test('name what they allow, and nothing that would never work', async () => {
    const { store } = await newStore({ maxSize: 100, types: ['image/*'] });
    expect(store.signedUrl('ada/März (1).png')).toMatch(
      /^\/blobs\/ada\/M%C3%A4rz%20\(1\)\.png\?sig=kt1\.[\w.-]{91}$/,
    );
    expect(store.signedUrl('a', { download: 'ü.png' })).toContain('?download=%C3%BC.png&sig=');
    expect(
      store.signedUrl('a', {
        method: 'PUT',
        type: 'image/png',
        size: 5,
        maxSize: 9,
        overwrite: true,
        bind: 'x',
      }),
    ).toContain('?type=image%2Fpng&size=5&max=9&overwrite=1&bound=1&sig=');
    for (const [options, expected] of [
      [{ method: 'PUT', type: 'text/html' }, 'blob_type_refused'],
      [{ method: 'PUT', type: 'png' }, 'blob_type_refused'],
      [{ method: 'PUT', size: 101 }, 'blob_too_large'],
      [{ method: 'PUT', maxSize: -1 }, 'blob_too_large'],
      [{ method: 'PUT', maxSize: 1.5 }, 'blob_too_large'],
      [{ maxAge: '8d' }, 'purpose_lifetime'],
      [{ bind: undefined }, 'bind_invalid'],
    ] as const)
      expect(() => store.signedUrl('a', options as object)).toThrow(code(expected));
    expect(() => store.signedUrl('../a')).toThrow(code('blob_name_invalid'));
  });

  test('have the base in front, and work with it kept and stripped', async () => {
    for (const stripped of [true, false]) {
      const { store, ask } = await newServer({ base: 'https://example.com/my/app/', prefix: '/f', stripped });
      await store.put('a', Buffer.from('1'));
      const url = store.signedUrl('a');
      expect(url).toMatch(/^https:\/\/example\.com\/my\/app\/f\/a\?sig=/);
      expect(store.path).toBe(stripped ? '/f' : '/my/app/f');
      const path = url.slice('https://example.com'.length);
      const bare = path.slice('/my/app'.length);
      expect((await ask(stripped ? bare : path)).status).toBe(200);
      expect((await ask(stripped ? path : bare)).status).toBe(404);
    }
  });

  test('follow a rotation', async () => {
    const { store, keyturn, ask } = await newServer();
    await store.put('a', Buffer.from('1'));
    const current = keyturn.keyring.keys[0]?.id;
    const url = store.signedUrl('a');
    for (const [state, status] of [
      ['retiring', 200],
      ['retired', 403],
      ['revoked', 403],
    ] as const) {
      useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, state]));
      expect(keyturn.keyring.keys.some(({ id }) => id === current)).toBe(true);
      expect((await ask(url)).status).toBe(status);
    }
    useRing(keyturn, ringOf([OTHER_SECRET, 'active'], [SECRET, 'staged']));
    expect((await ask(url)).status).toBe(200);
  });
});
