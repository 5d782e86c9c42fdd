-- A resilient agent: a call to a model that may hang, fail or answer nonsense. There is a limit on
-- each attempt and on all of them, retries for what passes, a breaker for what does not, and an
-- answer of its own when nothing helps.
-- Use it around every call that leaves the process. Retries by hand are in retry_backoff.lua.
-- asyncio: the same pieces, from several packages.
local patterns = require "neap.patterns"
local try, except = async.try, async.except
local loop = async.get_running_loop()
local BadAnswer = async.class("BadAnswer")

-- A model of which the script knows what it will do.
local behaviour = { "hangs", "fails", "rambles", "answers" }
local function model(prompt)
  local todo = table.remove(behaviour, 1)
  async.sleep(todo == "hangs" and 60 or 0.1)
  if todo == "fails" then error(async.ConnectionError("connection reset")) end
  return todo == "answers" and "42 is the answer to " .. prompt or "well, let me think"
end

-- An answer that is no use counts as a failure, so that it is asked for again.
local function ask_once(prompt)
  local text = model(prompt)
  if not text:find("^%d+") then error(BadAnswer("no number in " .. ("%q"):format(text))) end
  return text
end

local retrying = {
  attempts = 4,
  delay = 0.1,
  jitter = "none", -- so that the times below are exact; leave it out otherwise
  attempt_timeout = 0.4,
  total_timeout = 2,
  on = { async.ConnectionError, async.TimeoutError, BadAnswer },
  on_retry = function(attempt, err) print(("  attempt %d: %s"):format(attempt, err)) end,
}
local breaker = patterns.circuit_breaker { failures = 2, reset_after = 10, name = "model" }

-- The breaker counts questions that got no answer after all their attempts.
local function agent(prompt)
  local begun = loop:time()
  local answer = try(
    function() return breaker:call(patterns.retry, ask_once, retrying, prompt) end,
    except(patterns.RetryError, function(e) return "I cannot say. (" .. e.cause.message .. ")" end),
    except(patterns.CircuitOpenError, function() return "Not now; ask me later." end)
  )
  print(("%.1f s: %s"):format(loop:time() - begun, answer))
end

agent("everything")
behaviour = { "fails", "fails", "rambles", "fails", "rambles" }
agent("this")
behaviour = { "hangs", "hangs", "hangs", "hangs", "hangs" }
agent("that")
agent("anything") -- by now nobody asks the model any more

--[[ prints:
  attempt 1: TimeoutError: timed out after 0.4 seconds
  attempt 2: ConnectionError: connection reset
  attempt 3: BadAnswer: no number in "well, let me think"
1.4 s: 42 is the answer to everything
  attempt 1: ConnectionError: connection reset
  attempt 2: ConnectionError: connection reset
  attempt 3: BadAnswer: no number in "well, let me think"
1.1 s: I cannot say. (connection reset)
  attempt 1: TimeoutError: timed out after 0.4 seconds
  attempt 2: TimeoutError: timed out after 0.4 seconds
  attempt 3: TimeoutError: timed out after 0.4 seconds
2.0 s: I cannot say. (timed out after 2.0 seconds)
0.0 s: Not now; ask me later.
]]
