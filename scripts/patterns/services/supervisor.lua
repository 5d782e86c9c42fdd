-- A supervisor: services that are started again when they fail, each by itself or together, until
-- they fail too often; then it gives up, and whoever is above it decides.
-- Use it for what must run as long as the program does: consumers, connections, watchers. A loop
-- around pcall is enough for one task that may fail for ever; this knows about several.
-- asyncio has none; it is Erlang's idea.
local patterns = require "neap.patterns"
local loop = async.get_running_loop()
local begun = loop:time()
local function say(...) print(("%.1f s:"):format(loop:time() - begun), ...) end

local function feed(lives)
  return function()
    local life = table.remove(lives, 1)
    async.sleep(life.seconds)
    error(async.ConnectionError(life.problem))
  end
end

-- The feed fails twice and is started again; the clock is not disturbed.
do
  local supervisor <close> = patterns.supervisor {
    backoff = 0.1, -- seconds before a restart
    on_exit = function(name, err) say(name, err) end,
  }
  supervisor:start_child {
    name = "feed",
    run = feed { { seconds = 0.2, problem = "reset" }, { seconds = 0.3, problem = "refused" },
      { seconds = 60, problem = "never" } },
  }
  supervisor:start_child {
    name = "clock",
    run = function()
      for tick in patterns.interval(0.4) do say("clock", tick) end
    end,
  }
  async.sleep(1)
  for _, child in ipairs(supervisor:children()) do
    print("", child.name, child.state, "restarts: " .. child.restarts)
  end
end -- the block's end ends them, the last one first
say("all have ended")

-- Too many restarts in too short a time: it gives up, and its block raises the error.
local ok, err = pcall(function()
  local supervisor <close> = patterns.supervisor {
    max_restarts = 2, within = 10, backoff = 0.1, on_exit = function(name) say(name, "failed") end,
  }
  supervisor:start_child {
    name = "database",
    run = function()
      async.sleep(0.1)
      error(async.ConnectionError("refused"))
    end,
  }
  supervisor:wait()
end)
say(ok, err.child, err.cause)

--[[ prints:
0.2 s:	feed	ConnectionError: reset
0.4 s:	clock	1
0.6 s:	feed	ConnectionError: refused
0.8 s:	clock	2
	feed	running	restarts: 2
	clock	running	restarts: 0
1.0 s:	all have ended
1.1 s:	database	failed
1.3 s:	database	failed
1.5 s:	database	failed
1.5 s:	false	database	ConnectionError: refused
]]
