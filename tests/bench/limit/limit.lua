-- The benchmark rows, written against the bare primitives of limit.c.
-- usage: neap_bench_limit limit.lua ROW [N]
-- The same programs as in ../peers; see ../README.md for what each row is.

local limit = limit
local sleep, spawn, await, gather = limit.sleep, limit.spawn, limit.await, limit.gather

local rows = {}

local function nap() sleep(0) end

local function spawn_all(n, fn)
  local tasks = {}
  for i = 1, n do tasks[i] = spawn(fn, i) end
  return tasks
end

local function switch(n, tasks)
  local rounds = math.max(n // tasks, 1)
  gather(spawn_all(tasks, function()
    for _ = 1, rounds do sleep(0) end
  end))
  return rounds * tasks
end

function rows.switch1(n) return switch(n, 1) end
function rows.switch1000(n) return switch(n, 1000) end
function rows.switch10k(n) return switch(n, 10000) end
function rows.switch100k(n) return switch(n, 100000) end

function rows.spawn_seq(n)
  for _ = 1, n do await(spawn(nap)) end
end

function rows.gather(n)
  gather(spawn_all(n, nap))
end

function rows.parked(n)
  local gate = limit.future()
  local tasks = spawn_all(n, function() limit.wait(gate) end)
  sleep(0)
  return n, function()
    gate:set_result()
    gather(tasks)
  end
end

-- What is measured begins with the row, or where the row calls this once it has everything in place.
local wall, cpu
local function start_clock()
  wall, cpu = limit.time(), os.clock()
end

function rows.event(n)
  local event = limit.future()
  local tasks = spawn_all(n, function() limit.wait(event) end)
  sleep(0)
  start_clock()
  event:set_result()
  gather(tasks)
end

local function queue(n, maxsize)
  local items, put, get = limit.queue(maxsize), limit.put, limit.get
  local producer = spawn(function()
    for i = 1, n do put(items, i) end
  end)
  for i = 1, n do assert(get(items) == i) end
  await(producer)
end

function rows.queue100(n) queue(n, 100) end
function rows.queueinf(n) queue(n, 0) end

function rows.lock100(n)
  local lock, acquire, release = limit.semaphore(1), limit.acquire, limit.release
  local rounds = math.max(n // 100, 1)
  gather(spawn_all(100, function()
    for _ = 1, rounds do
      acquire(lock)
      sleep(0)
      release(lock)
    end
  end))
  return rounds * 100
end

function rows.sem5(n)
  local semaphore, acquire, release = limit.semaphore(5), limit.acquire, limit.release
  gather(spawn_all(n, function()
    acquire(semaphore)
    sleep(0)
    release(semaphore)
  end))
end

local function delay(i) return i * 7919 % 50021 / 50021 * 0.5 end

function rows.timers(n)
  gather(spawn_all(n, function(i) sleep(delay(i)) end))
end

function rows.timers_late(n)
  local latest = 0
  gather(spawn_all(n, function(i)
    local due = limit.time() + delay(i)
    sleep(delay(i))
    latest = math.max(latest, limit.time() - due)
  end))
  return n, nil, { late_ms = latest * 1e3 }
end

function rows.timers_cancel(n)
  local never = function() error("a cancelled call ran") end
  for i = 1, n do
    limit.call_later(60, never):cancel()
    if i % 100 == 0 then sleep(0) end
  end
end

function rows.timeout(n)
  for _ = 1, n do limit.timeout(10, sleep, 0) end
end

function rows.pingpong(n)
  local ping, pong = limit.future(), nil
  local ponger = spawn(function()
    for _ = 1, n do
      limit.wait(ping)
      ping = limit.future()
      pong:set_result()
    end
  end)
  for _ = 1, n do
    pong = limit.future()
    ping:set_result()
    limit.wait(pong)
  end
  await(ponger)
end

-- There is no cheaper nested call than Lua's own.
local function chain(depth)
  return function(n)
    local function step(left)
      if left == 0 then return 0 end
      return 1 + step(left - 1)
    end
    for _ = 1, n // depth do assert(step(depth) == depth) end
  end
end

rows.chain10, rows.chain100, rows.chain1000 = chain(10), chain(100), chain(1000)
rows.chain100_plain = rows.chain100

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

function rows.cancel(n)
  local cleaned = 0
  local cleanup = setmetatable({}, { __close = function() cleaned = cleaned + 1 end })
  local tasks = spawn_all(n, function()
    local _ <close> = cleanup
    limit.wait(limit.future())
  end)
  sleep(0)
  for _, task in ipairs(tasks) do task:cancel() end
  gather(tasks)
  assert(cleaned == n)
end

function rows.cancel_rev(n)
  local cleaned, event = 0, limit.future()
  local cleanup = setmetatable({}, { __close = function() cleaned = cleaned + 1 end })
  local tasks = spawn_all(n, function()
    local _ <close> = cleanup
    limit.wait(event)
  end)
  sleep(0)
  for i = n, 1, -1 do tasks[i]:cancel() end
  gather(tasks)
  assert(cleaned == n)
end

local KEPT = 1000

-- The longest time between two steps of a task that makes records and keeps the last 1,000 of them.
local function jitter(parked)
  return function(n)
    local gate = limit.future()
    local tasks = spawn_all(parked, function() limit.wait(gate) end)
    local kept, longest = {}, 0
    sleep(0)
    start_clock()
    local before = limit.time()
    for i = 1, n do
      kept[i % KEPT] = { id = i, name = "user " .. i, tags = { "a", "b", i } }
      sleep(0)
      local after = limit.time()
      longest = math.max(longest, after - before)
      before = after
    end
    gate:set_result()
    gather(tasks)
    return n, nil, { gap_ms = longest * 1e3 }
  end
end

rows.jitter1000, rows.jitter10k, rows.jitter100k = jitter(1000), jitter(10000), jitter(100000)

-- Bytes: VmRSS is what is resident now, VmHWM the most that ever was. nil where there is no /proc.
local function memory(field)
  local file = io.open("/proc/self/status")
  if not file then return nil end
  local kib = file:read("a"):match(field .. ":%s*(%d+) kB")
  file:close()
  return tonumber(kib) * 1024
end

local function print_result(result)
  local fields = {}
  for key, value in pairs(result) do
    local text = type(value) == "string" and ("%q"):format(value) or ("%.10g"):format(value)
    fields[#fields + 1] = ("%q: %s"):format(key, text)
  end
  print("{" .. table.concat(fields, ", ") .. "}")
end

local name, n = arg[1], math.tointeger(tonumber(arg[2] or 100000))
local row = assert(rows[name], "no such row: " .. tostring(name))

local resident = memory("VmRSS")
start_clock()
local ops, finish, extra = row(n)
local result = extra or {}
ops = ops or n
result.cpu_ns = (os.clock() - cpu) * 1e9 / ops
result.wall_ns = (limit.time() - wall) * 1e9 / ops
result.peak_rss = memory("VmHWM")
if finish then
  result.bytes_each = resident and (memory("VmRSS") - resident) / ops
  finish()
end
result.row, result.n = name, ops
print_result(result)
