-- `.time` and `.bench`.
local core, use = ...

local async = require "async"

local ROUNDS = 5
local ROUND = 0.1 -- seconds of a round at least

local units = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" } }

-- A duration with three digits.
local function duration(seconds)
  for _, unit in ipairs(units) do
    if seconds >= unit[1] or unit[2] == "ns" then
      local value = seconds / unit[1]
      return ("%s %s"):format(("%.3g"):format(value):find("e") and ("%.0f"):format(value) or ("%.3g"):format(value), unit[2])
    end
  end
end

-- The entry with the time it takes told on stderr.
local function timed(entry)
  local Timed = {}
  function Timed:run()
    local loop = async.get_running_loop()
    local began, cpu, memory = loop:time(), os.clock(), collectgarbage("count")
    local results = entry:run()
    local wall, used = loop:time() - began, os.clock() - cpu
    io.stderr:write(("%s, CPU time of the process %s, %+.0f KiB\n"):format(
      duration(wall), duration(used), collectgarbage("count") - memory))
    return results
  end
  return Timed
end

-- The text of a loop around the code: a function of how often.
local function loop_of(code)
  local expression = load("return " .. code, "=bench", "t")
  if expression then return "for _ = 1, (...) do local _ = " .. code .. "\nend" end
  return "for _ = 1, (...) do " .. code .. "\nend"
end

-- How long one turn of the entry, which takes how often, takes: as text.
local function bench(entry)
  local loop = async.get_running_loop()
  local function round(times)
    local began = loop:time()
    entry:run(times)
    local took = loop:time() - began
    async.sleep(0) -- between rounds others have their turn, and Ctrl-C
    return took
  end
  local times, took = 1, round(1)
  while took < ROUND and times < 1e9 do
    local aim = took > 0 and ROUND / took * 1.2 or 10
    times = math.ceil(times * math.min(10, math.max(2, aim)))
    took = round(times)
  end
  local each = { took / times }
  for i = 2, took > 1 and 1 or ROUNDS do each[i] = round(times) / times end
  table.sort(each)
  return ("%s each (median %s; %d rounds of %d)"):format(duration(each[1]), duration(each[(#each + 1) // 2]), #each, times)
end

return { timed = timed, loop_of = loop_of, bench = bench, duration = duration }
