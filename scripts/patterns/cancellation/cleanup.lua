-- Cancelling with cleanup: task:cancel() raises CancelledError where the task waits, and what it
-- has open is closed on the way out. The cleanup may wait itself: to say goodbye, to flush a file.
-- Use <close> for what belongs to a block, async.finally for a few lines of their own.
-- asyncio: task.cancel(), try/finally, async with.
local loop = async.get_running_loop()
local begun = loop:time()
local function say(text) print(("%.1f s: %s"):format(loop:time() - begun, text)) end

local function connect(name)
  say(name .. " connected")
  return setmetatable({}, {
    __close = function()
      async.sleep(0.1) -- one request disturbs one wait: this one is left alone
      say(name .. " said goodbye")
    end,
  })
end

local worker = async.spawn(function()
  local database <close> = connect("database")
  local queue <close> = connect("queue")
  async.try(function()
    while true do
      async.sleep(0.2)
      say("worked")
    end
  end, async.finally(function() say("saved the state") end))
end)

async.sleep(0.5)
-- cancel only asks. The task has ended when it is awaited.
worker:cancel("closing time")
say("asked; done: " .. tostring(worker:done()))
async.wait { worker }
say("cancelled: " .. tostring(worker:cancelled()))

-- await raises the CancelledError; async.catch takes it, pcall would not.
print(async.catch(await, worker))

-- A cleanup that might hang gets a limit, or it holds up who waits for it.
local stubborn = async.spawn(function()
  async.try(function() async.sleep(60) end, async.finally(function()
    local in_time = async.move_on_after(0.2, async.sleep, 3600)
    say("the flush was in time: " .. tostring(in_time))
  end))
end)
async.sleep(0)
stubborn:cancel()
async.wait { stubborn }

-- A task that is cancelled before its first step never runs at all.
local unborn = async.spawn(print, "never printed")
unborn:cancel()
async.wait { unborn }
print(unborn:cancelled())

--[[ prints:
0.0 s: database connected
0.0 s: queue connected
0.2 s: worked
0.4 s: worked
0.5 s: asked; done: false
0.5 s: saved the state
0.6 s: queue said goodbye
0.7 s: database said goodbye
0.7 s: cancelled: true
false	CancelledError: closing time
0.9 s: the flush was in time: false
true
]]
