// Tokens in the path of a route: longer than what Fastify takes for a parameter by default, and then nobody learns why
// the link in the mail is a 414.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../runtime/log.js';

/** What the token of the documented password reset has, with a small payload and a bond. */
const NEEDED = 111;

/** Tells once of a route with a parameter `token` that no token of Keyturn fits into. */
export function warnOfLongTokens(app: FastifyInstance, logger: Logger): void {
  const { routerOptions, maxParamLength } = app.initialConfig;
  const limit = routerOptions?.maxParamLength ?? maxParamLength ?? 100;
  if (limit >= NEEDED) return;
  let told = false;
  app.addHook('onRoute', ({ url }) => {
    if (told || !/:token(?!\w)/.test(url)) return;
    told = true;
    logger.warn(
      {
        event: 'route.token_too_long',
        route: url,
        limit,
        hint: 'take the token from the query (/reset?token=…) and answer with Referrer-Policy: strict-origin; or write Fastify({ routerOptions: { maxParamLength: 500 } })',
      },
      `the route ${url} takes a token of ${limit} characters at most: Fastify answers to a longer one with 414`,
    );
  });
}
