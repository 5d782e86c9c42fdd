-- The benchmark rows in neap, by its public surface alone.
--
-- usage: neap neap.lua ROW [N]
--
-- The same programs as the other files here; see ../README.md for what each row is.

local async, await = async, await

local rows = {}

local function nap() async.sleep(0) end

local function spawn_all(n, fn)
  local tasks = {}
  for i = 1, n do tasks[i] = async.spawn(fn, i) end
  return tasks
end

local function switch(n, tasks)
  local rounds = math.max(n // tasks, 1)
  async.gather(spawn_all(tasks, function()
    for _ = 1, rounds do async.sleep(0) end
  end))
  return rounds * tasks
end

-- Each row is measured as a whole. It may give the operations done (if not n), a function that
-- ends its tasks after the measurement, and further fields for the result.
function rows.switch1(n) return switch(n, 1) end
function rows.switch1000(n) return switch(n, 1000) end
function rows.switch10k(n) return switch(n, 10000) end
function rows.switch100k(n) return switch(n, 100000) end

function rows.spawn_seq(n)
  for _ = 1, n do await(async.spawn(nap)) end
end

function rows.gather(n)
  async.gather(spawn_all(n, nap))
end

function rows.parked(n)
  local gate = async.Future()
  local tasks = spawn_all(n, function() await(gate) end)
  async.sleep(0)
  return n, function()
    gate:set_result()
    async.gather(tasks)
  end
end

-- What is measured begins with the row, or where the row calls this once it has everything in place.
local wall, cpu
local function start_clock()
  wall, cpu = async.get_running_loop():time(), os.clock()
end

function rows.event(n)
  local event = async.Event()
  local tasks = spawn_all(n, function() event:wait() end)
  async.sleep(0)
  start_clock()
  event:set()
  async.gather(tasks)
end

local function queue(n, maxsize)
  local queue = async.Queue(maxsize)
  local producer = async.spawn(function()
    for i = 1, n do queue:put(i) end
  end)
  for i = 1, n do assert(queue:get() == i) end
  await(producer)
end

function rows.queue100(n) queue(n, 100) end
function rows.queueinf(n) queue(n) end

function rows.lock100(n)
  local lock = async.Lock()
  local rounds = math.max(n // 100, 1)
  async.gather(spawn_all(100, function()
    for _ = 1, rounds do
      local _ <close> = lock:acquire()
      async.sleep(0)
    end
  end))
  return rounds * 100
end

function rows.sem5(n)
  local semaphore = async.Semaphore(5)
  async.gather(spawn_all(n, function()
    local _ <close> = semaphore:acquire()
    async.sleep(0)
  end))
end

local function delay(i) return i * 7919 % 50021 / 50021 * 0.5 end

function rows.timers(n)
  async.gather(spawn_all(n, function(i) async.sleep(delay(i)) end))
end

function rows.timers_late(n)
  local loop = async.get_running_loop()
  local latest = 0
  async.gather(spawn_all(n, function(i)
    local due = loop:time() + delay(i)
    async.sleep(delay(i))
    latest = math.max(latest, loop:time() - due)
  end))
  return n, nil, { late_ms = latest * 1e3 }
end

function rows.timers_cancel(n)
  local loop = async.get_running_loop()
  local never = function() error("a cancelled call ran") end
  for i = 1, n do
    loop:call_later(60, never):cancel()
    if i % 100 == 0 then async.sleep(0) end
  end
end

function rows.timeout(n)
  for _ = 1, n do async.timeout(10, async.sleep, 0) end
end

function rows.pingpong(n)
  local ping, pong = async.Future(), nil
  local ponger = async.spawn(function()
    for _ = 1, n do
      await(ping)
      ping = async.Future()
      pong:set_result()
    end
  end)
  for _ = 1, n do
    pong = async.Future()
    ping:set_result()
    await(pong)
  end
  await(ponger)
end

local function chain(depth)
  return function(n)
    local step
    step = async(function(left)
      if left == 0 then return 0 end
      return 1 + await(step(left - 1))
    end)
    for _ = 1, n // depth do assert(await(step(depth)) == depth) end
  end
end

rows.chain10, rows.chain100, rows.chain1000 = chain(10), chain(100), chain(1000)

function rows.chain100_plain(n)
  local function step(depth)
    if depth == 0 then return 0 end
    return 1 + step(depth - 1)
  end
  for _ = 1, n // 100 do assert(step(100) == 100) end
end

local function deep(depth)
  return function(n)
    local function descend(left)
      if left > 0 then
        local done = descend(left - 1)
        return done
      end
      for _ = 1, n do async.sleep(0) end
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
    await(async.Future())
  end)
  async.sleep(0)
  for _, task in ipairs(tasks) do task:cancel() end
  tasks.return_exceptions = true
  async.gather(tasks)
  assert(cleaned == n)
end

function rows.cancel_rev(n)
  local cleaned, event = 0, async.Event()
  local cleanup = setmetatable({}, { __close = function() cleaned = cleaned + 1 end })
  local tasks = spawn_all(n, function()
    local _ <close> = cleanup
    event:wait()
  end)
  async.sleep(0)
  for i = n, 1, -1 do tasks[i]:cancel() end
  tasks.return_exceptions = true
  async.gather(tasks)
  assert(cleaned == n)
end

local KEPT = 1000

-- The longest time between two steps of a task that makes records and keeps the last 1,000 of them.
local function jitter(parked)
  return function(n)
    local gate = async.Future()
    local tasks = spawn_all(parked, function() await(gate) end)
    local kept, longest = {}, 0
    local loop = async.get_running_loop()
    async.sleep(0)
    start_clock()
    local before = loop:time()
    for i = 1, n do
      kept[i % KEPT] = { id = i, name = "user " .. i, tags = { "a", "b", i } }
      async.sleep(0)
      local after = loop:time()
      longest = math.max(longest, after - before)
      before = after
    end
    gate:set_result()
    async.gather(tasks)
    return n, nil, { gap_ms = longest * 1e3 }
  end
end

rows.jitter1000, rows.jitter10k, rows.jitter100k = jitter(1000), jitter(10000), jitter(100000)

local function identity(...) return ... end

-- About 1 MiB, there and back.
function rows.copy1m(n)
  local list = {}
  for i = 1, 15000 do
    list[i] = { id = i, name = "user " .. i, score = i / 2, active = i % 2 == 0, tags = { "a", "b", i % 10 } }
  end
  assert(#async.to_thread(identity, list) == 15000)
  start_clock()
  for _ = 1, n do async.to_thread(identity, list) end
end

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

local loop = async.get_running_loop()
local resident = memory("VmRSS")
start_clock()
local ops, finish, extra = row(n)
local result = extra or {}
ops = ops or n
result.cpu_ns = (os.clock() - cpu) * 1e9 / ops
result.wall_ns = (loop:time() - wall) * 1e9 / ops
result.peak_rss = memory("VmHWM")
if finish then
  result.bytes_each = resident and (memory("VmRSS") - resident) / ops
  finish()
end
result.row, result.n = name, ops
print_result(result)
