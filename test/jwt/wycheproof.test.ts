// Project Wycheproof's cases for JSON Web Signatures: those for HS256 as they are judged there, and of all others
// that no key of ours opens them.
import { expect, test } from 'vitest';
import { type CompactKeys, headerOf, verifyCompact } from '../../src/jwt/compact.js';
import { Hmac } from '../../src/signing/hmac.js';
import { describeWycheproof, type Group } from '../support/wycheproof.js';

interface JwsGroup extends Group<{ readonly jws: string }> {
  readonly comment: string;
  readonly private: {
    readonly kty: string;
    readonly alg?: string;
    readonly kid?: string;
    readonly k?: string;
  };
}

function keysOf(kid: string, k: string): CompactKeys<CompactKeys<never>['active']> {
  const header = headerOf(kid);
  const active = { kid, header, hmac: new Hmac(Buffer.from(k, 'base64url')) } as never;
  return { active, byHeader: new Map([[header, active]]), byKid: new Map([[kid, active]]) };
}

/** Valid there for readers that skip characters outside the alphabet and authenticate what remains: we do not. */
const LENIENT = [372, 373];
/** Called invalid for padding that their text does not have: byte for byte they are the valid case 357. */
const SAME_AS_VALID = [367, 370];

describeWycheproof<JwsGroup>('JWS', 'json_web_signature_test.json', (groups) => {
  const cases = groups.flatMap(({ comment: group, private: key, tests }) =>
    tests.map((one) => ({ group, key, ...one })),
  );
  const ours = cases.filter(({ key }) => key.alg === 'HS256' && key.kty === 'oct');

  test.each(ours)('$group $tcId: $comment', ({ tcId, key: { kid = '', k = '' }, jws, result }) => {
    const opened = verifyCompact(jws, keysOf(kid, k));
    const valid = (result === 'valid' && !LENIENT.includes(tcId)) || SAME_AS_VALID.includes(tcId);
    // The test of JWT is of JWT: RFC 7520's example is a plain JWS of a text, which opens likewise.
    expect(opened.refused === undefined).toBe(valid);
  });

  test('no key for HS256 opens what is signed otherwise, whatever the header says', () => {
    const others = cases.filter((one) => !ours.includes(one));
    expect(others.length).toBeGreaterThan(300);
    const kids = new Set(others.map(({ key }) => key.kid ?? ''));
    for (const kid of kids) {
      const keys = keysOf(kid, Buffer.alloc(32, 7).toString('base64url'));
      for (const { tcId, jws } of others)
        expect(verifyCompact(jws, keys).refused, `case ${tcId}`).toBeDefined();
    }
  });
});
