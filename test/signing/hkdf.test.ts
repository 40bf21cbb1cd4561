import { createHmac, hkdfSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Key, type KeyUse, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import { TokenSigner } from '../../src/signing/signer.js';
import { Usage } from '../../src/signing/usage.js';

/** RFC 5869 written out, with nothing but HMAC. */
function hkdf(material: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  const hmac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
  const extracted = hmac(salt, material);
  let block: Uint8Array = new Uint8Array(0);
  let result = Buffer.alloc(0);
  for (let counter = 1; result.length < length; counter++) {
    block = hmac(extracted, Buffer.concat([block, info, Buffer.of(counter)]));
    result = Buffer.concat([result, block]);
  }
  return result.subarray(0, length);
}

function bytes(first: number, last: number): Buffer {
  return Buffer.from(Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

describe('HKDF-SHA256', () => {
  // RFC 5869, appendix A.
  it.each([
    {
      name: '1',
      material: Buffer.alloc(22, 0x0b),
      salt: bytes(0x00, 0x0c),
      info: bytes(0xf0, 0xf9),
      length: 42,
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: '2',
      material: bytes(0x00, 0x4f),
      salt: bytes(0x60, 0xaf),
      info: bytes(0xb0, 0xff),
      length: 82,
      okm:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
        'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      name: '3, without salt and info',
      material: Buffer.alloc(22, 0x0b),
      salt: Buffer.alloc(0),
      info: Buffer.alloc(0),
      length: 42,
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])("node's hkdfSync and the one written here give test case $name of the RFC", (vector) => {
    const { material, salt, info, length, okm } = vector;
    expect(Buffer.from(hkdfSync('sha256', material, salt, info, length)).toString('hex')).toBe(okm);
    expect(hkdf(material, salt, info, length).toString('hex')).toBe(okm);
  });
});

const SECRETS = [
  '8f1c5e0b7a9d42633e10f7c4b2a8d5960c7e4f21d3b8a6590e1f2c3d4b5a6978',
  'Zwölf Boxkämpfer – 日本語 🔑',
  'x'.repeat(500),
  '~',
];

describe('Material', () => {
  it.each(SECRETS)('derives what HKDF without salt gives: %j', (secret) => {
    const plain = (info: string, length: number) =>
      hkdf(Buffer.from(secret, 'utf8'), new Uint8Array(0), Buffer.from(info), length);
    const material = new Material(secret);
    expect(material.kid).toBe(plain('keyturn/v1/kid', 6).toString('base64url'));
    for (const use of ['sign', 'seal', 'bind', 'jwt', 'ring', 'bridge'] satisfies KeyUse[]) {
      for (const purpose of ['session', 'password-reset', 'x']) {
        const info = `keyturn/v1/${use}/${purpose}`;
        expect(Buffer.from(material.derive(use, purpose)), info).toEqual(plain(info, 32));
      }
    }
  });

  it('derives another key for every use and purpose', () => {
    const material = new Material(SECRETS[0] as string);
    const derived = (['sign', 'bind', 'seal', 'jwt'] satisfies KeyUse[]).flatMap((use) =>
      ['session', 'csrf', 'sign', 'bind'].map((purpose) =>
        Buffer.from(material.derive(use, purpose)).toString('hex'),
      ),
    );
    expect(new Set(derived).size).toBe(16);
  });

  it('gives the same key again though somebody wiped the one handed out', () => {
    const material = new Material(SECRETS[0] as string);
    const first = Buffer.from(material.derive('sign', 'session'));
    material.derive('sign', 'session').fill(0);
    expect(Buffer.from(material.derive('sign', 'session'))).toEqual(first);
  });

  it('has a kid of 8 base64url characters: the same for the same text, another for any other', () => {
    const kids = new Set<string>();
    for (const secret of [...SECRETS, `${SECRETS[0]} `, 'é', 'e\u0301', SECRETS[0]?.toUpperCase() ?? '']) {
      const { kid } = new Material(secret);
      expect(kid).toMatch(/^[A-Za-z0-9_-]{8}$/);
      expect(new Material(secret).kid).toBe(kid);
      kids.add(kid);
    }
    expect(kids.size).toBe(SECRETS.length + 4);
  });

  it('gives the secret back exactly', () => {
    for (const secret of SECRETS) expect(new Material(secret).revealSecret()).toBe(secret);
  });
});

describe('Key', () => {
  const material = new Material(SECRETS[0] as string);

  it.each(['staged', 'active', 'retiring'] as const)('keeps its material while it is %s', (state) => {
    expect(new Key(material, state)).toMatchObject({ live: true, material, id: material.kid });
  });

  it.each(['retired', 'revoked'] as const)('lets go of its material once it is %s', (state) => {
    const key = new Key(material, state);
    expect(key.id).toBe(material.kid);
    expect(key.live).toBe(false);
    expect(key.material).toBeUndefined();
  });
});

describe('nothing that holds a secret shows it', () => {
  const secret = 'PLANTED-tOp-sEcReT-pläntéd-0123456789abcdef';
  const material = new Material(secret);
  const key = new Key(material, 'active', { dates: { active: 1 } });
  const ring = new Keyring([key, new Key(new Material(`${secret}-2`), 'retiring')]);
  const live = new LiveKeyring(ring, () => 0);
  const signer = new TokenSigner({
    purpose: 'session',
    maxAge: 60,
    ring: live,
    clock: Date.now,
    usage: new Usage(),
    epoch: 'none',
    apps: [undefined] as const,
    onRefusal: () => {},
  });
  signer.verify(signer.sign({ userId: 1 }, { bind: 'state' }), { bind: 'state' });

  const forms = [
    secret,
    ...[
      Buffer.from(secret, 'utf8'),
      ...(['sign', 'bind'] as const).map((use) => Buffer.from(material.derive(use, 'session'))),
    ].flatMap((buffer) => [
      buffer.toString('hex'),
      buffer.toString('base64'),
      buffer.toString('base64url'),
      buffer.toString('latin1'),
      // Bytes as `inspect` shows those of a Buffer and of a Uint8Array, and as JSON shows either; less white space.
      buffer.toString('hex').slice(0, 16),
      [...buffer].slice(0, 8).join(','),
      [...buffer]
        .slice(0, 8)
        .map((byte, index) => `"${index}":${byte}`)
        .join(','),
    ]),
    'PLANTED',
  ];

  function leaked(text: string): readonly string[] {
    const dense = text.replace(/\s/g, '');
    return forms.filter((form) => text.includes(form) || dense.includes(form));
  }

  const shown: Readonly<Record<string, (value: object) => unknown>> = {
    inspect: (value) => inspect(value),
    'inspect, everything on': (value) =>
      inspect(value, { showHidden: true, depth: null, getters: true, maxStringLength: null }),
    'inspect, custom symbols off': (value) =>
      inspect(value, { showHidden: true, depth: null, customInspect: false }),
    'JSON.stringify': (value) => JSON.stringify(value),
    'String()': (value) => String(value),
    template: (value) => `${value}`,
    'keys and entries': (value) => inspect([Object.keys(value), Object.entries(value)], { depth: null }),
    'own property names and symbols': (value) => inspect(Reflect.ownKeys(value).map(String)),
    spread: (value) => inspect({ ...value }, { showHidden: true, depth: null }),
    'Object.assign': (value) => JSON.stringify(Object.assign({}, value)),
    structuredClone: (value) => {
      try {
        return inspect(structuredClone(value), { showHidden: true, depth: null });
      } catch (error) {
        return inspect(error, { showHidden: true, depth: null });
      }
    },
    'an error with it as the cause': (value) =>
      inspect(new Error('failed', { cause: value }), { depth: null }),
    'a stack trace': (value) => {
      try {
        return (value as { nothing: () => void }).nothing();
      } catch (error) {
        return `${(error as Error).stack}`;
      }
    },
  };

  for (const [name, value] of Object.entries({ material, key, ring, live, signer })) {
    it.each(Object.keys(shown))(`${name}: %s`, (way) => {
      expect(leaked(String(shown[way]?.(value)))).toEqual([]);
    });
  }

  it('and this search would find it', () => {
    const derived = material.derive('sign', 'session');
    for (const leak of [{ secret }, { derived }, { derived: Buffer.from(derived) }]) {
      for (const way of ['inspect', 'JSON.stringify', 'spread', 'structuredClone']) {
        expect(leaked(String(shown[way]?.(leak))), way).not.toEqual([]);
      }
    }
  });
});
