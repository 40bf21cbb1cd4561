import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import keyturn from 'keyturn/fastify';

// A request of an app that runs, for what stands in a handler.
const running = Fastify();
await running.register(keyturn, {
  config: { session: { backend: 'memory' } },
  user: (session) => session.userId,
});
export const { request, reply } = await new Promise<{ request: FastifyRequest; reply: FastifyReply }>(
  (begun) => {
    running.get('/', (request, reply) => begun({ request, reply }));
    void running.inject('/');
  },
);
export const kt = running.keyturn;

export const app = Fastify();
export const user = { id: '42' };
export const { id: userId } = user;
export const id = 'the id of a session';
export const users = { epochOf: async (_id: unknown) => 1 };
export const handler = async () => 'done';
