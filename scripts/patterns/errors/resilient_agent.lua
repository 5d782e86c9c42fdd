-- A resilient agent: a call to a model that may hang, fail or answer nonsense, with a limit on each
-- attempt, a limit on all of them, retries for what passes, and an answer of its own when nothing
-- helps.
-- Use it around every call that leaves the process. The pieces are in timeouts/,
-- errors/retry_backoff.lua and neap.patterns.
-- asyncio: the same pieces by the same names.
local BadAnswer = async.class("BadAnswer")

-- A model of which the script knows what it will do: hang, fail, answer badly, answer.
local behaviour = { "hangs", "fails", "rambles", "answers" }
local function model(prompt)
  local todo = table.remove(behaviour, 1)
  async.sleep(todo == "hangs" and 60 or 0.1)
  if todo == "fails" then error(async.ConnectionError("connection reset")) end
  return todo == "answers" and "42 is the answer to " .. prompt or "well, let me think"
end

local function attempt(prompt)
  local text = async.timeout(0.4, model, prompt) -- a limit for each attempt
  if not text:find("^%d+") then error(BadAnswer("no number in " .. ("%q"):format(text))) end
  return text
end

local retried = { async.TimeoutError, async.ConnectionError, BadAnswer }
local function is_retried(err)
  for _, class in ipairs(retried) do
    if async.is(err, class) then return true end
  end
  return false
end

local function ask(prompt)
  local delay = 0.2
  while true do
    local ok, result = pcall(attempt, prompt)
    if ok then return result end
    if not is_retried(result) then error(result, 0) end
    print("  " .. tostring(result))
    async.sleep(delay)
    delay = delay * 2
  end
end

-- The limit on all attempts is around the loop: it ends attempts and pauses alike.
local function agent(prompt, seconds)
  local begun = async.get_running_loop():time()
  local in_time, answer = async.move_on_after(seconds, ask, prompt)
  local took = async.get_running_loop():time() - begun
  print(("%.1f s: %s"):format(took, in_time and answer or "I cannot say; ask me later"))
end

agent("everything", 6)
behaviour = { "fails", "hangs", "hangs", "hangs" }
agent("everything", 1)

--[[ prints:
  TimeoutError: timed out after 0.4 seconds
  ConnectionError: connection reset
  BadAnswer: no number in "well, let me think"
2.1 s: 42 is the answer to everything
  ConnectionError: connection reset
  TimeoutError: timed out after 0.4 seconds
1.0 s: I cannot say; ask me later
]]
