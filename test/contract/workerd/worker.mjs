// @ts-check
// The contract of adapters inside workerd: `keyturn/web` and `keyturn/edge`, asked by calls, since an isolate listens to
// nothing itself. Answers with the outcomes as a text; status 500 where something failed.

/** @import { HttpContractApp, HttpContractDriver, StartedHttpApp } from '../../../src/testing/index.js' */

const lacks = {
  sealing: 'what is loaded by its name as it runs, as libsodium-wrappers is, is in no bundle',
  proxies: 'workerd has given it the URL that the browser named',
  automatic: 'here each request says by itself whether it is checked',
  http2: 'an isolate sees no connections',
  sockets: 'an isolate sees no connections',
};

/**
 * @param {(request: Request) => Promise<Response>} handle
 * @returns {Promise<StartedHttpApp>}
 */
async function serve(handle) {
  const fetch = async (/** @type {Request} */ request) => {
    const response = await handle(request);
    // As the server does that stands before a handler.
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
  return { url: 'http://app.test', fetch, close: async () => {} };
}

export default {
  async fetch() {
    // In here, since modules may draw no random numbers while a worker is loaded.
    const { default: web } = await import('../../../dist/adapters/web/index.js');
    const { default: edge } = await import('../../../dist/adapters/edge/index.js');
    const { memoryStore } = await import('../../../dist/sessions/stores/memory.js');
    const { httpContract } = await import('../../../dist/testing/index.js');
    const { edgeDriver } = await import('../drivers/edge.mjs');
    const { webHandler } = await import('../drivers/web-handler.mjs');
    const { runContract, summary } = await import('../runner.mjs');
    const onWeb = {
      lacks,
      start: async (/** @type {HttpContractApp} */ app) =>
        await serve(await webHandler(/** @type {any} */ (web), app)),
    };
    const onEdge = edgeDriver(/** @type {any} */ (edge), /** @type {any} */ (memoryStore), serve);
    /** @type {readonly (readonly [name: string, driver: HttpContractDriver])[]} */
    const drivers = [
      ['web', onWeb],
      ['edge', { ...onEdge, lacks: { ...lacks, ...onEdge.lacks } }],
    ];
    let failed = 0;
    const texts = [];
    for (const [name, driver] of drivers) {
      const outcome = await runContract(/** @type {any} */ (httpContract)(driver));
      failed += outcome.failed.length;
      texts.push(summary(name, outcome));
    }
    return new Response(texts.join('\n'), { status: failed === 0 ? 200 : 500 });
  },
};
