// For whoever watches over the process. Neither answer holds anything secret: key ids are public names.
import type { FastifyPluginAsync } from 'fastify';
import { signingKid } from '../keys.js';

export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async () => {
    const { fingerprint, generation, keys } = app.keyturn.keyring;
    return {
      status: 'ready',
      fingerprint,
      generation,
      signingKid: signingKid(app.keyturn),
      keys: keys.length,
    };
  });
};
