// A shared keyring in PostgreSQL, through a pool of the app. One row per ring, and beside it one per replica that
// reports, one per key that ended replicas signed with, and those with what was verified over time. Each call is one statement, so that a pooler between app and
// server may hand out another connection every time, and nothing has to be rolled back.
//
// How old a report is goes by the clock of the server alone, which every replica asks in the statement that uses it.
import {
  askPool,
  isMissingTable,
  listen,
  type PostgresPool,
  type PostgresRow,
  requirePool,
} from '../engines/postgres.js';
import { areThere } from '../engines/schema.js';
import type { LineListener } from '../engines/watch.js';
import { surviveLostConnections } from '../engines/watch.js';
import type { Count, CountsSpan } from '../fleet/counts.js';
import type { EndedMoment, EndedMoments } from '../fleet/ended-processes.js';
import type { RingPlace } from '../keyring/sealed-ring.js';
import { PostgresCounts } from './postgres-counts.js';
import { lockSql, statements, type Tables, tablesOf } from './postgres-schema.js';
import {
  type EngineClock,
  FAR_AHEAD,
  type LeftReport,
  LONGEST_MOMENT,
  LONGEST_NAME,
  LONGEST_REPORT,
  PAGE,
  type ReportPage,
  type RingTable,
  type Slot,
} from './table.js';

interface PostgresRingTableOptions {
  /** Keeps two apps on one secret apart. */
  readonly app?: string | undefined;
  /** The app made it and ends it. */
  readonly pool: PostgresPool;
  /** The ring's. */
  readonly name: string;
}

/** Of two moments; one that lies too far ahead to be one gives way. */
const KEEP_THE_LATER = `ON CONFLICT (ring, kid) DO UPDATE SET at = excluded.at, proof = excluded.proof
         WHERE e.at < excluded.at OR e.at > extract(epoch FROM clock_timestamp()) * 1000 + ${FAR_AHEAD}`;

/** A {@link RingTable} in PostgreSQL 15 or later. */
export class PostgresRingTable implements RingTable {
  readonly place: RingPlace;
  readonly #pool: PostgresPool;
  readonly #ring: string;
  readonly #tables: Tables;
  readonly #channel: string;
  readonly #counts: PostgresCounts;

  constructor({ pool, app, name }: PostgresRingTableOptions) {
    // A table belongs to whoever may write to it; a prefix is what apps that share a Redis have instead.
    this.place = { app, prefix: '', name };
    this.#pool = requirePool(pool, 'the shared keyring');
    // No name of an app has a slash, nor of a keyring: see `ringName`.
    this.#ring = app === undefined ? name : `${app}/${name}`;
    // They are where the pool looks first.
    this.#tables = tablesOf();
    this.#channel = channelOf(this.#ring);
    this.#counts = new PostgresCounts(this.#tables.counts, this.#ring);
    surviveLostConnections(pool);
  }

  get name(): string {
    return `PostgreSQL (${this.#tables.rings.replaceAll('"', '')}, ${this.#ring})`;
  }

  /** Where all is there it changes nothing and needs no right to create. */
  async prepare(): Promise<void> {
    if (await areThere(this.#pool, Object.values(this.#tables))) return;
    // Statements of one simple query are one transaction, on one connection, and it gives the lock back at its end.
    await this.#query(`${lockSql(this.#tables)}\n${statements(this.#tables)}`);
  }

  async version(): Promise<string | undefined> {
    const [row] = await this.#rows(`SELECT version FROM ${this.#tables.rings} WHERE name = $1`, [this.#ring]);
    return row?.version as string | undefined;
  }

  async read(): Promise<Slot | undefined> {
    const [row] = await this.#rows(`SELECT version, text FROM ${this.#tables.rings} WHERE name = $1`, [
      this.#ring,
    ]);
    return row === undefined ? undefined : { version: row.version as string, text: row.text as string };
  }

  async write({ version, text }: Slot, expected: string | undefined): Promise<boolean> {
    const values = [this.#ring, version, text, this.#channel];
    // A write that is there already is taken for written, and told again: whoever sends it twice has lost the answer,
    // and the first may still be at it.
    const write =
      expected === undefined
        ? `INSERT INTO ${this.#tables.rings} AS r (name, version, text) VALUES ($1, $2, $3)
           ON CONFLICT (name) DO UPDATE SET version = excluded.version WHERE r.version = excluded.version
           RETURNING name`
        : `UPDATE ${this.#tables.rings} SET version = $2, text = $3
           WHERE name = $1 AND version IN ($2, $5) RETURNING name`;
    const written = await this.#put(
      `WITH written AS (${write}) SELECT pg_notify($4, '') FROM written`,
      expected === undefined ? values : [...values, expected],
    );
    return written > 0;
  }

  async watch(told: () => void, onLoss?: LineListener): Promise<() => Promise<void>> {
    return await listen(this.#pool, this.#channel, told, onLoss);
  }

  async writeReport(instance: string, text: string, lease: number): Promise<void> {
    await this.#put(
      `INSERT INTO ${this.#tables.replicas} (ring, instance, text, reported_at, lease)
       VALUES ($1, $2, $3, clock_timestamp(), $4)
       ON CONFLICT (ring, instance) DO UPDATE
         SET text = excluded.text, reported_at = excluded.reported_at, lease = excluded.lease`,
      [this.#ring, instance, text, Math.ceil(lease)],
    );
  }

  async removeReport(instance: string, ended: EndedMoments): Promise<void> {
    const moments = momentsOf(ended);
    // In one order, so that two that say goodbye at once do not wait for each other.
    await this.#put(
      `WITH removed AS (DELETE FROM ${this.#tables.replicas} WHERE ring = $1 AND instance = $2)
       INSERT INTO ${this.#tables.ended} AS e (ring, kid, at, proof)
         SELECT $1, kid, at, proof FROM unnest($3::text[], $4::bigint[], $5::text[]) AS told (kid, at, proof)
         ORDER BY kid COLLATE "C"
       ${KEEP_THE_LATER}`,
      [this.#ring, instance, ...columnsOf(moments)],
    );
  }

  async clearReports(left: readonly LeftReport[]): Promise<void> {
    if (left.length === 0) return;
    const moments = left.flatMap(({ instance, ended }) =>
      momentsOf(ended).map((moment) => ({ instance, ...moment })),
    );
    // "ANY", or a planner without statistics compares each with all that is there.
    await this.#put(
      `WITH removed AS (
         DELETE FROM ${this.#tables.replicas} AS r USING unnest($2::text[], $3::text[]) AS gone (instance, seen)
         WHERE r.ring = $1 AND r.instance = ANY($2) AND r.instance = gone.instance
           AND (r.text = gone.seen OR (gone.seen = '' AND octet_length(r.text) > ${LONGEST_REPORT}))
         RETURNING r.instance)
       INSERT INTO ${this.#tables.ended} AS e (ring, kid, at, proof)
         SELECT DISTINCT ON (kid COLLATE "C") $1, kid, at, proof
         FROM unnest($4::text[], $5::text[], $6::bigint[], $7::text[]) AS told (instance, kid, at, proof)
         WHERE instance IN (SELECT instance FROM removed) ORDER BY kid COLLATE "C", at DESC
       ${KEEP_THE_LATER}`,
      [
        this.#ring,
        left.map(({ instance }) => instance),
        left.map(({ seen }) => seen),
        moments.map(({ instance }) => instance),
        ...columnsOf(moments),
      ],
    );
  }

  async reports(from?: string): Promise<ReportPage> {
    // By the order of the index alone: with the ring as a condition a planner that has no statistics yet, as after a
    // flood of reports, sorts all of them for each page.
    const rows = await this.#rows(
      `SELECT instance, text, lease, age FROM (
         SELECT ring, instance, CASE WHEN octet_length(text) > ${LONGEST_REPORT} THEN '' ELSE text END AS text, lease,
           floor(extract(epoch FROM clock_timestamp() - reported_at) * 1000) AS age
         FROM ${this.#tables.replicas}
         WHERE (ring, instance) ${from === undefined ? '>=' : '>'} ($1, $2) AND octet_length(instance) <= ${LONGEST_NAME}
         ORDER BY ring, instance LIMIT ${PAGE}) AS page
       WHERE ring = $1 ORDER BY instance`,
      [this.#ring, from ?? ''],
    );
    const reports = rows.map(({ instance, text, lease, age }) => ({
      instance: instance as string,
      text: text as string,
      // A server whose clock was set back has not seen into the future.
      age: Math.max(0, Number(age)),
      lease: Number(lease),
    }));
    return { reports, next: rows.length < PAGE ? undefined : reports.at(-1)?.instance };
  }

  async ended(kids: readonly string[]): Promise<EndedMoments> {
    const rows = await this.#rows(
      `SELECT kid, at, proof FROM ${this.#tables.ended}
       WHERE ring = $1 AND kid = ANY($2::text[]) AND octet_length(proof) <= ${LONGEST_MOMENT}`,
      [this.#ring, kids],
    );
    // Without a prototype: "toString" has the form of a key id.
    const moments: Record<string, EndedMoment> = Object.create(null);
    for (const { kid, at, proof } of rows)
      moments[kid as string] = { at: Number(at), proof: proof as string };
    return moments;
  }

  /** The system identifier would not do: a standby has that of its primary, and a clock of its own. */
  async clock(): Promise<EngineClock> {
    const [row] = await this.#rows(
      `SELECT trunc(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::text AS started,
         floor(extract(epoch FROM clock_timestamp()) * 1000) AS now`,
      [],
    );
    return { server: `PostgreSQL ${row?.started}`, shows: Number(row?.now) };
  }

  async addCounts(span: CountsSpan, added: readonly Count[]): Promise<void> {
    if (added.length === 0) return;
    const { text, values } = this.#counts.add(span, added);
    await this.#put(text, values);
    const clearing = this.#counts.clear();
    // What could not be cleared away now goes the next time.
    if (clearing !== undefined) await this.#query(clearing.text, clearing.values).catch(() => undefined);
  }

  async counts(span: CountsSpan, from: number, to: number): Promise<readonly Count[]> {
    const { text, values } = this.#counts.read(span, from, to);
    return (await this.#rows(text, values)).map(({ start, kid, purpose, verified }) => ({
      start: Number(start),
      kid: kid as string,
      purpose: purpose as string,
      verified: Number(verified),
    }));
  }

  /** Where nothing was prepared nothing is there. */
  async #rows(text: string, values: unknown[]): Promise<readonly PostgresRow[]> {
    const found = await this.#query(text, values).catch((error) => {
      if (!isMissingTable(error)) throw error;
    });
    return found?.rows ?? [];
  }

  /** Where nothing was prepared it is, if this role may. */
  async #put(text: string, values: unknown[]): Promise<number> {
    const done = await this.#query(text, values).catch(async (error) => {
      if (!isMissingTable(error)) throw error;
      await this.prepare();
      return await this.#query(text, values);
    });
    return done.rowCount ?? 0;
  }

  async #query(text: string, values?: unknown[]): ReturnType<PostgresPool['query']> {
    return await askPool(this.#pool, text, values);
  }
}

interface MomentRow extends EndedMoment {
  readonly kid: string;
}

function momentsOf(ended: EndedMoments): readonly MomentRow[] {
  return Object.entries(ended).flatMap(([kid, { at, proof }]) => (at > 0 ? [{ kid, at, proof }] : []));
}

/** As arrays, for `unnest`. */
function columnsOf(moments: readonly MomentRow[]): unknown[] {
  return [moments.map(({ kid }) => kid), moments.map(({ at }) => at), moments.map(({ proof }) => proof)];
}

/**
 * A name that needs no quotes, of at most 63 bytes. Two rings may come to share one: then their watchers look once too
 * often.
 */
function channelOf(ring: string): string {
  return `keyturn_ring_${ring
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '_')
    .slice(0, 48)}`;
}
