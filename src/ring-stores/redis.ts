// A shared keyring in Redis, through a connected client of the app: node-redis or ioredis, single, Sentinel or cluster.
//
// Three hashes: the ring (version and text), the reports by instance, and by key id what ended replicas signed last.
// Their names share a hash tag, so any cluster keeps them on one node and one script can change two of them. Nothing
// has a time to live: a report that went by itself would take along what its process signed.
//
// How old a report is goes by the clock of Redis alone, which every replica asks in the step that uses it.
import {
  asText,
  commandOf,
  type RedisClient,
  type RedisCommand,
  runScript,
  type Script,
  script,
  subscribe,
  surviveLostConnections,
} from '../engines/redis.js';
import type { LineListener } from '../engines/watch.js';
import type { EndedMoment, EndedMoments } from '../fleet/ended.js';
import type { RingPlace } from '../keyring/sealed-ring.js';
import {
  type EngineClock,
  FAR_AHEAD,
  type LeftReport,
  LONGEST_REPORT,
  type RingTable,
  type Slot,
  type StoredReport,
} from './ring-table.js';

export interface RedisRingTableOptions {
  /** Keeps two apps on one secret apart. */
  readonly app?: string | undefined;
  /** Connected, or connecting. The app made it and closes it. */
  readonly client: RedisClient;
  /** The beginning of every key; default: `keyturn:`. */
  readonly prefix?: string;
  /** The ring's. */
  readonly name: string;
}

/** The last moment that there is. */
const LATEST = 8_640_000_000_000_000;

/**
 * ARGV: version, expected version or nothing, text, channel. A client may send it again after a lost connection: a
 * write that finds itself done already has succeeded. Who may not publish has written all the same: watching is a
 * courtesy.
 */
const WRITE = script(`
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then
  if version ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'text', ARGV[3])
end
redis.pcall('PUBLISH', ARGV[4], '')
return 1`);

/** Milliseconds since 1970, all digits: Lua itself writes 1.7e+12. */
const NOW = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))`;

/** ARGV: instance, lease, text. */
const WRITE_REPORT = script(`${NOW}
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1`);

/** Instance, report, instance, report, …, and the time. */
const REPORTS = script(`${NOW}
local all = redis.call('HGETALL', KEYS[1])
for i = 2, #all, 2 do
  if #all[i] > ${LONGEST_REPORT} then all[i] = string.match(all[i], '^%d+ %d+ ') or '' end
end
all[#all + 1] = now
return all`);

/** Key id, moment and proof, key id, moment and proof, … */
const ENDED = script(`return redis.call('HGETALL', KEYS[1])`);

/**
 * KEYS: reports, ended. ARGV: instance, what its report must be (if anything), then key id, moment, proof, key id, …
 * What is no moment, or lies too far ahead to be one, gives way. The moments come first: should anything stop it in between, the report still
 * tells them.
 */
const REMOVE_REPORT = script(`${NOW}
if ARGV[2] ~= '' then
  local report = redis.call('HGET', KEYS[1], ARGV[1]) or ''
  if string.gsub(report, '^%d+ %d+', '', 1) ~= ARGV[2] then return 0 end
end
for i = 3, #ARGV, 3 do
  local kept = tonumber(string.match(redis.call('HGET', KEYS[2], ARGV[i]) or '', '^(%d+) '))
  if not kept or kept > now + ${FAR_AHEAD} or kept < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
  end
end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1`);

/** The id of the server, which is new after every start, and its time. Not every user may ask for the first. */
const CLOCK = script(`${NOW}
local info = redis.pcall('INFO', 'server')
return {type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '', now}`);

/** KEYS: reports, ended. ARGV, for each: instance, what its report must be, number of moments, key id, moment, proof, … */
const CLEAR_REPORTS = script(`${NOW}
local i = 1
while i < #ARGV do
  local instance, seen, moments = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local report = redis.call('HGET', KEYS[1], instance) or ''
  local isSame = string.gsub(report, '^%d+ %d+ ', '', 1) == seen
    or (seen == '' and #report > ${LONGEST_REPORT})
  i = i + 3
  for moment = 1, moments do
    local kept = tonumber(string.match(redis.call('HGET', KEYS[2], ARGV[i]) or '', '^(%d+) '))
    if isSame and (not kept or kept > now + ${FAR_AHEAD} or kept < tonumber(ARGV[i + 1])) then
      redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2])
    end
    i = i + 3
  end
  if isSame then redis.call('HDEL', KEYS[1], instance) end
end
return 1`);

/** A {@link RingTable} in Redis 7 or later. */
export class RedisRingTable implements RingTable {
  readonly place: RingPlace;
  readonly #client: RedisClient;
  readonly #command: RedisCommand;
  readonly #ring: string;
  readonly #reports: string;
  readonly #ended: string;
  readonly #channel: string;

  /** @throws KeyturnError `store_invalid` */
  constructor({ client, app, prefix = 'keyturn:', name }: RedisRingTableOptions) {
    this.place = { app, prefix, name };
    this.#client = client;
    this.#command = commandOf(client);
    this.#ring = `${prefix}{ring:${name}}`;
    this.#reports = `${this.#ring}:reports`;
    this.#ended = `${this.#ring}:ended`;
    this.#channel = `${this.#ring}:written`;
    surviveLostConnections(client);
  }

  get name(): string {
    return `Redis (${this.#ring})`;
  }

  /** There is nothing to make. */
  async prepare(): Promise<void> {}

  async version(): Promise<string | undefined> {
    return asText(await this.#command(this.#ring, ['HGET', this.#ring, 'version']));
  }

  async read(): Promise<Slot | undefined> {
    const fields = ['HMGET', this.#ring, 'version', 'text'];
    const [version, text = ''] = texts(await this.#command(this.#ring, fields));
    return version === undefined ? undefined : { version, text };
  }

  async write({ version, text }: Slot, expected: string | undefined): Promise<boolean> {
    const written = await this.#run(WRITE, [this.#ring], [version, expected ?? '', text, this.#channel]);
    return Number(written) === 1;
  }

  async watch(told: () => void, onLoss?: LineListener): Promise<() => Promise<void>> {
    return await subscribe(this.#client, this.#channel, told, onLoss);
  }

  async writeReport(instance: string, text: string, lease: number): Promise<void> {
    await this.#run(WRITE_REPORT, [this.#reports], [instance, whole(lease), text]);
  }

  async removeReport(instance: string, ended: EndedMoments, seen?: string): Promise<void> {
    const moments = Object.entries(ended).filter(([, { at }]) => at > 0);
    const parts = moments.flatMap(([kid, { at, proof }]) => [kid, whole(at), proof]);
    const required = seen === undefined ? '' : ` ${seen}`;
    await this.#run(REMOVE_REPORT, [this.#reports, this.#ended], [instance, required, ...parts]);
  }

  async clearReports(left: readonly LeftReport[]): Promise<void> {
    const parts = left.flatMap(({ instance, ended, seen }) => {
      const moments = Object.entries(ended);
      const told = moments.flatMap(([kid, moment]) => [kid, whole(moment.at), moment.proof]);
      return [instance, seen, String(moments.length), ...told];
    });
    await this.#run(CLEAR_REPORTS, [this.#reports, this.#ended], parts);
  }

  async reports(): Promise<readonly StoredReport[]> {
    const found = texts(await this.#run(REPORTS, [this.#reports], []));
    const now = Number(found.pop());
    return pairs(found)
      .map(([instance, report]) => parse(instance, report, now))
      .filter((report) => report !== undefined);
  }

  async ended(): Promise<EndedMoments> {
    const found = pairs(texts(await this.#run(ENDED, [this.#ended], [])));
    // Without a prototype: "toString" has the form of a key id.
    const moments: Record<string, EndedMoment> = Object.create(null);
    for (const [kid, told] of found) {
      const [at = '', proof = ''] = told.split(' ');
      if (isMoment(at)) moments[kid] = { at: Number(at), proof };
    }
    return moments;
  }

  async clock(): Promise<EngineClock | undefined> {
    // With the key of the ring a cluster asks the node that holds it.
    const [server, now] = texts(await this.#run(CLOCK, [this.#ring], []));
    return server ? { server: `Redis ${server}`, shows: Number(now) } : undefined;
  }

  async #run(script: Script, keys: readonly string[], parts: readonly string[]): Promise<unknown> {
    return await runScript(this.#command, script, keys, parts);
  }
}

function texts(reply: unknown): Array<string | undefined> {
  return (reply as readonly unknown[]).map(asText);
}

function pairs(flat: ReadonlyArray<string | undefined>): Array<readonly [string, string]> {
  return Array.from({ length: flat.length / 2 }, (_, n) => [
    flat[2 * n] as string,
    flat[2 * n + 1] as string,
  ]);
}

/** Undefined for what is no report of ours. */
function parse(instance: string, report: string, now: number): StoredReport | undefined {
  const [head = '', at = '', lease = ''] = /^(\d+) (\d+) /.exec(report) ?? [];
  if (!isMoment(at) || !isMoment(lease)) return undefined;
  // A Redis whose clock was set back, or another one after a failover, has not seen into the future.
  return {
    instance,
    text: report.slice(head.length),
    age: Math.max(0, now - Number(at)),
    lease: Number(lease),
  };
}

function isMoment(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= LATEST;
}

/** Rounded up: nothing counts for less long than was said. */
function whole(milliseconds: number): string {
  return Math.ceil(milliseconds).toString();
}
