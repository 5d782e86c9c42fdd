-- timeout, timeout_at, wait_for, move_on_after.
local core, use = ...

local new_timeout, new_timeout_at = core.timeout, core.timeout_at
local is, trap = core.is, core.trap
local TimeoutError, TypeError = core.errors.TimeoutError, core.errors.TypeError
local check_function = use("source").check_function
local type = type

local function run_in(scope, fn, ...)
  local inner <close> = scope
  return fn(...)
end

-- timeout(seconds): a scope; timeout(seconds, fn, ...): what fn(...) returns, or TimeoutError. (It is called around
-- every request of many programs: hence no run_in, and no call of check_function where it would find nothing.)
local function timeout(seconds, fn, ...)
  if type(fn) ~= "function" then
    if fn == nil then return new_timeout(seconds) end
    check_function(fn, "argument 2 of timeout")
  end
  local scope <close> = new_timeout(seconds)
  return fn(...)
end

-- timeout_at(when): the same with a time of loop:time().
local function timeout_at(when, fn, ...)
  if fn == nil then return new_timeout_at(when) end
  check_function(fn, "argument 2 of timeout_at")
  return run_in(new_timeout_at(when), fn, ...)
end

-- wait_for(x, seconds, ...): what x gives; TimeoutError after x was cancelled and has ended. A function gets
-- the further arguments.
local function wait_for(x, seconds, ...)
  local kind = core.kind(x)
  if kind == nil then
    error(TypeError(("argument 1 of wait_for is %s; pass a function, a Coroutine, a Task or a Future"):format(
      x == nil and "nil, the result of a call that already ran" or "a " .. core.type_name(x))), 2)
  end
  if kind == "function" then return run_in(new_timeout(seconds), x, ...) end
  return run_in(new_timeout(seconds), core.await, x)
end

local function answer(scope, ok, ...)
  if ok then return true, ... end
  local err = ...
  if scope:expired() and is(err, TimeoutError) then return false end
  error(err, 0)
end

-- move_on_after(seconds, fn, ...): true and what fn(...) returns, or false when the time is over.
local function move_on_after(seconds, fn, ...)
  check_function(fn, "argument 2 of move_on_after")
  local scope = new_timeout(seconds)
  return answer(scope, trap(run_in, scope, fn, ...))
end

-- The time of loop:time() `seconds` from now, infinite for nil.
local function deadline(seconds)
  local scope <close> = new_timeout(seconds)
  return scope:when()
end

return {
  timeout = timeout,
  timeout_at = timeout_at,
  wait_for = wait_for,
  move_on_after = move_on_after,
  deadline = deadline,
}
