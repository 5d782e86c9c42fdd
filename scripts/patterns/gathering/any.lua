-- any: the first success wins; failures count only when there is nothing else.
-- Use it for several ways to the same thing: mirrors, addresses of a host, a cache and its
-- origin. The others are cancelled and have ended when it returns. When all fail, one
-- ExceptionGroup tells all.
-- asyncio: none; as_completed, and cancelling the rest by hand. JavaScript: Promise.any.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function mirror(name, seconds, problem)
  return function()
    async.sleep(seconds)
    if problem then error(async.ConnectionError(name .. ": " .. problem)) end
    return "page from " .. name
  end
end

note(async.any(mirror("broken", 0.1, "refused"), mirror("slow", 0.5), mirror("good", 0.3)))

begun = loop:time()
local ok, err = pcall(async.any, mirror("a", 0.2, "refused"), mirror("b", 0.1, "reset"))
note(ok, err)
for i, cause in ipairs(err.exceptions) do note(i, cause) end   -- in the order of the arguments

-- Hedging: ask once more when the first call has not answered after a while. It costs a question in
-- the slow cases, and saves the wait for a server that hangs. neap.patterns has it.
local hedge = require("neap.patterns").hedge
local function ask_slow_first()
  local asked = 0
  return function()
    asked = asked + 1
    local number = asked
    note("  asking server " .. number)
    async.sleep(number == 1 and 9 or 0.1)
    return "page from server " .. number
  end
end
begun = loop:time()
note(hedge(ask_slow_first(), { after = 0.2 }))

--[[ prints:
0.3 s	page from good
0.2 s	false	ExceptionGroup: all 2 failed
0.2 s	1	ConnectionError: a: refused
0.2 s	2	ConnectionError: b: reset
0.0 s	  asking server 1
0.2 s	  asking server 2
0.3 s	page from server 2
]]
