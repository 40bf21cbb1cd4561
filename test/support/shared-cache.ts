// A cache that serves many, as RFC 9111 has it, in front of an app: what it hands to whom is what tests look at.
import type { FastifyInstance } from 'fastify';

interface Kept {
  readonly body: string;
  /** Those fields of the request that the response varies by. */
  readonly varies: ReadonlyArray<readonly [name: string, value: string | undefined]>;
}

export interface SharedCacheOptions {
  /** A field that goes before Cache-Control (RFC 9213). */
  readonly goesBy?: string;
  /** As many CDNs do. */
  readonly ignoresVary?: boolean;
}

/** What a visitor gets through the cache. */
export function sharedCache(app: FastifyInstance, { goesBy, ignoresVary = false }: SharedCacheOptions = {}) {
  const kept = new Map<string, Kept[]>();
  return async (url: string, cookie?: string): Promise<string> => {
    const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
    const hit = kept
      .get(url)
      ?.find(({ varies }) => ignoresVary || varies.every(([name, value]) => headers[name] === value));
    if (hit !== undefined) return hit.body;
    const answer = await app.inject({ url, headers });
    const control = String(answer.headers[goesBy ?? ''] ?? answer.headers['cache-control'] ?? '');
    const vary = String(answer.headers.vary ?? '').toLowerCase();
    const fresh = /max-age=[1-9]|s-maxage=[1-9]/i.test(control) || answer.headers.expires !== undefined;
    if (fresh && !/private(?!=)|no-store/i.test(control) && (ignoresVary || vary !== '*')) {
      const names = vary.split(',').map((name) => name.trim());
      const varies = names.filter((name) => name !== '').map((name) => [name, headers[name]] as const);
      kept.set(url, [...(kept.get(url) ?? []), { body: answer.body, varies }]);
    }
    return answer.body;
  };
}
