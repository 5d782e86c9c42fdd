-- Swallowing a cancellation: async.catch, or an except clause for CancelledError, that takes the
-- request to end and goes on. The task cannot be cancelled any more, and timeouts around it do not
-- hold.
-- The way out: pcall, which lets it pass; or raise it again after the cleanup.
-- asyncio: a bare `except:` in a loop.
local loop = async.get_running_loop()
local begun = loop:time()
local function say(...) print(("%.2f s:"):format(loop:time() - begun), ...) end

local function poll()
  async.sleep(0.1)
  error("no news", 0)
end

-- The mistake: whatever happens is noted, and the loop goes on; the timeout of 0.25 s asks once, is
-- noted as well, and has to wait for the end of the loop.
local function careless()
  for _ = 1, 6 do
    local ok, err = async.catch(poll)
    say(ok, err)
  end
  return "all six"
end
say(pcall(async.timeout, 0.25, careless))

-- Right: pcall notes the errors, and the timeout ends the loop.
local function careful()
  for _ = 1, 6 do
    local ok, err = pcall(poll)
    say(ok, err)
  end
  return "all six"
end
say(pcall(async.timeout, 0.25, careful))

-- Right: catch sees the request, and hands it on.
local function tidy()
  local ok, err = async.catch(async.sleep, 60)
  if async.is(err, async.CancelledError) then say("tidying up") end
  if not ok then error(err, 0) end
end
say(pcall(async.timeout, 0.25, tidy))

--[[ prints:
0.10 s:	false	no news
0.20 s:	false	no news
0.25 s:	false	CancelledError
0.35 s:	false	no news
0.45 s:	false	no news
0.55 s:	false	no news
0.55 s:	true	all six
0.65 s:	false	no news
0.75 s:	false	no news
0.80 s:	false	TimeoutError: timed out after 0.25 seconds
1.05 s:	tidying up
1.05 s:	false	TimeoutError: timed out after 0.25 seconds
]]
