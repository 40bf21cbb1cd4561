// Why a replica refused what a request carried, by its own words, in a header of the response: what has expired was
// not refused. Only a clock of the replica itself can tell that; a visitor's is late by every wait on the way.
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { root } from './proof-tools.js';

const { textLogger } = await import(join(root, 'dist/runtime/log.js'));
const { parseToken } = await import(join(root, 'dist/signing/token.js'));

export const REASONS = 'x-proof-reasons';
const COOKIE = /(?:^|; )__Host-keyturn\.\w+=([^;]+)/g;

const ofRequest = new AsyncLocalStorage();
const plain = textLogger(process.env.KEYTURN_LOG__LEVEL ?? 'info', (line) => process.stderr.write(line));

/** Logs as a process does, and notes for the request that it is about why a token was refused. */
export const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (facts, message) => {
      if (facts.event === 'token.refused') ofRequest.getStore()?.add(facts.reason);
      plain[level](facts, message);
    },
  ]),
);

/** @param server the one that the app listens with */
export function tellReasons(server) {
  server.prependListener('request', (request, response) => {
    const reasons = new Set();
    ofRequest.enterWith(reasons);
    const { writeHead } = response;
    response.writeHead = (...args) => {
      // Verified in time, and ended before its session was found.
      if (carried(request).some(({ expiresAt }) => expiresAt * 1000 <= Date.now())) reasons.add('expired');
      if (reasons.size > 0) response.setHeader(REASONS, [...reasons].join(' '));
      return writeHead.apply(response, args);
    };
  });
}

function carried({ headers }) {
  return [...(headers.cookie ?? '').matchAll(COOKIE)].flatMap(([, token]) => parseToken(token) ?? []);
}
