-- Lua's own generators may wait too: coroutine.wrap.
-- A wait inside goes to the loop, a yield to the consumer, and neither sees the other. Use it
-- for a simple one that needs no cleanup, or to go on using code that has it already. One that
-- opens something should be an async.generator: plain Lua does not close a coroutine on break.
-- asyncio: none; there a plain generator cannot await.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function ticks(n, seconds)
  return coroutine.wrap(function()
    for i = 1, n do
      async.sleep(seconds)
      coroutine.yield(i)
    end
  end)
end

for i in ticks(3, 0.1) do note("tick", i) end

-- Other tasks run while it waits.
async.spawn(function() async.sleep(0.05) print("another task") end)
for i in ticks(1, 0.1) do note("tick", i) end

-- A generator over a generator: the function that is called need not know that anything waits.
local function map(fn, iterator)
  return coroutine.wrap(function()
    for x in iterator do coroutine.yield(fn(x)) end
  end)
end
for square in map(function(x) return x * x end, ticks(3, 0.1)) do note(square) end

-- What it lacks: after a break nothing closes it. A `<close>` variable inside stays open.
local function opens_a_file(make)
  return make(function()
    local file <close> = setmetatable({}, { __close = function() print("  file closed") end })
    for i = 1, 3 do coroutine.yield(i) end
  end)
end
print("coroutine.wrap, left early")
for _ in opens_a_file(coroutine.wrap) do break end
print("async.generator, left early")
for _ in opens_a_file(async.generator)() do break end

--[[ prints:
0.1 s	tick	1
0.2 s	tick	2
0.3 s	tick	3
another task
0.4 s	tick	1
0.5 s	1
0.6 s	4
0.7 s	9
coroutine.wrap, left early
async.generator, left early
  file closed
]]
