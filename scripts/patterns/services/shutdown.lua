-- clock: real
-- A graceful end: on SIGTERM or Ctrl-C the service takes no more work, finishes what it has begun
-- within a grace period, closes what it has open, and ends with status 0.
-- Use it in every service: who stops it (systemd, a container, a deploy) sends SIGTERM, waits a
-- while, and then kills. See scripts/examples/graceful.lua for a whole server.
-- asyncio: loop.add_signal_handler, an Event, and the order of closing by hand.
local GRACE = 1

local jobs = async.Queue(10)
local function work(job)
  async.sleep(job.seconds)
  print("finished " .. job.name)
end

local function producer()
  for i = 1, 3 do
    jobs:put { name = "job " .. i, seconds = i == 3 and 60 or 0.1 } -- the third one hangs
  end
end

local function consumer()
  for job in jobs:items() do
    print("began " .. job.name)
    work(job)
  end
end

-- From this call on the signals come here, also one that arrives before anybody waits for it.
local signals <close> = async.signals { "SIGTERM", "SIGINT" }

local database <close> = setmetatable({}, {
  __close = function() print("closed the database") end,
})
local producing = async.spawn(producer)
local consuming = async.spawn(consumer)

-- The script sends the signal to itself; $PPID is the process that started the shell.
async.get_running_loop():call_later(0.8, async.spawn, async.subprocess.run, "kill -TERM $PPID")

-- The main task only waits for the signal.
print("running")
print("got " .. signals())

-- 1. Nothing new. 2. What has begun may end, within the grace. 3. What has not ended is cancelled.
producing:cancel()
jobs:shutdown()
local done = async.wait({ consuming }, { timeout = GRACE })
if #done == 0 then
  print("not finished in time; cancelled")
  consuming:cancel()
  async.wait { consuming }
end
-- 4. The block's end closes what is open, the last opened first.

--[[ prints:
running
began job 1
finished job 1
began job 2
finished job 2
began job 3
got SIGTERM
not finished in time; cancelled
closed the database
]]
