-- Counts one request of KEYS[1] by the rules of crm-http's shared/rate_limit/count.rs, and by this server's clock.
-- ARGV: shape, limit, period, then queue and patience of a window, or burst of a bucket. Times are in microseconds.
-- Answers: allowed (1 or 0), remaining, time until the reset, wait before going on, wait before another try.
local limit, period = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function keep(micros, ...)
  redis.call('HSET', KEYS[1], ...)
  redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil(micros / 1000)))
end

local function numbers(...)
  local values = redis.call('HMGET', KEYS[1], ...)
  for index = 1, #values do
    values[index] = tonumber(values[index] or 0)
  end
  return unpack(values)
end

local function window(queue, patience)
  local ends, used, queued, last_turn = numbers('ends', 'used', 'queued', 'last_turn')
  ends = math.min(ends, now + period) -- the clock may have been set back
  if now >= ends then
    local owed = 0
    if now < ends + period then owed = math.min(queued, limit - 1) end
    if owed > 0 then ends = ends + period else ends = now + period end
    used, queued, last_turn = owed, 0, 0
  end
  local allowed, wait = 1, 0
  if used < limit then
    used = used + 1
  else
    local turn = math.min(math.max(last_turn, now) + math.floor(period / limit), ends)
    if queued < math.min(queue, limit - 1) and turn - now <= patience then
      queued, last_turn, wait = queued + 1, turn, turn - now
    else
      allowed = 0
    end
  end
  local owes = 0
  if queued > 0 then owes = period end
  keep(ends - now + owes, 'ends', ends, 'used', used, 'queued', queued, 'last_turn', last_turn)
  return { allowed, math.max(0, limit - used), ends - now, wait, (1 - allowed) * (ends - now) }
end

local function bucket(burst)
  local epsilon, share = 1e-6, period / limit
  local level, at = numbers('level', 'at')
  level = math.min(burst, math.max(0, level - math.max(0, now - at) / share))
  local room, allowed, left, missing = burst - level, 0, 0, 0
  if room + epsilon >= 1 then
    allowed, level, left = 1, level + 1, math.floor(room - 1 + epsilon)
  else
    missing = 1 - room
  end
  local full_in = math.ceil(level * share)
  keep(full_in, 'level', level, 'at', now)
  return { allowed, math.min(limit, left), full_in, 0, math.ceil(missing * share) }
end

if ARGV[1] == 'window' then
  return window(tonumber(ARGV[4]), tonumber(ARGV[5]))
end
return bucket(tonumber(ARGV[4]))
