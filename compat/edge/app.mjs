// One app for each runtime at the edge: the global scope makes a signer, and a request signs in, looks, signs out.
import keyturn from 'keyturn/edge';

/** A secret from a binding. */
const kt = keyturn(({ env }) => ({ secret: env.SIGNING_SECRET, env }));

async function answer(request, { session, flash }, context) {
  const { pathname } = new URL(request.url);
  if (pathname === '/sign-in') {
    session.regenerate();
    session.user = 'ada';
    flash('info', 'Welcome');
    return new Response(null, { status: 303, headers: { location: '/' } });
  }
  if (pathname === '/sign-out') {
    session.destroy();
    return new Response(null, { status: 303, headers: { location: '/' } });
  }
  if (pathname === '/token') {
    const signer = (await kt.ready(context)).signer('password-reset');
    const token = signer.sign({ user: 42 });
    return Response.json(signer.verify(token));
  }
  return Response.json({ user: session.user, flash: flash('info') });
}

const handle = async (request, env) => {
  try {
    return await kt.handle(request, (visit) => answer(request, visit, { env }), { env });
  } catch (error) {
    return Response.json({ code: error.code ?? String(error.stack) }, { status: error.statusCode ?? 500 });
  }
};

export default { fetch: handle };
