-- The benchmark rows in Lua with luv, on LuaJIT or Lua 5.4.
--
-- usage: luajit luv_rows.lua ROW [N], or lua5.4 luv_rows.lua ROW [N]
--
-- The same programs as the other files here; see ../README.md for what each row is.

package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local uv = require "luv"
local tasks = require "luv_tasks"
local measured = require "lua_measured"

local sleep, spawn, await, gather = tasks.sleep, tasks.spawn, tasks.await, tasks.gather
local floor = math.floor
local rows = {}

local function nap() sleep(0) end

local function spawn_all(n, fn)
  local all = {}
  for i = 1, n do all[i] = spawn(fn, i) end
  return all
end

-- Each row is measured as a whole. It may give the operations done (if not n), a function that
-- ends its tasks after the measurement, and further fields for the result.
local function switch(count)
  return function(n)
    local rounds = math.max(floor(n / count), 1)
    gather(spawn_all(count, function()
      for _ = 1, rounds do sleep(0) end
    end))
    return rounds * count
  end
end

rows.switch1, rows.switch1000 = switch(1), switch(1000)
rows.switch10k, rows.switch100k = switch(1e4), switch(1e5)

function rows.spawn_seq(n)
  for _ = 1, n do await(spawn(nap)) end
end

function rows.gather(n) gather(spawn_all(n, nap)) end

function rows.parked(n)
  local gate = tasks.Future()
  local all = spawn_all(n, function() gate:wait() end)
  sleep(0)
  return n, function()
    gate:set()
    gather(all)
  end
end

function rows.event(n)
  local event = tasks.Future()
  local all = spawn_all(n, function() event:wait() end)
  sleep(0)
  measured.start()
  event:set()
  gather(all)
end

local function queue(n, maxsize)
  local items = tasks.Queue(maxsize)
  local producer = spawn(function()
    for i = 1, n do items:put(i) end
  end)
  for i = 1, n do assert(items:get() == i) end
  await(producer)
end

function rows.queue100(n) queue(n, 100) end

-- The producer has no reason to wait, and runs at once: it fills the queue before anything is got.
function rows.queueinf(n) queue(n) end

function rows.lock100(n)
  local lock = tasks.Semaphore(1)
  local rounds = math.max(floor(n / 100), 1)
  gather(spawn_all(100, function()
    for _ = 1, rounds do
      lock:acquire()
      sleep(0)
      lock:release()
    end
  end))
  return rounds * 100
end

function rows.sem5(n)
  local semaphore = tasks.Semaphore(5)
  gather(spawn_all(n, function()
    semaphore:acquire()
    sleep(0)
    semaphore:release()
  end))
end

local function delay(i) return i * 7919 % 50021 / 50021 * 0.5 end

function rows.timers(n)
  gather(spawn_all(n, function(i) sleep(delay(i)) end))
end

function rows.timers_late(n)
  local latest = 0
  gather(spawn_all(n, function(i)
    local due = uv.hrtime() * 1e-9 + delay(i)
    sleep(delay(i))
    latest = math.max(latest, uv.hrtime() * 1e-9 - due)
  end))
  return n, nil, { late_ms = latest * 1e3 }
end

function rows.timers_cancel(n)
  local never = function() error("a cancelled call ran") end
  for i = 1, n do
    local timer = uv.new_timer()
    timer:start(60000, 0, never)
    timer:stop()
    timer:close()
    if i % 100 == 0 then sleep(0) end
  end
end

function rows.timeout(n)
  for _ = 1, n do tasks.timeout(10, sleep, 0) end
end

function rows.pingpong(n)
  local ping, pong = tasks.Future(), nil
  local ponger = spawn(function()
    for _ = 1, n do
      ping:wait()
      ping = tasks.Future()
      pong:set()
    end
  end)
  for _ = 1, n do
    pong = tasks.Future()
    ping:set()
    pong:wait()
  end
  await(ponger)
end

-- A function that may wait is called like any other.
local function chain(depth)
  return function(n)
    local function step(left)
      if left == 0 then return 0 end
      return 1 + step(left - 1)
    end
    for _ = 1, floor(n / depth) do assert(step(depth) == depth) end
  end
end

rows.chain10, rows.chain100, rows.chain1000 = chain(10), chain(100), chain(1000)

local function deep(depth)
  return function(n)
    local function descend(left)
      if left > 0 then
        local done = descend(left - 1)
        return done
      end
      for _ = 1, n do sleep(0) end
      return true
    end
    assert(descend(depth))
  end
end

rows.deep10, rows.deep100, rows.deep1000 = deep(10), deep(100), deep(1000)

-- Starts n tasks that wait and tidy up, and cancels them in the order of `first, last, by`.
local function cancel_all(n, future_of, first, last, by)
  local cleaned = 0
  local all = spawn_all(n, function()
    local future = future_of()
    local ok, err = pcall(future.wait, future)
    cleaned = cleaned + 1
    if not ok then error(err, 0) end
  end)
  for _, task in ipairs(all) do task.waiter = function() end end -- its error is looked at below
  sleep(0)
  for i = first, last, by do tasks.cancel(all[i]) end
  for _, result in ipairs(gather(all)) do assert(result == "cancelled") end
  assert(cleaned == n)
end

function rows.cancel(n) cancel_all(n, tasks.Future, 1, n, 1) end

function rows.cancel_rev(n)
  local event = tasks.Future()
  cancel_all(n, function() return event end, n, 1, -1)
end

local KEPT = 1000

local function jitter(parked)
  return function(n)
    local gate = tasks.Future()
    local all = spawn_all(parked, function() gate:wait() end)
    local kept, longest = {}, 0
    sleep(0)
    measured.start()
    local before = uv.hrtime()
    for i = 1, n do
      kept[i % KEPT] = { id = i, name = "user " .. i, tags = { "a", "b", i } }
      sleep(0)
      local after = uv.hrtime()
      longest = math.max(longest, after - before)
      before = after
    end
    gate:set()
    gather(all)
    return n, nil, { gap_ms = longest / 1e6 }
  end
end

rows.jitter1000, rows.jitter10k, rows.jitter100k = jitter(1000), jitter(1e4), jitter(1e5)

tasks.run(function() measured.run(rows, arg[1], tonumber(arg[2] or 100000)) end)
