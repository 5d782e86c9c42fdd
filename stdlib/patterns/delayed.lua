-- What debounce and throttle share: a call that is put off, the latest one, and a timer.
--
-- The call runs in a task of its own, and its errors go where a task's go. Nothing here waits, so
-- that it may be called by callbacks of the loop too.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments = use("arguments")
local checked = use("async/checked").checked
local call = use("call")
local duration = arguments.duration

local SLACK = 1e-9 -- seconds: clocks are no finer

local function now()
  return async.get_running_loop():time()
end

-- Starts the call, which is put off no longer.
local function run(self)
  local values = self.values
  self.values = nil
  if self.timer then self.timer:cancel() end
  self.timer = nil
  getmetatable(self).hooks.run(self, now())
  return native.spawn(call, self.fn, table.unpack(values, 1, values.n))
end

local function fire(self)
  self.timer = nil
  if self.values then run(self) end
end

-- Lets the timer come at that time, and not at another.
local function arm(self, when)
  if self.timer then self.timer:cancel() end
  self.timer = async.get_running_loop():call_at(when, fire, self)
end

-- make_class(name, hooks): a class of functions that put their calls off. hooks.run(self, time) is
-- called when a call starts, hooks.cancel(self) when everything is forgotten.
local function make_class(name, hooks)
  local class = { __name = name, hooks = hooks }
  class.__index = class

  -- flush(): starts the call that is put off now. Its task, nil when there is none.
  function class:flush()
    if self.values then return run(self) end
  end

  -- cancel(): forgets it, and what was before. True when there was one.
  function class:cancel()
    local had = self.values ~= nil
    self.values = nil
    if self.timer then self.timer:cancel() end
    self.timer = nil
    hooks.cancel(self)
    return had
  end

  -- pending(): whether a call is put off.
  function class:pending()
    return self.values ~= nil
  end

  checked(class, class)

  function class:__tostring()
    local state = "idle"
    if self.values then state = "call in " .. duration(math.max(0, self.timer:when() - now())) end
    return ("<%s %s %s>"):format(name, duration(self.seconds), state)
  end

  return class
end

return { make_class = make_class, run = run, arm = arm, now = now, SLACK = SLACK }
