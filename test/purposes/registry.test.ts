import { describe, expect, test } from 'vitest';
import { internalsOf } from '../../src/keyturn.js';
import { testKeyturn } from '../support/keyturn.js';

const DAY = 86_400;

async function registryOf(purposes: Record<string, unknown> = {}, profile: 'dev' | 'prod' = 'prod') {
  return internalsOf(await testKeyturn({ profile, config: { purposes } })).registry;
}

const refusal = (code: string) => expect.objectContaining({ code });

describe('the purposes', () => {
  test('come with a lifetime each, and that of sessions is their idle time', async () => {
    const lifetimes = async (session: Record<string, unknown>) => {
      const { registry } = internalsOf(await testKeyturn({ config: { session } }));
      return Object.fromEntries(registry.all.map(({ name, maxAge }) => [name, maxAge]));
    };
    expect(await lifetimes({})).toMatchObject({
      session: 7 * DAY,
      csrf: 7 * DAY,
      'csrf-id': 7 * DAY,
      flash: 600,
      jwt: 3600,
      refresh: 30 * DAY,
      'password-reset': DAY,
      'email-verification': 7 * DAY,
      url: 7 * DAY,
      invitation: 30 * DAY,
    });
    expect(await lifetimes({ remember: '60d' })).toMatchObject({ session: 60 * DAY });
    expect(await lifetimes({ remember: '1d' })).toMatchObject({ session: 7 * DAY });
    const inHeader = await lifetimes({ remember: '60d', header: 'x-session' });
    expect(inHeader).toMatchObject({ 'session-header': 60 * DAY });
    expect((await lifetimes({ idle: '1h' })).session).toBe(3600);
    expect((await lifetimes({ idle: '2d', max_age: '1d' })).session).toBe(DAY);
  });

  test('can be declared, with a lifetime', async () => {
    const registry = await registryOf({
      draft: { max_age: '2h', about: 'drafts' },
      flash: { max_age: '1min' },
    });
    expect(registry.forSigner('draft', undefined)).toMatchObject({
      purpose: { name: 'draft', maxAge: 7200, about: 'drafts', reserved: false, declared: true },
      maxAge: 7200,
    });
    expect(registry.own('flash').maxAge).toBe(60);
    await expect(registryOf({ draft: { about: 'no end' } })).rejects.toMatchObject({
      code: 'purpose_lifetime',
    });
    await expect(registryOf({ session: { max_age: '1h' } })).rejects.toMatchObject({
      code: 'purpose_reserved',
    });
    // A built-in one keeps its lifetime where only its description is said anew, and stays Keyturn's own.
    const described = await registryOf({ csrf: { about: 'forms' } });
    expect(described.own('csrf')).toMatchObject({ maxAge: 7 * DAY, about: 'forms', reserved: true });
  });

  test('code may shorten a lifetime and never lengthen it', async () => {
    const registry = await registryOf();
    expect(registry.forSigner('password-reset', '3h').maxAge).toBe(3 * 3600);
    expect(registry.forSigner('password-reset', DAY).maxAge).toBe(DAY);
    expect(() => registry.forSigner('password-reset', DAY + 1)).toThrow(refusal('purpose_lifetime'));
    expect(registry.own('password-reset').maxAge).toBe(DAY);
  });

  test("Keyturn's own, and names that are none, are not to be had", async () => {
    const registry = await registryOf();
    for (const name of ['session', 'csrf', 'csrf-id', 'flash', 'jwt', 'refresh'])
      expect(() => registry.forSigner(name, '1min')).toThrow(refusal('purpose_reserved'));
    for (const name of [
      '',
      'A',
      '1a',
      '-a',
      'a_b',
      'a/b',
      'ä',
      `a${'b'.repeat(32)}`,
      '__proto__',
      undefined,
      null,
      7,
    ])
      expect(() => registry.forSigner(name as string, '1min')).toThrow(refusal('purpose_invalid'));
  });

  test('undeclared ones are for development, remembered with the longest lifetime asked for', async () => {
    const strict = await registryOf();
    expect(() => strict.forSigner('made-up', '1h')).toThrow(refusal('purpose_undeclared'));
    // Names of Object.prototype are names like any other.
    expect(() => strict.forSigner('constructor', '1h')).toThrow(refusal('purpose_undeclared'));
    const registry = await registryOf({}, 'dev');
    expect(() => registry.forSigner('made-up', undefined)).toThrow(refusal('purpose_lifetime'));
    const longest = () => registry.all.find(({ name }) => name === 'made-up')?.maxAge;
    expect(registry.forSigner('made-up', '1h').maxAge).toBe(3600);
    expect(registry.forSigner('made-up', '2h').maxAge).toBe(7200);
    expect(registry.forSigner('made-up', '30min').maxAge).toBe(1800);
    expect(longest()).toBe(7200);
    expect(registry.forSigner('made-up', undefined).maxAge).toBe(7200);
  });
});
