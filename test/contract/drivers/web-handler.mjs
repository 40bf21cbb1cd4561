// @ts-check
// The app of the contract over `keyturn/web`: by `open` and `commit`, as a framework does it, and by `handle`.
import { bodyOf, responseOf } from './fetch.mjs';

/** @import { HttpContractApp } from '../../../src/testing/index.js' */

/**
 * @param {typeof import('../../../src/adapters/web/index.js').default} keyturn
 * @param {Pick<HttpContractApp, 'keyturn' | 'options' | 'routes' | 'inner'>} described
 * @returns {Promise<(request: Request) => Promise<Response>>}
 */
export async function webHandler(keyturn, { inner, ...described }) {
  const kt = keyturn({ keyturn: described.keyturn, ...described.options });
  await kt.ready();
  const within = inner && (await webHandler(keyturn, inner));
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (within !== undefined && pathname.startsWith('/inner/')) {
      const url = request.url.replace('/inner/', '/');
      return await kt.handle(request, () => within(new Request(url, request)), { csrf: false });
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = described.routes.find((one) => one.path === pathname && one.method === method);
    if (route === undefined) return new Response('', { status: 404 });
    let visit;
    try {
      visit = await kt.open(request, { csrf: route.csrf });
    } catch (error) {
      return failed(error);
    }
    return await answer(visit, request, route)
      .catch(failed)
      .then((response) => visit.commit(response))
      .catch((error) => visit.commit(failed(error)));
  };
}

/**
 * @param {import('../../../src/adapters/web/index.js').WebVisit} visit
 * @param {Request} request
 * @param {import('../../../src/testing/index.js').HttpContractRoute} route
 */
async function answer(visit, request, { run }) {
  /** @type {(readonly [string, string])[]} */
  const fields = [];
  const reply = await run({
    get session() {
      return visit.session;
    },
    get flash() {
      return visit.flash;
    },
    csrfToken: visit.csrfToken,
    body: await bodyOf(request),
    setHeader: (name, value) => fields.push([name, value]),
  });
  const response = responseOf(reply);
  for (const [name, value] of fields) response.headers.set(name, value);
  return response;
}

/** @param {any} error */
function failed({ message, statusCode = 500 }) {
  return new Response(JSON.stringify({ message }), {
    status: statusCode,
    headers: { 'content-type': 'application/json' },
  });
}
