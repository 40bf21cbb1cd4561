// Beside the plugins of Fastify that sign or encrypt cookies: docs/bridges/fastify.md.
export {
  type LiveSecureSessionKeys,
  liveSecureSessionKeys,
  type SecureSessionSettings,
} from './secure-session.js';
export { type FastifySessionOptions, type FastifySessionSettings, liveFastifySession } from './session.js';
export { type CookieSigner, liveSigner, type SignerSettings } from './signer.js';
