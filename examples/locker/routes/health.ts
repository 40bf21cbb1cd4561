// For whoever watches over the process. No answer holds anything secret: key ids are public names.
import type { FastifyPluginAsync } from 'fastify';

export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const { ready, degraded, fingerprint, generation, signs, keys } = app.keyturn.health;
    // Degraded is ready all the same: the last good keyring is in force.
    const status = ready ? (degraded === undefined ? 'ready' : 'degraded') : 'not ready';
    const body = { status, reason: degraded, fingerprint, generation, signingKid: signs, keys: keys.length };
    return reply.code(ready ? 200 : 503).send(body);
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(app.keyturn.metrics()),
  );
};
