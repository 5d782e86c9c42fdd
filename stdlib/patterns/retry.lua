-- retry: calls a function again until it succeeds.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments, backoff = use("arguments"), use("backoff")
local checked = use("async/checked").checked
local call = use("call")
local is, trap, caught = native.is, native.trap, native.caught
local kinds, is_meant, duration = arguments.kinds, arguments.is_meant, arguments.duration
local TimeoutError = async.TimeoutError

local RetryError = async.class("RetryError", async.Error)

local spec = {
  attempts = { kinds.count { from = 1, forever = true }, 3 },
  on = { kinds.errors },
  on_retry = { kinds.callable },
  attempt_timeout = { kinds.seconds { above = 0, forever = true } },
  total_timeout = { kinds.seconds { above = 0, forever = true } },
}
for name, entry in pairs(backoff.spec) do spec[name] = entry end

local RetryPolicy = { __name = "RetryPolicy" }
RetryPolicy.__index = RetryPolicy

local function now()
  return async.get_running_loop():time()
end

-- One attempt. True and its results; or false, the error, and whether the attempt's own time was
-- over.

local function run_in(scope, fn, ...)
  local inner <close> = scope
  return call(fn, ...)
end

local function outcome(scope, ok, ...)
  if ok then return true, ... end
  local err = ...
  return false, err, scope ~= nil and scope:expired() and is(err, TimeoutError)
end

local function attempt(policy, fn, ...)
  if not policy.attempt_timeout then return outcome(nil, trap(call, fn, ...)) end
  local scope = async.timeout(policy.attempt_timeout)
  return outcome(scope, trap(run_in, scope, fn, ...))
end

-- A whole call: {policy=, fn=, arguments=, started=, attempts=, previous=, began=}; `began` is when
-- the attempt that runs did, `previous` the delay before it.

local function give_up(run, why)
  local count = #run.attempts
  local cause = run.attempts[count].error
  local message = ("gave up after %d attempt%s in %s%s: %s"):format(count, count == 1 and "" or "s",
    duration(now() - run.started), why, tostring(cause))
  return RetryError(message, { attempts = run.attempts, cause = cause })
end

local function note(run, err)
  run.attempts[#run.attempts + 1] = { error = err, seconds = now() - run.began }
  run.began = nil
end

-- Notes the failed attempt. Returns how long to wait before the next one, or nil and the error that
-- ends the call.
local function consider(run, err, overdue)
  local policy = run.policy
  if not overdue and not is_meant(policy.on, err) then return nil, err end
  caught()
  note(run, err)
  local number = #run.attempts
  if number >= policy.attempts then return nil, give_up(run, "") end
  local delay = backoff.delay(policy, number, run.previous, err)
  run.previous = delay
  if policy.total_timeout and now() + delay >= run.started + policy.total_timeout then
    return nil, give_up(run, ", with a total_timeout of " .. duration(policy.total_timeout))
  end
  run.attempts[number].delay = delay
  return delay
end

local try

local function settle(run, ok, ...)
  if ok then return ... end
  local err, overdue = ...
  local delay, final = consider(run, err, overdue)
  if delay == nil then error(final, 0) end
  if run.policy.on_retry then run.policy.on_retry(#run.attempts, err, delay) end
  async.sleep(delay)
  return try(run)
end

function try(run)
  run.began = now()
  return settle(run, attempt(run.policy, run.fn, table.unpack(run.arguments, 1, run.arguments.n)))
end

local function try_within(scope, run)
  local inner <close> = scope
  return try(run)
end

-- The results of the call. Errors of ours are raised at the place where the script called: what
-- stands between are tail calls.
local function answer(run, scope, ok, ...)
  if ok then return ... end
  local err = ...
  if scope and scope:expired() and is(err, TimeoutError) then
    caught()
    if run.began then note(run, err) end
    local limit = duration(run.policy.total_timeout)
    err = give_up(run, (", its total_timeout of %s being over"):format(limit))
  end
  local is_ours = getmetatable(err) == RetryError and rawequal(err.attempts, run.attempts)
  error(err, is_ours and 2 or 0)
end

local function run_policy(policy, fn, ...)
  local run = { policy = policy, fn = fn, arguments = table.pack(...), started = now(),
    attempts = {} }
  if not policy.total_timeout then return answer(run, nil, trap(try, run)) end
  local scope = async.timeout(policy.total_timeout)
  return answer(run, scope, trap(try_within, scope, run))
end

-- call(fn, ...): the results of fn(...), which is called again as long as the policy says so.
function RetryPolicy:call(fn, ...)
  arguments.check(fn, kinds.callable, "argument 1 of RetryPolicy:call", 2)
  return run_policy(self.policy, fn, ...)
end

-- wrap(fn): a function that does so.
function RetryPolicy:wrap(fn)
  arguments.check(fn, kinds.callable, "argument 1 of RetryPolicy:wrap", 2)
  local policy = self.policy
  return function(...) return run_policy(policy, fn, ...) end
end

checked(RetryPolicy, RetryPolicy)

function RetryPolicy:__tostring()
  local policy = self.policy
  local delay = type(policy.delay) == "number" and duration(policy.delay) or "as a function says"
  return ("<RetryPolicy attempts=%s delay=%s factor=%s jitter=%s>"):format(policy.attempts, delay,
    policy.factor, policy.jitter)
end

local function new_policy(options, what, level)
  return setmetatable({ policy = arguments.options(options, spec, what, level + 1) }, RetryPolicy)
end

-- retry_policy(options): the options of retry, to be used again and again.
local function retry_policy(options)
  local policy = new_policy(options, "retry_policy", 2)
  return policy
end

-- retry(fn, options, ...): the results of fn(...), which is called again while it fails. `options`
-- may be a RetryPolicy.
local function retry(fn, options, ...)
  arguments.check(fn, kinds.callable, "argument 1 of retry", 2)
  if getmetatable(options) ~= RetryPolicy then options = new_policy(options, "retry", 2) end
  return run_policy(options.policy, fn, ...)
end

return { retry = retry, retry_policy = retry_policy, RetryError = RetryError }
