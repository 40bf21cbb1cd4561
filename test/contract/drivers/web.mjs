// @ts-check
// `keyturn/web` for the contract of adapters: by `open` and `commit`, as a framework does it.
import { bodyOf, responseOf, serveFetch } from './fetch.mjs';

/** @import { HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {typeof import('../../../src/adapters/web/index.js').default} keyturn
 * @returns {HttpContractDriver}
 */
export function webDriver(keyturn) {
  return {
    lacks: { proxies: 'the server before it has given it the URL that the browser named' },
    async start({ http2, ...described }) {
      const kt = keyturn({ keyturn: described.keyturn, ...described.options });
      await kt.ready();
      return await serveFetch(async (request) => {
        const { pathname } = new URL(request.url);
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
      }, http2);
    },
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
