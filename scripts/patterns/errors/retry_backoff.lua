-- Retrying with backoff: wait after a failure, longer each time, and not quite as long as the
-- others do.
-- Use it for what fails for a while and may be called twice: reads, idempotent writes. Not for
-- errors that come again (a wrong argument): let those pass at once. This is the whole pattern;
-- neap.patterns.retry has it ready.
-- asyncio: by hand as well, or a package such as tenacity.
local loop = async.get_running_loop()

-- Calls fn(...) up to `attempts` times. Only ConnectionErrors and TimeoutErrors are tried again.
local function retry(attempts, first_delay, fn, ...)
  local delay = first_delay
  for attempt = 1, attempts do
    -- pcall lets a cancellation pass: a retry can always be cancelled
    local results = table.pack(pcall(fn, ...))
    if results[1] then return table.unpack(results, 2, results.n) end
    local err = results[2]
    local temporary = async.is(err, async.ConnectionError) or async.is(err, async.TimeoutError)
    if not temporary or attempt == attempts then error(err, 0) end
    -- Jitter: many clients that failed together do not come back together.
    local jitter = 0.5 + math.random() / 2
    print(("attempt %d: %s; again after less than %g s"):format(attempt, err.message, delay))
    async.sleep(delay * jitter)
    delay = math.min(delay * 2, 5)
  end
end

local failures_left = 3
local function fetch(url)
  async.sleep(0.05)
  if url == "" then error(async.ValueError("no URL")) end
  if failures_left > 0 then
    failures_left = failures_left - 1
    error(async.ConnectionError("connection refused"))
  end
  return "page of " .. url
end

local begun = loop:time()
print(retry(5, 0.2, fetch, "example"))
print("in less than 2 s:", loop:time() - begun < 2)

failures_left = 9
print(pcall(retry, 2, 0.2, fetch, "example")) -- the last error is the caller's
print(pcall(retry, 5, 0.2, fetch, "")) -- no attempt can make that one better

-- Ready-made, with limits on the time as well. Its error has that of each attempt.
local patterns = require "neap.patterns"
local options = { attempts = 3, delay = 0.1, on = { async.ConnectionError, async.TimeoutError } }
failures_left = 2
print(patterns.retry(fetch, options, "example"))
failures_left = 9
local ok, err = pcall(patterns.retry, fetch, options, "example")
print(ok, async.is(err, patterns.RetryError), #err.attempts, err.cause)

--[[ prints:
attempt 1: connection refused; again after less than 0.2 s
attempt 2: connection refused; again after less than 0.4 s
attempt 3: connection refused; again after less than 0.8 s
page of example
in less than 2 s:	true
attempt 1: connection refused; again after less than 0.2 s
false	ConnectionError: connection refused
false	ValueError: no URL
page of example
false	true	3	ConnectionError: connection refused
]]
