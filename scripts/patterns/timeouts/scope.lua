-- A timeout scope: a limit on a whole block, however many calls are in it.
-- Use it where several steps share one limit, and where the limit moves as the work goes on. For a
-- single call the form with a function is shorter: async.timeout(2, fn, ...).
-- asyncio: async with timeout(2) as scope.
local loop = async.get_running_loop()
local begun = loop:time()

local function step(name, seconds)
  async.sleep(seconds)
  print(("%.1f s: %s"):format(loop:time() - begun, name))
end

-- The scope ends with its block; TimeoutError is raised at the edge of the block.
local function load()
  local scope <close> = async.timeout(0.4)
  step("connected", 0.1)
  step("logged in", 0.1)
  step("loaded", 1)
end
print(pcall(load))

-- The same with functions: the results come through.
print(async.timeout(0.4, function()
  step("asked", 0.1)
  return "an answer"
end))

-- reschedule moves the limit: here every message gives the sender another 0.2 s.
local function receive(pauses)
  local scope <close> = async.timeout(0.2)
  for i, pause in ipairs(pauses) do
    async.sleep(pause)
    scope:reschedule(loop:time() + 0.2)
    print(("%.1f s: message %d"):format(loop:time() - begun, i))
  end
  scope:reschedule(nil) -- no limit any more
  async.sleep(0.5)
  return "all received"
end
print(receive { 0.1, 0.1, 0.1 })
print(pcall(receive, { 0.1, 0.5 }))

-- Scopes nest. The one that expired is the one that raises; here the inner one, within the limit of
-- the outer.
local function nested()
  local outer <close> = async.timeout(2)
  local inner = async.timeout(0.2)
  local ok, err = pcall(async.with, inner, function() async.sleep(1) end)
  print("inner:", ok, err, inner:expired(), outer:expired())
  step("the outer block goes on", 0.2)
end
nested()

--[[ prints:
0.1 s: connected
0.2 s: logged in
false	TimeoutError: timed out after 0.4 seconds
0.5 s: asked
an answer
0.6 s: message 1
0.7 s: message 2
0.8 s: message 3
all received
1.4 s: message 1
false	TimeoutError: the deadline has passed
inner:	false	TimeoutError: timed out after 0.2 seconds	true	false
2.0 s: the outer block goes on
]]
