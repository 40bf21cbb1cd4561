// @fastify/passport registers @fastify/flash by itself, and Fastify refuses a second decorator of one name. Ours does what
// that one does, so it stays.
import type { FastifyInstance } from 'fastify';

/** Lets @fastify/flash be registered beside Keyturn. Any other `flash` is refused as before. */
export function keepFlash(app: FastifyInstance): void {
  for (const name of ['decorateRequest', 'decorateReply'] as const) {
    const decorate = app[name] as (this: FastifyInstance, ...given: unknown[]) => FastifyInstance;
    const kept = function (this: FastifyInstance, ...given: unknown[]): FastifyInstance {
      return given[0] === 'flash' && this.hasPlugin('@fastify/flash') ? this : decorate.apply(this, given);
    };
    Object.defineProperty(app, name, { value: kept, configurable: true, writable: true });
  }
}
