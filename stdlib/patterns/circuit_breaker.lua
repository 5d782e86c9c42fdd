-- circuit_breaker: stops calling what fails, and tries it again after a time.
--
--   closed ──failures──> open ──reset_after──> half_open ──all trials succeed──> closed
--                          ^                       │
--                          └─────one fails─────────┘
--
-- A call counts for the state in which it began: `generation` is another number after each change.
-- That an open breaker becomes half open is noticed by the next call, or whoever asks for the
-- state.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments = use("arguments")
local checked = use("async/checked").checked
local call = use("call")
local kinds, is_meant, duration = arguments.kinds, arguments.is_meant, arguments.duration
local is, trap = native.is, native.trap

local CircuitOpenError = async.class("CircuitOpenError", async.Error)

local CircuitBreaker = { __name = "CircuitBreaker" }
CircuitBreaker.__index = CircuitBreaker

local function now()
  return async.get_running_loop():time()
end

-- Goes into a state. The hook is called from the loop, so that it cannot disturb the call. What may
-- fail for want of memory comes first: a breaker is never in half a state.
local function change(breaker, state)
  local old, times = breaker.current, {}
  if state == "open" then breaker.until_when = now() + breaker.options.reset_after end
  breaker.current = state
  breaker.generation = breaker.generation + 1
  breaker.times, breaker.first, breaker.last = times, 1, 0
  breaker.trials, breaker.passed = 0, 0
  if state == "closed" then breaker.last_error = nil end
  local hook = breaker.options.on_change
  if hook and old ~= state then
    local loop = async.get_running_loop()
    loop:call_soon(hook, state, old, breaker)
  end
end

-- The state as it is now.
local function refresh(breaker)
  if breaker.current == "open" and now() >= breaker.until_when then change(breaker, "half_open") end
  return breaker.current
end

-- Failures that count: those of the last `window` seconds, or without one those since the last
-- success.
local function count(breaker)
  local times, window = breaker.times, breaker.options.window
  if window then
    local oldest = now() - window
    while breaker.first <= breaker.last and times[breaker.first] <= oldest do
      times[breaker.first] = nil
      breaker.first = breaker.first + 1
    end
  end
  return breaker.last - breaker.first + 1
end

local function note_success(breaker)
  if breaker.current == "half_open" then
    breaker.passed = breaker.passed + 1
    if breaker.passed >= breaker.options.half_open then change(breaker, "closed") end
  elseif not breaker.options.window then
    breaker.times, breaker.first, breaker.last = {}, 1, 0
  end
end

local function note_failure(breaker, err)
  breaker.last_error = { err }
  if breaker.current == "half_open" then return change(breaker, "open") end
  breaker.times[breaker.last + 1] = now()
  breaker.last = breaker.last + 1
  if count(breaker) >= breaker.options.failures then change(breaker, "open") end
end

-- Notes how a call ended that began in the generation. One that was cancelled says nothing.
local function note(breaker, generation, ok, err)
  if breaker.generation ~= generation then return end
  if breaker.current == "half_open" then breaker.trials = breaker.trials - 1 end
  if ok then return note_success(breaker) end
  if is(err, async.CancelledError) then return end
  if is_meant(breaker.options.on, err) then return note_failure(breaker, err) end
  note_success(breaker) -- it has answered
end

-- The name for messages, behind a word.
local function name_of(breaker)
  return breaker.options.name and (" '%s'"):format(breaker.options.name) or ""
end

local function refusal(breaker)
  local left = breaker.current == "open" and math.max(0, breaker.until_when - now()) or 0
  local cause = breaker.last_error and breaker.last_error[1]
  local name = name_of(breaker)
  local message
  if breaker.current == "open" then
    message = ("the circuit%s is open; the next try is in %s"):format(name, duration(left))
  else
    message = ("the circuit%s is half open, and being tried"):format(name)
  end
  if cause ~= nil then message = ("%s (it failed by %s)"):format(message, tostring(cause)) end
  return CircuitOpenError(message, { retry_after = left, breaker = breaker, cause = cause })
end

local function finish(breaker, generation, ok, ...)
  note(breaker, generation, ok, (...))
  if ok then return ... end
  error((...), 0)
end

local function invoke(breaker, fn, ...)
  if breaker.options.timeout then return async.timeout(breaker.options.timeout, call, fn, ...) end
  return call(fn, ...)
end

local function lets_through(breaker)
  local state = refresh(breaker)
  if state == "half_open" then
    return breaker.trials + breaker.passed < breaker.options.half_open
  end
  return state == "closed"
end

-- Tail calls lead here, so level 2 is the script.
local function guarded(breaker, fn, ...)
  if not lets_through(breaker) then error(refusal(breaker), 2) end
  if breaker.current == "half_open" then breaker.trials = breaker.trials + 1 end
  return finish(breaker, breaker.generation, trap(invoke, breaker, fn, ...))
end

-- call(fn, ...): the results of fn(...), or CircuitOpenError without calling it.
function CircuitBreaker:call(fn, ...)
  arguments.check(fn, kinds.callable, "argument 1 of CircuitBreaker:call", 2)
  return guarded(self, fn, ...)
end

-- wrap(fn): a function that does so.
function CircuitBreaker:wrap(fn)
  arguments.check(fn, kinds.callable, "argument 1 of CircuitBreaker:wrap", 2)
  return function(...) return guarded(self, fn, ...) end
end

-- state(): "closed", "open" or "half_open".
function CircuitBreaker:state()
  return refresh(self)
end

-- failure_count(): how many failures count towards opening.
function CircuitBreaker:failure_count()
  return count(self)
end

-- trip(): opens it, for reset_after seconds from now. reset(): closes it.
function CircuitBreaker:trip()
  change(self, "open")
end

function CircuitBreaker:reset()
  change(self, "closed")
end

checked(CircuitBreaker, CircuitBreaker)

function CircuitBreaker:__tostring()
  local state, more = refresh(self), ""
  if state == "closed" then
    more = (" failures=%d/%d"):format(count(self), self.options.failures)
  elseif state == "open" then
    more = " for " .. duration(self.until_when - now())
  else
    more = (" trials=%d/%d"):format(self.passed, self.options.half_open)
  end
  return ("<CircuitBreaker%s %s%s>"):format(name_of(self), state, more)
end

local spec = {
  failures = { kinds.count { from = 1 }, 5 },
  window = { kinds.seconds { above = 0 } },
  reset_after = { kinds.seconds { from = 0 }, 30 },
  half_open = { kinds.count { from = 1 }, 1 },
  timeout = { kinds.seconds { above = 0 } },
  on = { kinds.errors },
  on_change = { kinds.callable },
  name = { kinds.text },
}

-- circuit_breaker{failures=5, window=, reset_after=30, half_open=1, timeout=, on=, on_change=,
-- name=}
local function circuit_breaker(options)
  local read = arguments.options(options, spec, "circuit_breaker", 2)
  return setmetatable({ options = read, current = "closed", generation = 1, times = {}, first = 1,
    last = 0, trials = 0, passed = 0 }, CircuitBreaker)
end

return { circuit_breaker = circuit_breaker, CircuitOpenError = CircuitOpenError }
