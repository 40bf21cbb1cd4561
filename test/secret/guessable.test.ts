// What is long enough and can be guessed all the same.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHashes, writeHashes } from '../../src/secret/hash-list.js';
import { readLists } from '../../src/secret/lists.js';
import { isPublished } from '../../src/secret/published.js';
import { judge } from '../../src/secret/strength.js';
import { vocabulary } from '../../src/secret/vocabulary.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** `npm run measure:strength` draws a million of each, and takes a real list of words. */
const SAMPLER: string = join(ROOT, 'scripts/drawn-secrets.js');
const { drawnSecrets } = await import(SAMPLER);
const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest();
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hexOf = (text: string) => Buffer.from(text).toString('hex');
const drawn = randomBytes(32);

/** By what is said of them. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'published demo values': [
    'my-super-secret-jwt-key-for-staging-2024!',
    'complex_password_at_least_32_characters_long',
    'The_Server_Session_Secret_Key_2025_v2_final',
    'qwertyuiopasdfghjklzxcvbnm123456',
    '$' + '{KEYTURN_SECURITY__SIGNING_SECRET_OF_PRODUCTION}',
    '{{ vault_keyturn_signing_secret_production }}',
    '<your-generated-secret-of-32-bytes-or-more>',
    'op://production/keyturn-signing-secret/credential',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:keyturn-AbCdEf',
    'https://vault.internal.test/v1/secret/data/keyturn-signing',
  ],
  'it is published': [
    // Supabase's template, FastAPI's documentation, RFC 7515 and 7520, Mastodon, Spring tutorials, Django lists.
    'UpNVntn3cDxHJpq99YMc1T1AQgQpc8kfYTuRgBiYa15BLrx8etQoXz3gZv1/u2oq',
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    '09D25E094FAA6CA2556C818166B7A9563B93F7099F6F0F4CAA6CF63B88E8D3E7',
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg',
    '100c7faeef00caa29242f6b04156742bf76065771fd4117990c4282b8748ff3d99f8fdae97c982ab5bd2e6756a159121377cce4421f4a8ecd2d67bd7749a3fb4',
    'base64:HqSU9nOyo9mZDTKiOpme/DavOMnIdvlpxKVHkb5p+HI=',
    'HqSU9nOyo9mZDTKiOpme/DavOMnIdvlpxKVHkb5p+HI=',
    '"HqSU9nOyo9mZDTKiOpme/DavOMnIdvlpxKVHkb5p+HI="',
    'fkSxKD2bF396kdQbrP1EJ7WbU7ZgNokR',
  ],
  'words or patterns': [
    'averylogphrasebiggerthanthirtytwochars',
    'a secret with minimum length of 32 characters',
    'mySecretKeyForAdminDashboardServiceJwtAuthenticationToken123456789',
    'my-$up3r-s3cr3t-p4ssw0rd-n0b0dy-kn0ws',
    'ABCDEFGHIJKLNMOPQRSTUVWXYZ012345',
    '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9',
    'a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0',
    'this is the secret that we sign all of our sessions with and it must never be told to anybody',
    '10111010010101110010101001010111001010100101011100101010010101110010',
    'aaaabbbbccccddddeeeeffffgggghhhhiiii',
  ],
  'an encoding of something': [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    '00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f',
    '303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f',
    Buffer.from(Uint8Array.from({ length: 32 }, (_, at) => at)).toString('base64'),
    base64('my-super-secret-jwt-key-for-staging'),
    hexOf('my-super-secret-jwt-key-for-staging'),
    base64(base64('my super secret session password')),
    hexOf(base64('the-secret-of-my-application-server')),
  ],
  'a digest of': [
    digest('sha256', 'password').toString('hex'),
    digest('sha256', 'password').toString('base64'),
    digest('sha256', 'password\n').toString('hex'),
    digest('sha256', '').toString('base64url'),
    digest('sha256', '1').toString('hex'),
    digest('sha512', 'secret').toString('hex'),
    digest('sha384', 'changeme').toString('base64'),
    base64(digest('md5', 'hunter2').toString('hex')),
    base64(digest('sha1', 'letmein').toString('hex')),
  ],
  'a reference or a template': [
    '$' + '{KT_KEY_OF_THE_ORDERS_SERVICE_FROM_THE_VAULT}',
    '{{ lookup("hashi_vault", "kv/data/orders-service").hmac }}',
    'op://orders-service/cookie-signing/credential-of-2026',
    'arn:aws:secretsmanager:eu-west-1:123456789012:orders-service-cookie-AbCdEf',
    'https://vault.internal.invalid/v1/kv/data/orders-service/cookies',
    `ENC[AES256_GCM,data:${base64('x'.repeat(30))},iv:abc=,tag:def=,type:str]`,
    '<REPLACE WITH OUTPUT OF openssl rand -hex 32>',
    'vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==',
    'process.env.KEYTURN_SECURITY__SIGNING_SECRET_OF_THE_APP',
    '$ANSIBLE_VAULT;1.1;AES256;62313365396662343061393464336163383764373764613633653634306231386433626436623361',
    `${drawn.toString('hex').slice(0, 40)}xxxxxxxxxxxxxxxxxxxxxxxx`,
  ],
  'says itself': [
    'django-insecure-&f1-z^5v@3k8q0d2m7x!w4p$n9r6t*b(c)e+h=j_l-s#u%y',
    `dev-${drawn.toString('hex')}`,
    `test_secret_${drawn.toString('base64url').replace(/[-_]/g, 'A')}`,
    `${drawn.toString('hex')}-do-not-use-in-production`,
    `${drawn.toString('hex')}-NOT-FOR-PRODUCTION`,
    `insecure:${drawn.toString('base64')}`,
    `example-${drawn.toString('hex')}`,
    `changeme-${drawn.toString('hex')}`,
    `local-dev-key-${drawn.toString('hex')}`,
  ],
  'others know': [
    `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${drawn.toString('base64url')}`,
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${drawn.toString('base64')}`,
  ],
};

const { words, passwords } = vocabulary();

describe('production refuses', () => {
  test.each(
    Object.entries(REFUSED).flatMap(([why, secrets]) => secrets.map((secret) => [why, secret] as const)),
  )('what is refused since "%s": %s', (why, secret) => {
    const strength = judge(secret);
    expect(strength.enough).toBe(false);
    expect(strength.bytes).toBeLessThan(32);
    expect(strength.why).toContain(why);
    expect(strength.why).not.toContain(secret);
  });

  test('for reasons each of which docs/configuration.md explains', () => {
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    const counted = ['x7Kp2Qm9', 'Xy9!Xy9!Xy9!', 'd2c1f6a09b47e883'];
    const reasons = [...counted, ...Object.values(REFUSED).flat()].flatMap((secret) =>
      judge(secret).why.split(', and '),
    );
    for (const why of reasons) {
      const [said = ''] = why.replace(/^\d+ bytes/, '12 bytes').split(', ');
      expect(page).toContain(`| "${said}`);
    }
  });

  test('its own examples, wherever the documentation shows one', () => {
    const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
    const text = [...pages.map((name) => `docs/${name}`), 'README.md', 'SECURITY.md']
      .map((name) => readFileSync(join(ROOT, name), 'utf8'))
      .join('\n');
    const shown = new Set(text.match(/\b[0-9a-f]{64,}\b/g));
    expect(shown.size).toBeGreaterThan(0);
    for (const secret of shown) expect(judge(secret), secret).toMatchObject({ enough: false });
    const vectors = JSON.parse(readFileSync(join(ROOT, 'test/vectors/tokens-v1.json'), 'utf8'));
    for (const { stored } of vectors.secrets)
      expect(judge(stored.trim()), stored).toMatchObject({ enough: false });
  });

  test('every digest and every encoding of a common password', () => {
    for (const text of passwords.slice(0, 50)) {
      for (const algorithm of ['sha256', 'sha384', 'sha512']) {
        for (const encoding of ['hex', 'base64', 'base64url'] as const) {
          expect(judge(digest(algorithm, text).toString(encoding)).enough).toBe(false);
        }
      }
    }
  });

  test('words of people, however they are joined and capitalised', () => {
    const word = fc.nat({ max: 299 }).map((at) => words[at] as string);
    const shaped = fc
      .tuple(
        fc.array(word, { minLength: 6, maxLength: 8 }),
        fc.constantFrom('-', '_', ' ', '.', ''),
        fc.constantFrom('lower', 'upper', 'first'),
        fc.nat({ max: 2030 }),
      )
      .map(([words, separator, shape, year]) => {
        const cased = words.map((one) =>
          shape === 'lower'
            ? one
            : shape === 'upper'
              ? one.toUpperCase()
              : one[0]?.toUpperCase() + one.slice(1),
        );
        return [...cased, year].join(separator);
      });
    fc.assert(
      fc.property(shaped, (secret) => !judge(secret).enough),
      { numRuns: 500 },
    );
  });
});

describe('production takes', () => {
  test.each(Object.entries<() => string>(drawnSecrets()))('%s, drawn at random', (_, draw) => {
    for (let run = 0; run < 500; run++) {
      const secret = draw();
      const { enough, why } = judge(secret);
      if (!enough) expect.fail(`${secret} is refused: ${why}`);
    }
  });
});

describe('hex digits', () => {
  const uuid = '3f2b8c1e-9d47-4a65-b0f8-7c2e1d9a5b34';

  test.each([
    ['with hyphens, as in a UUID', uuid, 16],
    ['with colons', (drawn.toString('hex').match(/../g) ?? []).join(':'), 32],
    ['behind 0x', `0x${'3f2b8c1e9d474a65b0f87c2e1d9a5b'}`, 15],
    ['of two UUIDs', `${uuid}-71c0e5d2-a84f-4b39-9e6d-052f8b7c1ae4`, 32],
  ])('count by the bytes that they stand for %s', (_, secret, bytes) => {
    expect(judge(secret).bytes).toBe(bytes);
  });
});

describe('the list of published secrets', () => {
  test('holds hashes and where the secrets stand, and nothing else', () => {
    const { places, published } = readLists();
    for (const place of places) expect(place).toMatch(/^.+: \d+ collected$/);
    for (const line of published) expect(line).toMatch(/^(?:[\w-]{4})+$/);
    const hashes = [...readHashes(published)];
    expect(hashes.length).toBeGreaterThan(20_000);
    expect(Math.max(...hashes)).toBeLessThan(2 ** 37);
    expect(writeHashes(hashes)).toBe(published.join(''));
    expect(JSON.stringify(published).length).toBeLessThan(200_000);
  });

  test('is written so that it is read as it was, however far apart its hashes are', () => {
    const hashes = [0, 1, 2 ** 24 - 2, 2 ** 24 - 1, 2 ** 25 - 2, 2 ** 36, 2 ** 37 - 1];
    expect([...readHashes([writeHashes(hashes)])]).toEqual(hashes);
    expect([...readHashes([])]).toEqual([]);
  });

  test('is the same for a bundler, which takes it as a module, as for Node, which reads the file', async () => {
    const bundled: string = join(ROOT, 'data/bundled.js');
    expect((await import(bundled)).readLists()).toEqual(readLists());
  });

  test('is found by a part that commas, quotes or spaces set off', () => {
    const published = 'UpNVntn3cDxHJpq99YMc1T1AQgQpc8kfYTuRgBiYa15BLrx8etQoXz3gZv1/u2oq';
    for (const around of [
      `SECRET="${published}"`,
      `${published},${drawn.toString('hex')}`,
      `'${published}';`,
    ]) {
      expect(isPublished(around)).toBe(true);
    }
    expect(isPublished(drawn.toString('base64'))).toBe(false);
    expect(isPublished('')).toBe(false);
  });
});
