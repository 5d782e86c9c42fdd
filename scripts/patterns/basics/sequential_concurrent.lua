-- One after the other, or all at once: the same three calls, with a timeline of each.
-- Calls written as statements run one after the other; given to async.gather as functions they run
-- concurrently, and the whole takes as long as the slowest. Use the first when a call needs the
-- result of the one before, the second when they are independent.
-- asyncio: await f() in sequence; asyncio.gather.

local loop = async.get_running_loop()
local begun

local function note(text)
  print(("%.1f s  %s"):format(loop:time() - begun, text))
end

local function fetch(name, seconds)
  note("start " .. name)
  async.sleep(seconds)            -- only this task waits; others run meanwhile
  note("  end " .. name)
  return name:upper()
end

print("one after the other")
begun = loop:time()
local a = fetch("a", 0.3)
local b = fetch("b", 0.1)
local c = fetch("c", 0.2)
note(a .. b .. c)

print("all at once")
begun = loop:time()
local results = async.gather(
  function() return fetch("a", 0.3) end,
  function() return fetch("b", 0.1) end,
  function() return fetch("c", 0.2) end)
note(table.concat(results))       -- in the order of the arguments, not of their ends

--[[ prints:
one after the other
0.0 s  start a
0.3 s    end a
0.3 s  start b
0.4 s    end b
0.4 s  start c
0.6 s    end c
0.6 s  ABC
all at once
0.0 s  start a
0.0 s  start b
0.0 s  start c
0.1 s    end b
0.2 s    end c
0.3 s    end a
0.3 s  ABC
]]
