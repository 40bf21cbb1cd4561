// @ts-check
// `keyturn/edge` for the contract of adapters: with the Keyturn that it makes itself, without disk, engines and timers.
import { webHandler } from './web-handler.mjs';

/** @import { HttpContractDriver, StartedHttpApp } from '../../../src/testing/index.js' */
/** @import { Keyturn, SessionStore } from '../../../src/index.js' */

/** What follows from there being neither a disk nor packages at run time, wherever it runs. */
export const EDGE_LACKS = {
  sealing: 'at the edge nothing is sealed',
  proxies: 'the platform has given it the URL that the browser named',
  automatic: 'here each request says by itself whether it is checked',
};

/**
 * @param {typeof import('../../../src/adapters/edge/index.js').default} keyturn
 * @param {(options: { clock: () => number }) => SessionStore} memoryStore
 * @param {(fetch: (request: Request) => Promise<Response>, http2: boolean) => Promise<StartedHttpApp>} serve
 * @returns {HttpContractDriver}
 */
export function edgeDriver(keyturn, memoryStore, serve) {
  /** Where sessions are to be in memory, which no setting of the edge asks for. @type {WeakMap<Keyturn, SessionStore>} */
  const stores = new WeakMap();
  /** @param {any} options */
  const edge = ({ keyturn: made, ...options }) => {
    const store = stores.get(made);
    return keyturn({ keyturn: made, ...(store === undefined ? {} : { store }), ...options });
  };
  return {
    lacks: EDGE_LACKS,
    async keyturn({ secret, env, profile, config, logger, clock }) {
      const { session: { backend, ...session } = {}, csrf, ...others } = /** @type {any} */ (config);
      const given = { secret, env, profile, logger, clock };
      const made = await keyturn({
        ...given,
        config: { ...others, session, csrf: { ...FORMS, ...csrf } },
      }).ready();
      if (backend === 'memory') stores.set(made, memoryStore({ clock }));
      return made;
    },
    async start({ http2, ...described }) {
      return await serve(await webHandler(/** @type {any} */ (edge), described), http2);
    },
  };
}

/** The contract asks for tokens of forms, which the edge does without unless it is told. */
const FORMS = { mode: 'token' };
