-- A timeout with a fallback: something older, smaller or simpler when the real thing takes too
-- long.
-- Use it where a late answer is worth less than a worse one in time. See concurrency/providers.lua
-- for asking somebody else.
-- asyncio: try: await wait_for(...) except TimeoutError: ...
local loop = async.get_running_loop()

local cache = { weather = "sunny (an hour ago)" }
local speed = 0.1
local function fetch(name)
  async.sleep(speed)
  cache[name] = "rain (" .. name .. ", now)"
  return cache[name]
end

-- 1. By its class: an except clause for TimeoutError alone. Other errors go on.
local function current(name)
  return async.try(
    function() return async.timeout(0.2, fetch, name) end,
    async.except(async.TimeoutError, function() return cache[name] end)
  )
end

-- 2. As a value: move_on_after raises nothing of its own.
local function current_or(name, default)
  local in_time, value = async.move_on_after(0.2, fetch, name)
  if in_time then return value end
  return default
end

-- 3. The old value now, the new one for the next caller: the fetch goes on behind a shield.
local under_way = {}
local function stale_while_fetching(name)
  if not under_way[name] then
    under_way[name] = async.spawn(fetch, name)
    under_way[name]:add_done_callback(function() under_way[name] = nil end)
  end
  local in_time, value = async.move_on_after(0.2, async.shield, under_way[name])
  return in_time and value or cache[name]
end

speed = 60
print(current("weather"))
print(current_or("traffic", "unknown"))
speed = 0.1
print(current("weather"))

cache.weather, speed = "fog (yesterday)", 0.5
local begun = loop:time()
for _ = 1, 3 do
  print(("%.1f s: %s"):format(loop:time() - begun, stale_while_fetching("weather")))
end

--[[ prints:
sunny (an hour ago)
unknown
rain (weather, now)
0.0 s: fog (yesterday)
0.2 s: fog (yesterday)
0.4 s: rain (weather, now)
]]
