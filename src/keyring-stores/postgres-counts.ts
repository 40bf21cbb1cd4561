// What replicas have verified over time, in PostgreSQL: one row for each bucket, key and purpose, which all of them raise.
import { type Count, type CountsSpan, MOST_IN_BUCKET, SPANS } from '../fleet/counts.js';

/** So often one process clears away what is too old, in milliseconds, and so many rows at most. */
const CLEARED_EVERY = 5 * 60_000;
const CLEARED_AT_ONCE = 10_000;

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

export class PostgresCounts {
  readonly #table: string;
  readonly #ring: string;
  /** By the clock that is never set. The first time comes at some time within the pause: replicas may start together. */
  #clearAt: number = performance.now() + Math.random() * CLEARED_EVERY;

  /** @param table quoted */
  constructor(table: string, ring: string) {
    this.#table = table;
    this.#ring = ring;
  }

  /**
   * In one order, so that two that do it at once do not wait for each other. That it has reached the disk is not waited
   * for: replicas wait for each other meanwhile, and a server that fails loses a second of it.
   */
  add(span: CountsSpan, added: readonly Count[]): Statement {
    return {
      text: `INSERT INTO ${this.#table} AS c (ring, span, start, kid, purpose, verified)
         SELECT $1, $2, start, kid, purpose, verified
         FROM unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[]) AS told (start, kid, purpose, verified)
         WHERE (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
         ORDER BY start, kid COLLATE "C", purpose COLLATE "C"
       ON CONFLICT (ring, span, start, kid, purpose)
         DO UPDATE SET verified = least(c.verified + excluded.verified, ${Number.MAX_SAFE_INTEGER})`,
      values: [
        this.#ring,
        span,
        added.map(({ start }) => start),
        added.map(({ kid }) => kid),
        added.map(({ purpose }) => purpose),
        added.map(({ verified }) => verified),
      ],
    };
  }

  /** What has no place in a span any more, by the clock of the server; undefined while nobody has to look. */
  clear(): Statement | undefined {
    if (performance.now() < this.#clearAt) return undefined;
    this.#clearAt = performance.now() + CLEARED_EVERY;
    const spans = Object.keys(SPANS) as CountsSpan[];
    return {
      text: `WITH clock AS MATERIALIZED (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now)
       DELETE FROM ${this.#table} WHERE ctid = ANY (ARRAY(
         SELECT c.ctid FROM clock, unnest($2::text[], $3::bigint[]) AS s (span, kept), ${this.#table} AS c
         WHERE c.ring = $1 AND c.span = s.span AND c.start NOT BETWEEN now - kept AND now + kept
         LIMIT ${CLEARED_AT_ONCE} FOR UPDATE OF c SKIP LOCKED))`,
      values: [this.#ring, spans, spans.map((span) => SPANS[span].kept)],
    };
  }

  read(span: CountsSpan, from: number, to: number): Statement {
    const buckets = SPANS[span].kept / SPANS[span].bucket;
    return {
      text: `SELECT start, kid, purpose, verified FROM ${this.#table}
       WHERE ring = $1 AND span = $2 AND start BETWEEN $3 AND $4
         AND octet_length(kid) <= 8 AND octet_length(purpose) <= 32
       LIMIT ${buckets * MOST_IN_BUCKET}`,
      values: [this.#ring, span, from, to],
    };
  }
}
