-- debounce: a call when there have been no more for a time.
local _, use = ...

local arguments, delayed = use("arguments"), use("delayed")
local async = use("async/init")
local kinds = arguments.kinds
local now, SLACK = delayed.now, delayed.SLACK

-- `called` is when it was called last, `since` since when a call is put off.
local Debounced = delayed.make_class("Debounced", {
  run = function(self) self.since = nil end,
  cancel = function(self) self.called, self.since = nil, nil end,
})

function Debounced:__call(...)
  local time, options = now(), self.options
  local quiet = not self.values and (not self.called or time - self.called >= self.seconds - SLACK)
  self.called = time
  if quiet and options.leading then
    self.values = table.pack(...)
    delayed.run(self)
    return
  end
  if not options.trailing then return end
  self.values = table.pack(...)
  self.since = self.since or time
  delayed.arm(self, math.min(time + self.seconds, self.since + options.max_wait))
end

local spec = {
  leading = { kinds.flag, false },
  trailing = { kinds.flag, true },
  max_wait = { kinds.seconds { above = 0, forever = true }, math.huge },
}

-- debounce(fn, seconds, {leading=false, trailing=true, max_wait=})
local function debounce(fn, seconds, options)
  arguments.check(fn, kinds.callable, "argument 1 of debounce", 2)
  arguments.check(seconds, kinds.seconds { above = 0 }, "argument 2 of debounce", 2)
  local read = arguments.options(options, spec, "debounce", 2)
  if not (read.leading or read.trailing) then
    error(async.ValueError("debounce with neither leading nor trailing would never call"), 2)
  end
  if read.max_wait < seconds then
    error(async.ValueError(("the option 'max_wait' of debounce must not be below its %s seconds,"
      .. " got %s"):format(seconds, read.max_wait)), 2)
  end
  return setmetatable({ fn = fn, seconds = seconds, options = read }, Debounced)
end

return { debounce = debounce }
