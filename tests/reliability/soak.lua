-- Everything at once, for a time, and flat in the end: servers with decent and with hostile clients, processes, timers,
-- cancellations, threads, files. See docs/reliability.md.
--
--   neap soak.lua [--minutes N | --seconds N]          ./dev soak [--minutes N]
--
-- A twentieth of the time at a time, all work comes to a stop, and a line of figures is printed. The run fails when an
-- operation fails, or when the second half is not as flat as `judge` says.
local fs, subprocess = neap.fs, async.subprocess
local self = debug.getinfo(1, "S").source:sub(2)

local kSamples = 20
local kWarmUp = 4 -- samples that are not judged: what is made once is made there

-- Figures ------------------------------------------------------------------------------------------------------------

local function entries(folder)
  local ok, names = pcall(fs.list, folder)
  return ok and #names or 0
end

local function children()
  local count = 0
  for _, thread in ipairs(fs.list "/proc/self/task") do
    local ok, text = pcall(fs.read, "/proc/self/task/" .. thread .. "/children")
    for _ in (ok and text or ""):gmatch("%d+") do count = count + 1 end
  end
  return count
end

local function figures()
  collectgarbage()
  collectgarbage()
  return {
    resident = tonumber(fs.read("/proc/self/status"):match("VmRSS:%s*(%d+)")),
    lua = collectgarbage("count"),
    descriptors = entries "/proc/self/fd",
    threads = entries "/proc/self/task",
    children = children(),
    handles = #async.open_handles(),
    tasks = #async.all_tasks(),
  }
end

-- The work -----------------------------------------------------------------------------------------------------------

local jobs, counts = {}, {}

-- job(name, fn): fn(place) is one operation; `place` has what they share.
local function job(name, fn)
  jobs[#jobs + 1] = { name = name, fn = fn }
  counts[name] = 0
end

local function connect(place, what)
  local stream = async.open_connection("127.0.0.1", place.port)
  stream:write(what, "\n")
  return stream
end

job("echo", function(place)
  local stream <close> = connect(place, "echo")
  for _ = 1, 10 do
    local text = ("x"):rep(math.random(20000))
    local sent = async.spawn(stream.write, stream, text)
    assert(stream:readexactly(#text) == text, "other bytes came back")
    await(sent)
  end
end)

job("trickle", function(place)
  local stream <close> = connect(place, "echo")
  for byte in ("byte by byte"):gmatch(".") do
    stream:write(byte)
    assert(stream:read(1) == byte, "another byte came back")
  end
end)

-- What was received and not read makes the system send a reset.
job("reset", function(place)
  local stream = connect(place, "flood")
  stream:read(1)
  async.sleep(math.random() * 0.002)
  stream:abort()
end)

job("half-close", function(place)
  local stream <close> = connect(place, "echo")
  stream:write("the end"):write_eof()
  async.sleep(math.random() * 0.01)
  assert(stream:read("a") == "the end", "not all came back")
end)

job("never read", function(place)
  local stream = connect(place, "flood")
  async.sleep(math.random() * 0.05)
  stream:abort()
end)

job("process", function()
  local text = ("line\n"):rep(math.random(30000))
  assert(subprocess.run({ "cat" }, { input = text, capture = true }).stdout == text, "cat gave other bytes")
end)

job("killed in a pipe", function()
  local process <close> = async.create_subprocess_exec("cat", "/dev/zero", { stdout = subprocess.PIPE })
  process.stdout:read(1000)
  process:kill()
  assert(process:wait() == -9)
end)

job("stopped", function()
  local process <close> = async.create_subprocess_exec("cat", { stdin = subprocess.PIPE, stdout = subprocess.PIPE })
  process:send_signal("SIGSTOP")
  process.stdin:write("x")
  assert(not async.move_on_after(0.01, process.stdout.read, process.stdout, 1), "it reads although it is stopped")
  local status = process:stop(0.01)
  assert(status == -9 or status == -15, status) -- SIGTERM comes first when it had not yet been stopped
end)

job("timers", function()
  local loop, fired = async.get_running_loop(), 0
  local handles = {}
  for i = 1, 1000 do handles[i] = loop:call_later(math.random() * 0.05, function() fired = fired + 1 end) end
  for i = 1, 1000, 2 do handles[i]:cancel() end
  async.sleep(0.06)
  assert(fired == 500, fired .. " of 500 timers fired")
end)

job("cancellations", function()
  local lock, queue, permits = async.Lock(), async.Queue(2), async.Semaphore(2)
  local waits = {
    function() local held <close> = lock:acquire() async.sleep(0.001) end,
    function() queue:put(1) end,
    function() queue:get() end,
    function() local held <close> = permits:acquire() async.sleep(0.001) end,
    function() async.timeout(0.002, async.sleep, 1) end,
    function() async.wait_for(async.spawn(async.sleep, 1), 0.001) end,
  }
  local tasks = {}
  for i = 1, 200 do tasks[i] = async.spawn(waits[math.random(#waits)]) end
  async.sleep(math.random() * 0.004)
  for _, task in ipairs(tasks) do
    if math.random() < 0.7 then task:cancel() end
  end
  async.sleep(0.003)
  for _, task in ipairs(tasks) do task:cancel() end
  for _, task in ipairs(tasks) do async.catch(await, task) end
  assert(not lock:locked(), "the lock is held by nobody")
  permits:acquire()
  permits:acquire()
end)

job("groups", function()
  local ok, err = pcall(function()
    local group <close> = async.TaskGroup()
    for _ = 1, 20 do group:spawn(async.sleep, math.random() * 0.01) end
    group:spawn(function() async.sleep(0.002) error(async.ValueError("one fails")) end)
  end)
  assert(not ok and async.is(err, async.ExceptionGroup), "the group did not fail")
end)

job("threads", function()
  local function sum(n) local total = 0 for i = 1, n do total = total + i end return total end
  assert(async.to_thread(sum, 1000) == 500500)
  local worker = async.Worker(function(parent) for message in parent do parent:send(message) end end)
  worker:send("there and back")
  assert(worker:receive() == "there and back")
  worker:terminate()
  worker:join()
end)

job("files", function(place)
  local path = place.folder .. "/" .. math.random(1 << 40)
  fs.write(path, ("y"):rep(100000))
  assert(#fs.read(path) == 100000)
  fs.remove(path)
end)

-- What the clients talk to. That a peer goes is their business.
local function serve(stream)
  local what = stream:readline()
  local _, err = pcall(function()
    if what == "echo\n" then
      for data in stream:lines(4096) do stream:write(data) end
    else
      local block = ("z"):rep(65536)
      while true do stream:write(block) end
    end
  end)
  if err and not async.is(err, async.ConnectionError) then error(err, 0) end
end

-- The run ------------------------------------------------------------------------------------------------------------

local errors = { count = 0 }

local function note(err)
  errors.count = errors.count + 1
  if errors.count <= 5 then io.stderr:write("error: ", tostring(err), "\n", err.traceback or "", "\n") end
end

-- Does one operation after the other while the gate is open.
local function work(one, place)
  while not place.over do
    place.gate:wait()
    if place.over then return end
    place.busy = place.busy + 1
    local ok, err = pcall(one.fn, place)
    place.busy = place.busy - 1
    if ok then counts[one.name] = counts[one.name] + 1 else note(one.name .. ": " .. tostring(err)) end
    async.sleep(0)
  end
end

-- All operations have ended, and what goes on behind them (connections that linger, workers that are being joined).
local function quiet(place, first)
  place.gate:clear()
  async.timeout(60, function()
    while place.busy > 0 do async.sleep(0.01) end
  end)
  local now, patience = figures(), 200
  while first and patience > 0 and (now.descriptors > first.descriptors or now.handles > first.handles
    or now.children > 0 or now.threads > first.threads or now.tasks > first.tasks) do
    async.sleep(0.02)
    now, patience = figures(), patience - 1
  end
  return now
end

local function total()
  local sum = 0
  for _, count in pairs(counts) do sum = sum + count end
  return sum
end

local function show(seconds, now)
  print(("%7.1f s  RSS %6.1f MiB  Lua %7.1f KiB  descriptors %d  threads %d  children %d  operations %d  errors %d")
    :format(seconds, now.resident / 1024, now.lua, now.descriptors, now.threads, now.children, now.operations,
      errors.count))
end

local function middle(list, field)
  local values = {}
  for i, sample in ipairs(list) do values[i] = sample[field] end
  table.sort(values)
  return values[(#values + 1) // 2], values[#values]
end

-- The second half of what is judged against the first: what is counted is not more at any time, memory not in the
-- middle of the samples but for 3 % and what pages and caches come to; there are at least half as many operations.
local function judge(samples)
  local first, second, problems = {}, {}, {}
  for i = kWarmUp + 1, #samples do
    local half = i <= (kWarmUp + #samples) // 2 and first or second
    half[#half + 1] = samples[i]
  end
  for _, field in ipairs { "descriptors", "threads", "children", "handles", "tasks" } do
    local _, before = middle(first, field)
    local _, after = middle(second, field)
    if after > before then problems[#problems + 1] = ("%s: %d, then %d"):format(field, before, after) end
  end
  for field, slack in pairs { resident = 2048, lua = 64 } do
    local before, after = middle(first, field), middle(second, field)
    if after > before * 1.03 + slack then
      problems[#problems + 1] = ("%s: %.0f KiB, then %.0f KiB"):format(field, before, after)
    end
  end
  local done = first[#first].operations - samples[kWarmUp].operations
  if second[#second].operations - first[#first].operations < done / 2 then
    problems[#problems + 1] = "it becomes slower"
  end
  if samples[#samples].children > 0 then problems[#problems + 1] = "children are left" end
  if errors.count > 0 then problems[#problems + 1] = errors.count .. " errors" end
  return problems
end

local function soak(seconds)
  math.randomseed(1)
  async.get_running_loop():set_exception_handler(function(_, context)
    note(tostring(context.message) .. ": " .. tostring(context.exception))
  end)
  local folder <close> = fs.tempdir()
  local server <close> = async.start_server(serve, "127.0.0.1", 0)
  local place = { port = server:address().port, folder = folder.path, gate = async.Event(), busy = 0 }
  local samples, started = {}, os.time()
  local clock = async.get_running_loop()
  started = clock:time()
  local group <close> = async.TaskGroup()
  for _, one in ipairs(jobs) do
    for _ = 1, 2 do group:spawn(work, one, place) end
  end
  for i = 1, kSamples do
    place.gate:set()
    async.sleep(math.max(0, started + seconds * i / kSamples - clock:time()))
    samples[i] = quiet(place, samples[1])
    samples[i].operations = total()
    show(clock:time() - started, samples[i])
  end
  place.over = true
  place.gate:set()
  return samples
end

local function main(unit, number)
  local seconds = tonumber(unit and number or 10)
  if not seconds or unit and unit ~= "--minutes" and unit ~= "--seconds" or seconds <= 0 then
    error("usage: neap " .. self .. " [--minutes N | --seconds N]", 0)
  end
  if unit ~= "--seconds" then seconds = seconds * 60 end
  local problems = judge(soak(seconds))
  local names = {}
  for name, count in pairs(counts) do names[#names + 1] = ("%s %d"):format(name, count) end
  table.sort(names)
  print(table.concat(names, ", "))
  for name, count in pairs(counts) do
    if count == 0 then problems[#problems + 1] = "nothing was done of: " .. name end
  end
  if #problems == 0 then return print("flat") end
  print("NOT flat: " .. table.concat(problems, "; "))
  os.exit(1)
end

main(...)
