// The frozen vectors of sealed tokens. They were made by test/support/xchacha.ts and node:crypto's HKDF, without any
// code of src/.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Key, Material } from '../../src/keyring/key.js';
import { Keyring } from '../../src/keyring/keyring.js';
import { LiveKeyring } from '../../src/keyring/live.js';
import type { RefusalReason } from '../../src/signing/result.js';
import { bytesContent, jsonContent, sealBody } from '../../src/signing/sealed-body.js';
import { TokenSealer } from '../../src/signing/sealer.js';
import { type Aead, loadAead } from '../../src/signing/sodium.js';
import { formatHeader, SEALED } from '../../src/signing/token.js';
import { Usage } from '../../src/signing/usage.js';

interface Attempt {
  readonly name: string;
  readonly purpose: string;
  readonly now: number;
  readonly bind?: string | null;
  readonly token: string;
}

interface Vectors {
  readonly secrets: ReadonlyArray<{
    readonly name: string;
    readonly stored: string;
    readonly kid: string;
    readonly keys: Readonly<Record<string, string>>;
  }>;
  readonly ring: { readonly live: string[]; readonly retired: string[]; readonly revoked: string[] };
  readonly tokens: ReadonlyArray<
    Attempt & {
      readonly nonce: string;
      readonly json?: string;
      readonly bytes?: string;
      readonly kid: string;
      readonly issuedAt: number;
      readonly expiresAt: number;
    }
  >;
  readonly refused: ReadonlyArray<Attempt & { readonly reason: RefusalReason }>;
}

const aead = (await loadAead()) as Aead;
const file = new URL('../vectors/sealed-v1.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const materials = new Map(vectors.secrets.map(({ name, stored }) => [name, new Material(stored)]));
const named = (name: string): Material => materials.get(name) as Material;
const keyring = new Keyring([
  ...vectors.ring.live.map((name, index) => new Key(named(name), index === 0 ? 'active' : 'retiring')),
  ...vectors.ring.retired.map((name) => new Key(named(name), 'retired')),
  ...vectors.ring.revoked.map((name) => new Key(named(name), 'revoked')),
]);

function open({ purpose, now, token, bind }: Attempt) {
  const sealer = new TokenSealer(
    {
      purpose,
      maxAge: 3600,
      ring: new LiveKeyring(keyring, () => now),
      usage: new Usage(),
      epoch: 'none',
      apps: [undefined] as const,
      clock: () => now,
      onRefusal: () => {},
    },
    aead,
  );
  return sealer.open(token, bind === undefined ? {} : { bind: bind ?? undefined });
}

const contentOf = ({ json, bytes }: { readonly json?: string; readonly bytes?: string }) =>
  json === undefined ? bytesContent(Buffer.from(bytes as string, 'hex')) : jsonContent(json);

describe('the frozen vectors of sealed tokens', () => {
  it.each(vectors.secrets)('secret $name: kid and keys', ({ name, kid, keys }) => {
    expect(named(name).kid).toBe(kid);
    for (const [purpose, key] of Object.entries(keys))
      expect(Buffer.from(named(name).derive('seal', purpose)).toString('hex')).toBe(key);
  });

  it.each(vectors.tokens)('opened: $name', (vector) => {
    expect(open(vector)).toEqual({
      ok: true,
      payload:
        vector.json === undefined
          ? new Uint8Array(Buffer.from(vector.bytes as string, 'hex'))
          : JSON.parse(vector.json),
      kid: vector.kid,
      stale: vector.kid !== keyring.active.id,
      issuedAt: new Date(vector.issuedAt * 1000),
      expiresAt: new Date(vector.expiresAt * 1000),
    });
  });

  it.each(vectors.tokens)('sealed again with its nonce, the same text: $name', (vector) => {
    const { kid, issuedAt, expiresAt, purpose, token } = vector;
    const key = [...materials.values()].find((found) => found.kid === kid)?.derive('seal', purpose);
    const header = formatHeader(SEALED, kid, issuedAt, expiresAt);
    const nonce = Buffer.from(vector.nonce, 'hex');
    const bind = vector.bind ?? undefined;
    const content = contentOf(vector);
    expect(header + sealBody(aead, key as Uint8Array, header, bind, nonce, content)).toBe(token);
  });

  it.each(vectors.refused)('refused as $reason: $name', (vector) => {
    expect(open(vector)).toEqual({ ok: false, reason: vector.reason });
  });

  it('hold every reason but bind_mismatch, which does not come of opening', () => {
    const reasons = new Set(vectors.refused.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual([
      'bad_signature',
      'expired',
      'malformed',
      'not_yet_valid',
      'retired_key',
      'revoked_key',
      'unknown_key',
    ]);
  });
});
