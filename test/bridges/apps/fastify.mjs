// A server on Fastify, for the apps of its plugins.

/**
 * @param load imports a package of compat/neighbours
 * @param register registers the plugins
 * @param signIn what a sign-in does
 * @param userOf who is signed in
 */
export async function serve(load, register, signIn, userOf) {
  const { default: fastify } = await load('fastify');
  const server = fastify();
  await register(server);
  server.post('/sign-in', async (request, reply) => {
    signIn(request, reply);
    return reply.send({});
  });
  server.get('/', async (request, reply) => ({ user: userOf(request, reply) ?? null }));
  await server.listen({ port: 0, host: '127.0.0.1' });
  return { url: `http://127.0.0.1:${server.server.address().port}`, close: () => server.close() };
}

export const visits = {
  signIn: async (visitor, url) => {
    await visitor.fetch(`${url}/sign-in`, { method: 'POST' });
  },
  isSignedIn: async (visitor, url) => (await (await visitor.fetch(url)).json()).user === 'ada',
};
