-- throttle: no more than one call in any so many seconds.
local _, use = ...

local arguments, delayed = use("arguments"), use("delayed")
local async = use("async/init")
local kinds = arguments.kinds
local now, SLACK = delayed.now, delayed.SLACK

-- `free` is when the next call may be made.
local Throttled = delayed.make_class("Throttled", {
  run = function(self, time) self.free = time + self.seconds end,
  cancel = function(self) self.free = nil end,
})

function Throttled:__call(...)
  local time, options = now(), self.options
  if not self.values and (not self.free or time >= self.free - SLACK) then
    self.values = table.pack(...)
    if options.leading then
      delayed.run(self)
    else
      delayed.arm(self, time + self.seconds)
    end
  elseif options.trailing then
    local armed = self.values ~= nil
    self.values = table.pack(...)
    if not armed then delayed.arm(self, self.free) end
  end
end

local spec = {
  leading = { kinds.flag, true },
  trailing = { kinds.flag, true },
}

-- throttle(fn, seconds, {leading=true, trailing=true})
local function throttle(fn, seconds, options)
  arguments.check(fn, kinds.callable, "argument 1 of throttle", 2)
  arguments.check(seconds, kinds.seconds { above = 0 }, "argument 2 of throttle", 2)
  local read = arguments.options(options, spec, "throttle", 2)
  if not (read.leading or read.trailing) then
    error(async.ValueError("throttle with neither leading nor trailing would never call"), 2)
  end
  return setmetatable({ fn = fn, seconds = seconds, options = read }, Throttled)
end

return { throttle = throttle }
