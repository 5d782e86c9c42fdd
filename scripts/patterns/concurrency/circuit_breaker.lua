-- A circuit breaker: after some failures in a row nobody asks any more for a while, so that callers
-- fail at once and the service can recover. Then one call tries whether it is back.
-- Use it around a service that many tasks call. This is the whole idea;
-- neap.patterns.circuit_breaker has it ready.
-- asyncio: by hand as well.
local loop = async.get_running_loop()
local begun = loop:time()
local CircuitOpen = async.class("CircuitOpen")

-- Three states: closed (calls pass), open (they fail at once), half open (one call is the test).
local function circuit_breaker(fn, options)
  local failures, open_till, testing = 0, nil, false
  return function(...)
    if open_till then
      if testing or loop:time() < open_till then error(CircuitOpen("not asked")) end
      testing = true
    end
    -- The end of a test, by a cancellation too, which passes pcall and is no failure of the
    -- service.
    local _ <close> = testing and setmetatable({}, { __close = function() testing = false end })
    local results = table.pack(pcall(fn, ...))
    if results[1] then
      failures, open_till = 0, nil
      return table.unpack(results, 2, results.n)
    end
    failures = failures + 1
    if failures >= options.failures then open_till = loop:time() + options.recovery end
    error(results[2], 0)
  end
end

local up, asked = false, 0
local function service()
  asked = asked + 1
  async.sleep(0.1)
  if not up then error(async.ConnectionError("the service is down")) end
  return "an answer"
end

local call = circuit_breaker(service, { failures = 2, recovery = 1 })
local function try_it()
  local _, result = pcall(call)
  print(("%4.1f s: %s (asked %d times)"):format(loop:time() - begun, result, asked))
end

for _ = 1, 4 do try_it() end -- two failures open it; then nobody is asked
async.sleep(1)
try_it() -- the test fails: open again
up = true
try_it()
async.sleep(1)
async.gather(try_it, try_it) -- one of them is the test; the other one fails at once
try_it() -- closed

-- Ready-made, with a time limit for each call, and a window in which failures are counted.
local patterns = require "neap.patterns"
up = false
local breaker = patterns.circuit_breaker { failures = 2, reset_after = 1, name = "service" }
for _ = 1, 3 do print(select(2, pcall(breaker.call, breaker, service))) end
up = true
async.sleep(1)
print(breaker:call(service), breaker:state())

--[[ prints:
 0.1 s: ConnectionError: the service is down (asked 1 times)
 0.2 s: ConnectionError: the service is down (asked 2 times)
 0.2 s: CircuitOpen: not asked (asked 2 times)
 0.2 s: CircuitOpen: not asked (asked 2 times)
 1.3 s: ConnectionError: the service is down (asked 3 times)
 1.3 s: CircuitOpen: not asked (asked 3 times)
 2.3 s: CircuitOpen: not asked (asked 4 times)
 2.4 s: an answer (asked 4 times)
 2.5 s: an answer (asked 5 times)
ConnectionError: the service is down
ConnectionError: the service is down
CircuitOpenError: the circuit 'service' is open; the next try is in 1 second (it failed by ConnectionError: the service is down)
an answer	closed
]]
