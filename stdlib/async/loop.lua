-- The running loop, as scripts see it. One loop runs per thread, so there is one object.
local core, use = ...

local Loop = core.loop_methods
Loop.__name = "Loop"
Loop.__tostring = function() return "<Loop running>" end

-- `slow_callback_duration` is a field that the scheduler knows: the seconds from which on debug mode warns. It
-- is looked for last, so that methods are found in one step.
Loop.__index = setmetatable(Loop, {
  __index = function(_, name)
    if name == "slow_callback_duration" then return core.slow_callback_duration() end
  end,
})
local function set_field(loop, name, value)
  if name == "slow_callback_duration" then return core.set_slow_callback_duration(value) end
  rawset(loop, name, value)
end

Loop.__newindex = set_field

local loop = setmetatable({}, Loop)

function Loop:create_future()
  return core.Future()
end

function Loop:create_task(x, options)
  return use("task").create_task(x, options)
end

-- set_exception_handler(fn): fn(loop, context) is told of errors that nobody can receive; nil restores the
-- default, which prints them.
function Loop:set_exception_handler(fn)
  if fn ~= nil and type(fn) ~= "function" then
    error(core.errors.TypeError(("the exception handler must be a function or nil, got %s")
      :format(core.type_name(fn))), 2)
  end
  local handler = fn and use("context").bind(fn)
  core.set_exception_handler(handler and function(context) handler(self, context) end)
end

-- add_signal_handler(signal, fn, ...): fn(...) is called from the loop when the signal has come; it takes the place of
-- a handler set before.
function Loop:add_signal_handler(signal, fn, ...)
  use("signal/init").add_handler(signal, fn, ...)
end

-- remove_signal_handler(signal): true when there was one; then the signal does what it did before.
function Loop:remove_signal_handler(signal)
  return use("signal/init").remove_handler(signal)
end

-- run_in_executor(executor, fn, ...): a Future of what fn(...) returns in another thread: see ThreadPoolExecutor.
function Loop:run_in_executor(executor, fn, ...)
  return use("thread/init").run_in_executor(executor, fn, ...)
end

-- add_instrument{event = fn, ...}: the functions are told of the scheduler's events: see instrument.lua.
function Loop:add_instrument(instrument)
  use("instrument").add(instrument)
end

-- remove_instrument(instrument): ValueError when the table was not added.
function Loop:remove_instrument(instrument)
  use("instrument").remove(instrument)
end

-- call_exception_handler(context): context = {message=, exception=, task=, future=, handle=}
function Loop:call_exception_handler(context)
  if type(context) ~= "table" then
    error(core.errors.TypeError(("the context must be a table such as {message = \"...\"}, got %s")
      :format(core.type_name(context))), 2)
  end
  core.report(context)
end

return { get_running_loop = function() return loop end, set_field = set_field }
