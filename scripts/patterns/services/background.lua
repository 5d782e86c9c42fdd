-- Background work of a service: a job that repeats, a queue that is worked off, and their end in
-- the right order: first what makes work, then what does it, at last what both use.
-- Use it for flushing, refreshing, sending mail: what no request should wait for. A task that only
-- runs beside and may be dropped is tasks/background.lua.
-- asyncio: create_task and cancel in a lifespan handler; AsyncExitStack for the order.
local patterns = require "neap.patterns"
local loop = async.get_running_loop()
local begun = loop:time()
local function say(text) print(("%.2f s: %s"):format(loop:time() - begun, text)) end

-- A job that repeats. An error of one round is reported, and the next one comes all the same. The
-- interval counts from the start, so that it does not drift.
local function every(seconds, name, fn)
  for _ in patterns.interval(seconds) do
    local ok, err = pcall(fn)
    if not ok then say(name .. " failed: " .. tostring(err)) end
  end
end

-- Each start gives what ends it: as a context manager.
local periodic = async.contextmanager(function(seconds, name, fn)
  local task = async.create_task(function() every(seconds, name, fn) end, { name = name })
  coroutine.yield()
  task:cancel()
  async.wait { task }
  say("stopped " .. name)
end)

local mailer = async.contextmanager(function(grace)
  local mails = async.Queue()
  local task = async.create_task(function()
    for mail in mails:items() do
      async.sleep(0.2)
      say("sent " .. mail)
    end
  end, { name = "mailer" })
  coroutine.yield(mails)
  mails:shutdown() -- no new mails; those that are there are sent, for so long
  local done = async.wait({ task }, { timeout = grace })
  if #done == 0 then
    say("mails were not sent")
    task:cancel()
    async.wait { task }
  end
  say("stopped mailer")
end)

local function service()
  local stack <close> = async.ExitStack() -- ends what it has entered, the last first
  stack:callback(say, "closed the database")
  local mails = stack:enter(mailer(0.5))
  local round = 0
  stack:enter(periodic(0.28, "refresh", function()
    round = round + 1
    if round == 2 then error("no connection", 0) end
    say("refreshed")
  end))

  for i = 1, 6 do
    async.sleep(0.15) -- requests come in; none waits for its mail
    mails:put_nowait("mail " .. i)
  end
  say("closing")
end

service()

--[[ prints:
0.28 s: refreshed
0.35 s: sent mail 1
0.55 s: sent mail 2
0.56 s: refresh failed: no connection
0.75 s: sent mail 3
0.84 s: refreshed
0.90 s: closing
0.90 s: stopped refresh
0.95 s: sent mail 4
1.15 s: sent mail 5
1.35 s: sent mail 6
1.35 s: stopped mailer
1.35 s: closed the database
]]
