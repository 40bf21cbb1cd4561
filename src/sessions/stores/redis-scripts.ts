// The scripts of the session store in Redis. Each works on one key, so that any cluster can run it.
//
// In all of them KEYS[1] is the session and ARGV[1] the time by the app's clock. A script that could find `head` of
// another kind of value fails with Redis' own WRONGTYPE.
import { type Script, script } from '../../engines/redis.js';
import { DIGITS, ENDED, HEAD, SEEN } from './redis-record.js';

/**
 * ARGV: now, expected version, name of this write, time to live, value. A client may send a command again after a lost
 * connection: a write that finds itself done already, by its name, is saved and no conflict.
 */
export const PUT: Script = script(`
local head = redis.call('GETRANGE', KEYS[1], 0, ${HEAD - 1})
local now, expected, version = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
if string.sub(head, 1, 1) == '${ENDED}' then
  if tonumber(string.sub(head, 2, ${DIGITS + 1})) > now then return 'gone' end
elseif head ~= '' and tonumber(string.sub(head, 1, ${DIGITS})) > now then
  version = tonumber(string.sub(head, ${DIGITS + 2}, ${2 * DIGITS + 1}))
  if version == expected + 1 and string.sub(head, ${3 * DIGITS + 4}, ${4 * DIGITS + 3}) == ARGV[3] then return 'saved' end
end
if version == 0 and expected ~= 0 then return 'gone' end
if version ~= expected then return 'conflict' end
redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4])
return 'saved'`);

/** ARGV: now, new expiry, time to live, last use or nothing. Overwrites both in place; returns the head and whose it is. */
export const TOUCH: Script = script(`
local expiry = redis.call('GETRANGE', KEYS[1], 0, ${DIGITS - 1})
if expiry == '' or string.sub(expiry, 1, 1) == '${ENDED}' or tonumber(expiry) <= tonumber(ARGV[1]) then return false end
if ARGV[2] > expiry then
  redis.call('SETRANGE', KEYS[1], 0, ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
if ARGV[4] ~= '' then redis.call('SETRANGE', KEYS[1], ${SEEN}, ARGV[4]) end
return string.match(redis.call('GET', KEYS[1]), '^[^\\n]*')`);

/**
 * ARGV: now, until, name of this write, successor, time to live. Returns the head of what lived until now, and whose it
 * was; the letter x when this write has ended it already, sent again by the client; nothing where nothing lived.
 */
export const DESTROY: Script = script(`
local before, now = redis.call('GET', KEYS[1]), tonumber(ARGV[1])
local rest = ' ' .. ARGV[1] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4]
local lived = false
if before and string.sub(before, 1, 1) == '${ENDED}' then
  if string.sub(before, ${2 * DIGITS + 4}, ${3 * DIGITS + 3}) == ARGV[3] then return '${ENDED}' end
  local known = string.sub(before, 2, ${DIGITS + 1})
  if tonumber(known) > now then
    if known >= ARGV[2] then return false end
    rest = string.sub(before, ${DIGITS + 2})
  end
elseif before and tonumber(string.sub(before, 1, ${DIGITS})) > now then
  lived = string.match(before, '^[^\\n]*')
end
redis.call('SET', KEYS[1], '${ENDED}' .. ARGV[2] .. rest, 'PX', ARGV[5])
return lived`);

/** KEYS[1] is the sessions of a user. ARGV: now less the margin, id, expiry, time to live. */
export const INDEX: Script = script(`
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZADD', KEYS[1], 'GT', ARGV[3], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);
