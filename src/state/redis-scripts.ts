/** What has to happen at once on the server, as two nodes may ask at the same moment. */
export const SCRIPTS = {
  /** KEYS: the key. ARGV: value, ms. The value that is there, or nil where it was put. */
  putIfAbsent: `
    local there = redis.call('GET', KEYS[1])
    if there then return there end
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return false`,

  /** KEYS: the bucket. ARGV: tokens a second, which is also what it holds. 1 where one was taken. By the server's clock. */
  take: `
    local rate = tonumber(ARGV[1])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + time[2] / 1000
    local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
    local tokens = tonumber(bucket[1]) or rate
    local at = tonumber(bucket[2]) or now
    tokens = math.min(rate, tokens + math.max(0, now - at) / 1000 * rate)
    local taken = 0
    if tokens >= 1 then
      tokens = tokens - 1
      taken = 1
    end
    redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
    redis.call('PEXPIRE', KEYS[1], 10000)
    return taken`,

  /** KEYS: the counter. ARGV: ms. */
  increment: `
    local count = redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
    return count`,

  /** KEYS: the set of ids, the entry. ARGV: id, value, ms, the most ids: beyond them nothing is put. */
  putEntry: `
    if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 and redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[4]) then
      return 0
    end
    redis.call('SADD', KEYS[1], ARGV[1])
    redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
    if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
    return 1`,

  /** KEYS: the set of ids. ARGV: what stands in front of an id. Ids and values in turn; those that expired are taken out. */
  entries: `
    local found = {}
    for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
      local value = redis.call('GET', ARGV[1] .. id)
      if value then
        found[#found + 1] = id
        found[#found + 1] = value
      else
        redis.call('SREM', KEYS[1], id)
      end
    end
    return found`
} as const
