-- race: the first to end wins, by a result or by an error; the others are cancelled and have ended.
-- Use it for alternatives of which any answer will do, failures included: "whichever comes
-- first, the reply or the order to stop". When an early failure must not win, use async.any.
-- asyncio: none; wait(FIRST_COMPLETED), and cancelling the rest by hand. JavaScript: Promise.race.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function mirror(name, seconds, problem)
  return function()
    local ended <close> = setmetatable({}, { __close = function(_, err)
      if async.is(err, async.CancelledError) then
        async.sleep(0.1)                       -- cleanup may wait; race waits for it
        note("  " .. name .. " was cancelled")
      end
    end })
    async.sleep(seconds)
    if problem then error(async.ConnectionError(problem)) end
    return "page from " .. name, seconds
  end
end

note(async.race(mirror("near", 0.2), mirror("far", 0.5)))

-- The first that ends may have failed.
begun = loop:time()
note(pcall(async.race, mirror("broken", 0.1, "refused"), mirror("good", 0.2)))

-- Work against an order to stop.
begun = loop:time()
local stop = async.Event()
loop:call_later(0.3, stop.set, stop)
local outcome = async.race {
  function() async.sleep(60) return "finished" end,
  function() stop:wait() return "stopped" end,
}
note(outcome)

--[[ prints:
0.3 s	  far was cancelled
0.3 s	page from near	0.2
0.2 s	  good was cancelled
0.2 s	false	ConnectionError: refused
0.3 s	stopped
]]
