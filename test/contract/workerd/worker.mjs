// @ts-check
// The contract of adapters inside workerd: `keyturn/web`, asked by calls, since an isolate listens to nothing itself.
// Answers with the outcome as a text; status 500 where something failed.
const lacks = {
  sealing: 'what is loaded by its name as it runs, as libsodium-wrappers is, is in no bundle',
  proxies: 'workerd has given it the URL that the browser named',
  http2: 'an isolate sees no connections',
  sockets: 'an isolate sees no connections',
};

export default {
  async fetch() {
    // In here, since modules may draw no random numbers while a worker is loaded.
    const { default: keyturn } = await import('../../../dist/adapters/web/index.js');
    const { httpContract } = await import('../../../dist/testing/index.js');
    const { webHandler } = await import('../drivers/web-handler.mjs');
    const { runContract, summary } = await import('../runner.mjs');
    const driver = {
      lacks,
      async start(/** @type {import('../../../src/testing/index.js').HttpContractApp} */ app) {
        const handle = await webHandler(/** @type {any} */ (keyturn), app);
        const fetch = async (/** @type {Request} */ request) => {
          const response = await handle(request);
          // As the server does that stands before a handler.
          return request.method === 'HEAD' ? new Response(null, response) : response;
        };
        return { url: 'http://app.test', fetch, close: async () => {} };
      },
    };
    const outcome = await runContract(/** @type {any} */ (httpContract)(driver));
    return new Response(summary('web', outcome), { status: outcome.failed.length === 0 ? 200 : 500 });
  },
};
