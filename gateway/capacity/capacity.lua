-- One operator's capacity, shared by every gateway: which moments may a segment be handed over at?
--
-- KEYS  1 the operator's state (hash)
--       2 its moments of the last window and those to come (list, ascending)
--       3 since when this Redis is known to remember everything (string)
-- ARGV  1 verb; 2 segments in a window; 3 the window; 4 "1" when the past is unknown; 5.. the verb's own
--
-- All times are whole microseconds of Redis TIME, shares are parts per million. The names in capitals are set by
-- `script.py` above this text. `arithmetic.py` is the same arithmetic in Python; a test holds the two together.

local verb, most, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local function text(number)
  return string.format('%.0f', number)
end

local since = redis.call('GET', KEYS[3])
if ARGV[4] == '1' or not since then
  since = text(now)
  redis.call('SET', KEYS[3], since, 'PX', KEEP_MS)
end

local state = redis.call('HMGET', KEYS[1],
  'since', 'not_before', 'tat', 'share', 'cut_at', 'patience', 'patient_at')
local not_before, tat = tonumber(state[2]) or 0, tonumber(state[3]) or 0
local share, cut_at = tonumber(state[4]) or WHOLE, tonumber(state[5]) or 0
local patience, patient_at = tonumber(state[6]) or 0, tonumber(state[7]) or 0
local last = tonumber(redis.call('LINDEX', KEYS[2], -1)) or 0

-- Whatever was leased before is handed over within the horizon; a window later it no longer counts.
local quiet = HORIZON + window
if verb == 'start_over' or state[1] ~= since or last > now + HORIZON or not_before > now + quiet then
  redis.call('DEL', KEYS[2])
  not_before, tat, last = now + quiet, 0, 0
  cut_at, patient_at = math.min(cut_at, now), math.min(patient_at, now)
end

-- A moment so old binds none to come. All others are kept: one after them may be given back.
local oldest = redis.call('LINDEX', KEYS[2], 0)
while oldest and tonumber(oldest) <= now - window - LONGEST_PATIENCE do
  redis.call('LPOP', KEYS[2])
  oldest = redis.call('LINDEX', KEYS[2], 0)
end

if verb == 'reserve' then
  local asked = tonumber(ARGV[8])
  -- What was leased with more patience binds for as long as it lasts.
  if asked >= patience or now - patient_at > quiet + LONGEST_PATIENCE then
    patience, patient_at = asked, now
  end
end
window = window + patience

local recovered = math.floor(math.max(now - cut_at, 0) * RECOVERY / 1000000)
local share_now = math.min(WHOLE, share + recovered)
local interval = math.ceil(window * WHOLE / (most * share_now))
local gap = math.ceil(interval / 2)
local most_now = math.ceil(most * share_now / WHOLE)

local function give_back(stamp)
  if redis.call('LREM', KEYS[2], -1, stamp) == 1 then
    tat = tat - interval
  end
end

-- A missed moment may be put off as long as none was leased yet for the place a window after it: between
-- the two, each moment only gets a later one in its place.
local function put_off(stamp, at)
  local entries = redis.call('LRANGE', KEYS[2], -most_now, -1)
  local missed
  for i, entry in ipairs(entries) do
    if entry == stamp then
      missed = i
    elseif missed and tonumber(entry) == at then
      at = at + 1
    elseif missed and tonumber(entry) > at then
      redis.call('LINSERT', KEYS[2], 'BEFORE', entry, text(at))
      redis.call('LREM', KEYS[2], -1, stamp)
      return at
    end
  end
  if missed then
    redis.call('RPUSH', KEYS[2], text(at))
    redis.call('LREM', KEYS[2], -1, stamp)
    return at
  end
end

local function exchange(first, lead)
  local moments, at = {}, math.max(now + lead, not_before)
  for i = first, #ARGV do
    local put = tonumber(ARGV[i]) < at and put_off(ARGV[i], at)
    if put then
      moments[#moments + 1] = put
      at = put + gap
    else
      give_back(ARGV[i])
    end
  end
  return moments
end

local function lease(segments, at_most, lead)
  local kept = redis.call('LLEN', KEYS[2])
  local first = math.max(0, kept - most_now)
  local old = redis.call('LRANGE', KEYS[2], first, first + segments - 1)
  local moments, texts, next_tat = {}, {}, tat
  local at = tonumber(redis.call('LINDEX', KEYS[2], -1)) or 0
  for i = 1, segments do
    at = math.max(now + lead, not_before, at + gap, next_tat - BURST)
    local before = kept + i - 1 - most_now
    if before >= kept then
      at = math.max(at, moments[before - kept + 1] + window)
    elseif before >= 0 then
      at = math.max(at, tonumber(old[before - first + 1]) + window)
    end
    if i == 1 and at > now + at_most then
      return { now, 0, at - at_most - now }
    elseif i > 1 and at > moments[1] + LONGEST_LEASE then
      break
    end
    moments[i], texts[i] = at, text(at)
    next_tat = math.max(next_tat, at) + interval
  end
  tat = next_tat
  redis.call('RPUSH', KEYS[2], unpack(texts))
  return { now, 1, unpack(moments) }
end

local answer
if verb == 'reserve' then
  local lead = tonumber(ARGV[7])
  local moments = exchange(9, lead)
  if #moments > 0 then
    answer = { now, 1, unpack(moments) }
  else
    answer = lease(tonumber(ARGV[5]), tonumber(ARGV[6]), lead)
  end
elseif verb == 'give_back' then
  for i = 5, #ARGV do
    give_back(ARGV[i])
  end
  answer = { now }
elseif verb == 'left_late' then
  for i = 5, #ARGV do
    if tonumber(ARGV[i]) < now then
      put_off(ARGV[i], now)
    end
  end
  answer = { now }
elseif verb == 'slow_down' then
  -- A whole window of submits is refused together: that is one reason, not many.
  if now - cut_at >= BETWEEN_CUTS then
    share, cut_at = math.max(SMALLEST_SHARE, math.floor(share_now * CUT / WHOLE)), now
    share_now = share
  end
  answer = { now, share_now }
elseif verb == 'usage' then
  local handed = 0
  for _, moment in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    local at = tonumber(moment)
    if at <= now and at > now - 1000000 then
      handed = handed + 1
    end
  end
  answer = { now, handed, share_now }
else -- prepare, start_over
  answer = { now, math.max(not_before, now) }
end

redis.call('HSET', KEYS[1], 'since', since, 'not_before', text(not_before), 'tat', text(tat),
  'share', text(share), 'cut_at', text(cut_at), 'patience', text(patience), 'patient_at', text(patient_at))
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, KEEP_MS)
end
return answer
