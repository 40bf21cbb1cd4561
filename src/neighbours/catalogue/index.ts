// The libraries that Keyturn knows: what becomes of their users when the secret changes, and what cures it. The words on
// each follow what test/bridges sees of the real ones.
import type { Neighbour } from '../neighbour.js';
import { AUTH } from './auth.js';
import { FASTIFY_PLUGINS } from './fastify.js';
import { SESSIONS } from './sessions.js';
import { TOKEN_LIBRARIES } from './tokens.js';

export const NEIGHBOURS: readonly Neighbour[] = [
  ...SESSIONS,
  ...AUTH,
  ...TOKEN_LIBRARIES,
  ...FASTIFY_PLUGINS,
];
