// @ts-check
// `keyturn/web` for the contract of adapters.
import { serveFetch } from './fetch-server.mjs';
import { webHandler } from './web-handler.mjs';

/** @import { HttpContractDriver } from '../../../src/testing/index.js' */

/**
 * @param {typeof import('../../../src/adapters/web/index.js').default} keyturn
 * @returns {HttpContractDriver}
 */
export function webDriver(keyturn) {
  return {
    lacks: {
      proxies: 'the server before it has given it the URL that the browser named',
      automatic: 'here each request says by itself whether it is checked',
    },
    async start({ http2, ...described }) {
      return await serveFetch(await webHandler(keyturn, described), http2);
    },
  };
}
