-- pcall does not catch a cancellation, and async.catch does. So a loop around pcall, which keeps a
-- worker alive whatever its jobs do, can be cancelled all the same.
-- Use async.catch only where the request itself is of interest, and raise it again: who swallows it
-- must mean it (see mistakes/swallowed_cancel.lua).
-- asyncio: `except Exception` does not catch CancelledError, `except BaseException` does.
local loop = async.get_running_loop()
local begun = loop:time()
local function say(...) print(("%.1f s:"):format(loop:time() - begun), ...) end

-- The usual case: pcall. Errors are logged, the loop goes on; cancel ends it.
local worker = async.spawn(function()
  for job = 1, math.huge do
    local ok, err = pcall(function()
      async.sleep(0.2)
      if job % 2 == 0 then error("job " .. job .. " is broken", 0) end
    end)
    say(ok, err)
  end
end)
async.sleep(0.7)
worker:cancel()
async.wait { worker }
say("worker ended:", worker:cancelled())

-- catch sees everything. Here the request is noted, and goes on.
local noted = async.spawn(function()
  local ok, err = async.catch(async.sleep, 60)
  say("in catch:", ok, err)
  if not ok then error(err, 0) end
end)
async.sleep(0.2)
noted:cancel("shutting down")
async.wait { noted }
say("still a cancellation:", noted:cancelled())

-- The same as a clause of try: named, except takes CancelledError as well.
local clause = async.spawn(async.try,
  function() async.sleep(60) end,
  async.except(async.CancelledError, function(e)
    say("in except:", e.message)
    error(e, 0)
  end)
)
async.sleep(0.2)
clause:cancel("not needed")
async.wait { clause }

-- To refuse a request for good: catch it, and take it back with uncancel, so that timeouts and
-- groups further out do not count it as theirs.
local stubborn = async.spawn(function()
  async.catch(async.sleep, 60)
  async.current_task():uncancel()
  return "finished anyway"
end)
async.sleep(0.2)
stubborn:cancel()
say(await(stubborn))

--[[ prints:
0.2 s:	true	nil
0.4 s:	false	job 2 is broken
0.6 s:	true	nil
0.7 s:	worker ended:	true
0.9 s:	in catch:	false	CancelledError: shutting down
0.9 s:	still a cancellation:	true
1.1 s:	in except:	not needed
1.3 s:	finished anyway
]]
