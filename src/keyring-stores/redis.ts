// A shared keyring in Redis, through a connected client of the app: node-redis or ioredis, single, Sentinel or cluster.
//
// Three hashes: the ring (version and text), the reports by instance, and by key id what ended replicas signed last.
// Their names share a hash tag, so any cluster keeps them on one node and one script can change two of them. None of
// them has a time to live: a report that went by itself would take along what its process signed. Hashes with what was
// verified over time lie beside them, and have one.
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
} from '../engines/redis.js';
import type { LineListener } from '../engines/watch.js';
import { surviveLostConnections } from '../engines/watch.js';
import type { Count, CountsSpan } from '../fleet/counts.js';
import type { EndedMoment, EndedMoments } from '../fleet/ended-processes.js';
import { LAST_MOMENT } from '../formats.js';
import type { RingPlace } from '../keyring/sealed-ring.js';
import { RedisCounts } from './redis-counts.js';
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
  type StoredReport,
} from './table.js';

interface RedisRingTableOptions {
  /** Keeps two apps on one secret apart. */
  readonly app?: string | undefined;
  /** Connected, or connecting. The app made it and closes it. */
  readonly client: RedisClient;
  /** The beginning of every key; default: `keyturn:`. */
  readonly prefix?: string;
  /** The ring's. */
  readonly name: string;
}

/** The cursor that a scan begins with, and that says that it has ended. */
const FIRST = '0';

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

/**
 * ARGV: cursor, number. Next cursor, time, then instance, report, instance, report, … In a script, so that what is too
 * long never leaves Redis.
 */
const REPORTS = script(`${NOW}
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1], now}
for i = 1, #page[2], 2 do
  local instance, report = page[2][i], page[2][i + 1]
  local head = string.match(string.sub(report, 1, 64), '^%d+ %d+ ')
  if head and #instance <= ${LONGEST_NAME} then
    found[#found + 1] = instance
    found[#found + 1] = #report <= ${LONGEST_REPORT} and report or head
  end
end
return found`);

/** ARGV: key ids. For each its moment and proof; nothing where there is none. */
const ENDED = script(`
local found = {}
for i, kid in ipairs(ARGV) do
  local kept = redis.call('HGET', KEYS[1], kid) or ''
  found[i] = #kept <= ${LONGEST_MOMENT} and kept or ''
end
return found`);

/** Keeps the later of two moments. What is no moment, or lies too far ahead to be one, gives way. */
const KEEP = `${NOW}
local function keep(kid, at, proof)
  local kept = tonumber(string.match(string.sub(redis.call('HGET', KEYS[2], kid) or '', 1, 64), '^(%d+) '))
  if not kept or kept > now + ${FAR_AHEAD} or kept < tonumber(at) then
    redis.call('HSET', KEYS[2], kid, at .. ' ' .. proof)
  end
end`;

/**
 * KEYS: reports, ended. ARGV: instance, then key id, moment, proof, key id, … The moments come first: should anything
 * stop it in between, the report still tells them.
 */
const REMOVE_REPORT = script(`${KEEP}
for i = 2, #ARGV, 3 do keep(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1`);

/** The id of the server, which is new after every start, and its time. Not every user may ask for the first. */
const CLOCK = script(`${NOW}
local info = redis.pcall('INFO', 'server')
return {type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '', now}`);

/** KEYS: reports, ended. ARGV, for each: instance, what its report must be, number of moments, key id, moment, proof, … */
const CLEAR_REPORTS = script(`${KEEP}
local i = 1
while i < #ARGV do
  local instance, seen, moments = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local report = redis.call('HGET', KEYS[1], instance) or ''
  local isSame
  if #report > ${LONGEST_REPORT} then isSame = seen == ''
  else isSame = string.gsub(report, '^%d+ %d+ ', '', 1) == seen end
  i = i + 3
  for moment = 1, moments do
    if isSame then keep(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
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
  readonly #counts: RedisCounts;

  /** @throws KeyturnError `store_invalid` */
  constructor({ client, app, prefix = 'keyturn:', name }: RedisRingTableOptions) {
    this.place = { app, prefix, name };
    const beginning = app === undefined ? prefix : `${prefix}${app}:`;
    this.#client = client;
    this.#command = commandOf(client);
    this.#ring = `${beginning}{ring:${name}}`;
    this.#reports = `${this.#ring}:reports`;
    this.#ended = `${this.#ring}:ended`;
    this.#channel = `${this.#ring}:written`;
    this.#counts = new RedisCounts(this.#command, this.#ring);
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

  async removeReport(instance: string, ended: EndedMoments): Promise<void> {
    await this.#run(REMOVE_REPORT, [this.#reports, this.#ended], [instance, ...flat(ended)]);
  }

  async clearReports(left: readonly LeftReport[]): Promise<void> {
    const parts = left.flatMap(({ instance, ended, seen }) => {
      const moments = flat(ended);
      return [instance, seen, String(moments.length / 3), ...moments];
    });
    await this.#run(CLEAR_REPORTS, [this.#reports, this.#ended], parts);
  }

  async reports(from: string = FIRST): Promise<ReportPage> {
    const page = texts(await this.#run(REPORTS, [this.#reports], [from, String(PAGE)]));
    const [next, now, ...found] = page;
    const reports = found.flatMap((instance, at) =>
      at % 2 === 0 ? (parse(instance as string, found[at + 1] as string, Number(now)) ?? []) : [],
    );
    return { reports, next: next === FIRST ? undefined : next };
  }

  async ended(kids: readonly string[]): Promise<EndedMoments> {
    const found = texts(await this.#run(ENDED, [this.#ended], kids));
    // Without a prototype: "toString" has the form of a key id.
    const moments: Record<string, EndedMoment> = Object.create(null);
    for (const [n, kid] of kids.entries()) {
      const [at = '', proof = ''] = found[n]?.split(' ') ?? [];
      if (isMoment(at)) moments[kid] = { at: Number(at), proof };
    }
    return moments;
  }

  async clock(): Promise<EngineClock | undefined> {
    // With the key of the ring a cluster asks the node that holds it.
    const [server, now] = texts(await this.#run(CLOCK, [this.#ring], []));
    return server ? { server: `Redis ${server}`, shows: Number(now) } : undefined;
  }

  async addCounts(span: CountsSpan, added: readonly Count[]): Promise<void> {
    await this.#counts.add(span, added);
  }

  async counts(span: CountsSpan, from: number, to: number): Promise<readonly Count[]> {
    return await this.#counts.read(span, from, to);
  }

  async #run(script: Script, keys: readonly string[], parts: readonly string[]): Promise<unknown> {
    return await runScript(this.#command, script, keys, parts);
  }
}

/** Key id, moment, proof, key id, … */
function flat(ended: EndedMoments): string[] {
  const moments = Object.entries(ended).filter(([, { at }]) => at > 0);
  return moments.flatMap(([kid, { at, proof }]) => [kid, whole(at), proof]);
}

function texts(reply: unknown): Array<string | undefined> {
  return (reply as readonly unknown[]).map(asText);
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
  return /^\d+$/.test(text) && Number(text) <= LAST_MOMENT;
}

/** Rounded up: nothing counts for less long than was said. */
function whole(milliseconds: number): string {
  return Math.ceil(milliseconds).toString();
}
