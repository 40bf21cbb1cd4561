import { COOKIE_SIGNATURE, type CookieFormat, EXPRESS, HONO, keygrip } from '../../src/codecs/cookies.js';

/** What a real library has signed: test/codecs/cookies.neighbours.test.ts has it do so again. */
export interface Vector {
  readonly library: string;
  readonly name: string;
  readonly value: string;
  readonly key: string;
  /** The value in the header; of keygrip that of the cookie `.sig`. */
  readonly signed: string;
}

/** The codec of each library in vectors.json. */
export const FORMATS: Readonly<Record<string, CookieFormat>> = {
  'cookie-signature': COOKIE_SIGNATURE,
  express: EXPRESS,
  '@fastify/cookie': COOKIE_SIGNATURE,
  hono: HONO,
  'react-router': COOKIE_SIGNATURE,
  keygrip: keygrip('sha1'),
  'keygrip-sha256': keygrip('sha256'),
};

/** As it stands in the header; of formats beside the value of the cookie `.sig`. */
export function signed(format: CookieFormat, name: string, payload: string, key: string): string {
  const signature = format.sign(name, payload, key);
  if (format.beside) return signature;
  const text = format.join({ payload, signature });
  return format.encoded ? encodeURIComponent(text) : text;
}
