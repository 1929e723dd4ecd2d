import { hash } from 'node:crypto';
import type { CountingRedis } from '../../shared-counts/counting-redis.ts';
import { FORGET_MS } from './failure-counts.ts';
import type { CountedKey, FailureCounts } from './failure-counts.ts';

/** The same as MemoryCounts does, by the clock of Redis: KEYS, and in ARGV the milliseconds to forget and the keys as JSON. */
const ENTER = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counted = cjson.decode(ARGV[2])
local states = {}
local pressed = false
for i, key in ipairs(KEYS) do
  local found = redis.call('HMGET', key, 'failures', 'lastAt')
  states[i] = { failures = tonumber(found[1] or '0'), lastAt = tonumber(found[2] or '0') }
  if counted[i].presses and states[i].failures > counted[i].rule.free then pressed = true end
end
local wait = 0
for i, state in ipairs(states) do
  local rule = counted[i].rule
  if pressed and counted[i].pressedRule then rule = counted[i].pressedRule end
  if state.failures > rule.free then
    local delay = math.min(rule.firstDelay * 2 ^ (state.failures - rule.free - 1), rule.longestDelay)
    wait = math.max(wait, state.lastAt + delay - now)
  end
end
if wait > 0 then return math.ceil(wait) end
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, 'failures', 1)
  redis.call('HSET', key, 'lastAt', now)
  redis.call('PEXPIRE', key, ARGV[1])
end
return 0
`;

/** ARGV has for each of KEYS what a success forgives. */
const SETTLE = `
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'all' then redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 then redis.call('HINCRBY', key, 'failures', -1) end
end
return 0
`;

/** Counts that all replicas have in common. It rejects while Redis is away. */
export function createSharedCounts(redis: Pick<CountingRedis, 'run'>): FailureCounts {
  return {
    async enter(keys) {
      const wait = await redis.run(ENTER, namesOf(keys), [`${FORGET_MS}`, JSON.stringify(keys)]);
      return Number(wait);
    },
    async settle(keys) {
      const values = keys.map(({ forgives }) => forgives);
      await redis.run(SETTLE, namesOf(keys), values);
    },
  };
}

/** Hashed: people type passwords where their name belongs. The braces keep the keys of one script on one node of a cluster. */
const namesOf = (keys: readonly CountedKey[]): string[] =>
  keys.map(({ key }) => `{troupe:logins}:${hash('sha256', key, 'base64url')}`);
