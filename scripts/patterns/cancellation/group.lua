-- Cancelling a group: one request that ends every task of it, and one place that waits until all
-- have ended.
-- Use it for a set of tasks with one life: the workers of a pool, the connections of a session.
-- Tasks that are in no group are cancelled one by one, and waited for with async.wait.
-- asyncio: TaskGroup; its own cancel() came with 3.15.
local loop = async.get_running_loop()
local begun = loop:time()
local function say(text) print(("%.1f s: %s"):format(loop:time() - begun, text)) end

local function worker(name, cleanup)
  async.try(function()
    while true do async.sleep(10) end
  end, async.finally(function()
    async.sleep(cleanup)
    say(name .. " ended")
  end))
end

-- From inside: tg:cancel() ends the children, without an error. The block's end waits for their
-- cleanup.
do
  local group <close> = async.TaskGroup()
  group:spawn(worker, "a", 0.1)
  group:spawn(worker, "b", 0.2)
  async.sleep(0.3)
  group:cancel()
  say("asked")
end
say("the block has ended")

-- From outside: cancelling the task in whose block the group stands ends the group with it.
local session = async.spawn(function()
  local group <close> = async.TaskGroup()
  group:spawn(worker, "c", 0.1)
  group:spawn(worker, "d", 0.2)
end)
async.sleep(0.3)
session:cancel()
async.wait { session }
say("session cancelled: " .. tostring(session:cancelled()))

-- By hand: ask all of them first and wait then, so that their cleanups run side by side.
local tasks = { async.spawn(worker, "e", 0.2), async.spawn(worker, "f", 0.2) }
async.sleep(0.3)
for _, task in ipairs(tasks) do task:cancel() end
async.wait(tasks)
say("both have ended")

-- The first result is enough: race cancels the others, and they have ended when it returns.
local winner = async.race {
  function() worker("g", 0.1) end,
  function() return async.sleep(0.3, "the quick one") end,
}
say(winner)

--[[ prints:
0.3 s: asked
0.4 s: a ended
0.5 s: b ended
0.5 s: the block has ended
0.9 s: c ended
1.0 s: d ended
1.0 s: session cancelled: true
1.5 s: e ended
1.5 s: f ended
1.5 s: both have ended
1.9 s: g ended
1.9 s: the quick one
]]
