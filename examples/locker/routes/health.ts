// For whoever watches over the process, and whoever else asks. No answer holds anything secret: key ids are public names.
// Why a keyring is out of date names files and engines: that stands in the log alone.
import type { FastifyPluginAsync } from 'fastify';
import type { Keyturn } from 'keyturn';

export const healthRoutes: FastifyPluginAsync = async (app) => {
  app.get('/healthz', async () => ({ status: 'ok' }));

  app.get('/readyz', async (_request, reply) => {
    const { ready, degraded, fingerprint, generation, signs, keys } = app.keyturn.health;
    const sessions = (await sessionsAnswer(app.keyturn))
      ? (app.keyturn.health.sessions ?? 'ok')
      : 'unreachable';
    // Degraded is ready all the same: the last good keyring is in force. And so is a replica without its sessions:
    // where none has them, it is better that all answer what they can than that nobody answers anything.
    const well = degraded === undefined && sessions === 'ok';
    const status = ready ? (well ? 'ready' : 'degraded') : 'not ready';
    const ring = { fingerprint, generation, signingKid: signs, keys: keys.length };
    return reply.code(ready ? 200 : 503).send({ status, sessions, ...ring });
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(app.keyturn.metrics()),
  );
};

/** In milliseconds: probes do not wait for long. */
const PATIENCE = 500;

async function sessionsAnswer({ sessionStore }: Keyturn): Promise<boolean> {
  if (sessionStore === undefined) return true;
  const answer = Promise.resolve(sessionStore.get('nobody')).then(
    () => true,
    () => false,
  );
  const late = new Promise<boolean>((done) => setTimeout(done, PATIENCE, false).unref());
  return await Promise.race([answer, late]);
}
