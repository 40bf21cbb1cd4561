// What replicas have verified over time, in Redis: hashes of a quarter of a span each, which go by themselves.
//
// A thousand replicas add to one of them. To read all fields and to write all of them is two commands, however many
// there are; to raise each is one for each.
import { type RedisCommand, runScript, script } from '../engines/redis.js';
import { type Count, type CountsSpan, MOST_IN_BUCKET, SPANS } from '../fleet/counts.js';

/** The longest field and number of ours, in bytes. */
const LONGEST = 64;

/**
 * KEYS: hashes. ARGV, for each: milliseconds that it stays, number of fields, fields, what is added to each. It begins to
 * go when it is new, and with each bucket: not with each replica.
 */
const ADD = script(`
local i = 1
for _, key in ipairs(KEYS) do
  local stays, n = ARGV[i], tonumber(ARGV[i + 1])
  i = i + 2
  local fields, change, isNew = {}, {}, true
  for f = 1, n do fields[f] = ARGV[i + f - 1] end
  local known = redis.call('HMGET', key, unpack(fields))
  for f = 1, n do
    local had = known[f] and #known[f] <= ${LONGEST} and string.match(known[f], '^%d+$') and tonumber(known[f])
    if known[f] then isNew = false end
    change[2 * f - 1] = fields[f]
    change[2 * f] = string.format('%.0f', math.min((had or 0) + tonumber(ARGV[i + n + f - 1]), ${Number.MAX_SAFE_INTEGER}))
  end
  redis.call('HSET', key, unpack(change))
  if isNew then redis.call('PEXPIRE', key, stays) end
  i = i + 2 * n
end
return 1`);

/** KEYS: hashes. ARGV: the most fields of one. Field, number, field, … In a script, so that what is too long or too much never leaves Redis. */
const READ = script(`
local found = {}
for _, key in ipairs(KEYS) do
  if redis.call('HLEN', key) <= tonumber(ARGV[1]) then
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
      if #all[i] <= ${LONGEST} and #all[i + 1] <= ${LONGEST} then
        found[#found + 1] = all[i]
        found[#found + 1] = all[i + 1]
      end
    end
  end
end
return found`);

/** How long what one hash holds is. A multiple of the bucket. */
const lengthOf = (span: CountsSpan): number => SPANS[span].kept / 4;

export class RedisCounts {
  readonly #command: RedisCommand;
  readonly #ring: string;

  /** @param ring the key of the ring, whose hash tag the others have too */
  constructor(command: RedisCommand, ring: string) {
    this.#command = command;
    this.#ring = ring;
  }

  async add(span: CountsSpan, added: readonly Count[]): Promise<void> {
    if (added.length === 0) return;
    const hashes = new Map<string, Count[]>();
    for (const count of added) {
      const key = this.#keyAt(span, count.start);
      const counts = hashes.get(key);
      if (counts === undefined) hashes.set(key, [count]);
      else counts.push(count);
    }
    const stays = String(SPANS[span].kept + 2 * lengthOf(span));
    const parts = [...hashes.values()].flatMap((counts) => [
      stays,
      String(counts.length),
      ...counts.map(({ start, kid, purpose }) => `${start} ${kid} ${purpose}`),
      ...counts.map(({ verified }) => String(verified)),
    ]);
    await runScript(this.#command, ADD, [...hashes.keys()], parts);
  }

  async read(span: CountsSpan, from: number, to: number): Promise<readonly Count[]> {
    const length = lengthOf(span);
    const keys: string[] = [];
    for (let at = from - (from % length); at <= to; at += length) keys.push(this.#keyAt(span, at));
    const most = (length / SPANS[span].bucket) * MOST_IN_BUCKET;
    const reply = await runScript(this.#command, READ, keys, [String(most)]);
    const found = (reply as readonly unknown[]).map(String);
    return found.flatMap((field, at) => {
      if (at % 2 === 1) return [];
      const [start, kid = '', purpose = ''] = field.split(' ');
      return [{ start: Number(start), kid, purpose, verified: Number(found[at + 1]) }];
    });
  }

  #keyAt(span: CountsSpan, at: number): string {
    return `${this.#ring}:verified:${span}:${Math.floor(at / lengthOf(span))}`;
  }
}
