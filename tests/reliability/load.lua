-- Much at a time, in one process. Prints a line of figures for each; fails when something is lost or left behind.
--
--   neap load.lua [connections [N]] [tasks [N]] [timers [N]]          ./dev load ...
--
-- connections: so many (10,000) open at the same time, from a second process, each of which echoes.
-- tasks: so many (1,000,000) that wait at the same time. timers: so many (100,000) callbacks, every other one
-- cancelled.
local self = debug.getinfo(1, "S").source:sub(2)

local function clock()
  return async.get_running_loop():time()
end

-- What the process holds, in KiB.
local function resident()
  collectgarbage()
  collectgarbage()
  local status = io.open("/proc/self/status")
  return status and tonumber(status:read("a"):match("VmRSS:%s*(%d+)")) or 0
end

local function descriptors()
  local ok, names = pcall(neap.fs.list, "/proc/self/fd")
  return ok and #names or 0
end

-- The second process: opens all, then sends a line over each and expects it back, two times.
local function clients(port, count)
  local numbers = {}
  for i = 1, count do numbers[i] = i end
  local streams = async.map(numbers, function()
    return (async.open_connection("127.0.0.1", port))
  end, { limit = 100 })
  for round = 1, 2 do
    async.map(numbers, function(i)
      local line = ("client %d, round %d\n"):format(i, round)
      streams[i]:write(line)
      assert(streams[i]:readline() == line, "another line came back")
    end)
  end
  print("echoed")
  io.read("l") -- the server looks at what it has, and answers
  async.map(numbers, function(i) streams[i]:close() end)
end

local function connections(count)
  local open, most = 0, 0
  local before, started = resident(), clock()
  local held = descriptors()
  do
    local server <close> = async.start_server(function(stream)
      open = open + 1
      most = math.max(most, open)
      for line in stream:lines("L") do stream:write(line) end
      open = open - 1
    end, "127.0.0.1", 0, { backlog = 4096 })
    local PIPE = async.subprocess.PIPE
    local child <close> = async.create_subprocess_exec(arg[-1], self, "clients", server:address().port, count,
      { stdin = PIPE, stdout = PIPE })
    assert(child.stdout:readline() == "echoed\n", "the clients failed")
    print(("connections  %d open and echoing, %.2f s, %.1f KiB each"):format(open, clock() - started,
      (resident() - before) / count))
    child.stdin:write("\n")
    assert(child:wait() == 0 and most == count, "only " .. most .. " were open at the same time")
    while open > 0 do async.sleep(0.01) end
  end
  assert(descriptors() <= held + 1, "descriptors are left") -- that of the loop's signals
end

local function tasks(count)
  local before, started, ended, list = resident(), clock(), 0, {}
  local gate = async.Event()
  for i = 1, count do
    list[i] = async.spawn(function()
      gate:wait()
      ended = ended + 1
    end)
  end
  async.sleep(0)
  local each, waiting, held = (resident() - before) / count, clock(), collectgarbage("count")
  gate:set()
  for i = 1, count do
    await(list[i])
    list[i] = nil
  end
  local took = clock() - waiting
  list = nil
  collectgarbage()
  collectgarbage()
  assert(ended == count and #async.all_tasks() == 1, "tasks are left")
  print(("tasks        %d waiting at a time, %.2f KiB each, %.2f s to start, %.2f s to end"):format(count, each,
    waiting - started, took))
  -- Some thousand idle coroutines are kept.
  assert(count < 50000 or collectgarbage("count") < held / 4, "their memory is not free")
end

local function timers(count)
  local loop = async.get_running_loop()
  local fired, last, wrong, handles = 0, 0, 0, {}
  local started = clock()
  math.randomseed(7)
  for i = 1, count do
    local due = started + math.random()
    handles[i] = loop:call_at(due, function()
      if due < last or loop:time() < due - 0.001 then wrong = wrong + 1 end
      fired, last = fired + 1, due
    end)
  end
  for i = 2, count, 2 do handles[i]:cancel() end
  local made = clock() - started
  async.sleep(1.1)
  print(("timers       %d, half of them cancelled, %.2f s to make; %d fired, %d out of order"):format(count, made, fired,
    wrong))
  assert(fired == count - count // 2 and wrong == 0, "the timers are wrong")
end

local sizes = { connections = 10000, tasks = 1000000, timers = 100000 }
local kinds = { connections = connections, tasks = tasks, timers = timers, clients = clients }

local function main(...)
  local words = select("#", ...) > 0 and { ... } or { "connections", "tasks", "timers" }
  if words[1] == "clients" then return clients(tonumber(words[2]), tonumber(words[3])) end
  local i = 1
  while words[i] do
    local kind, count = kinds[words[i]], math.tointeger(tonumber(words[i + 1]))
    if not kind then error("load: connections, tasks or timers, each with a number or without", 0) end
    kind(count or sizes[words[i]])
    i = i + (count and 2 or 1)
  end
end

main(...)
