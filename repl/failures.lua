-- Tasks that failed while nobody looked are reported while the user types, and not only when the garbage collector comes
-- by, which at a prompt may be never.
local core, use = ...

local async = require "async"
local native = use("async/native")

local INTERVAL = 0.25      -- seconds
local MOST_TO_COLLECT = 64 -- MiB: a larger heap is left to its own collector, a full collection would stop everything

local Watch = {}
Watch.__index = Watch

function Watch:look()
  local failures = native.failures()
  if failures ~= self.session.failures_seen and collectgarbage("count") < MOST_TO_COLLECT * 1024 then
    self.session.failures_seen = failures
    collectgarbage()
  end
  self.handle = async.get_running_loop():call_later(INTERVAL, self.look, self)
end

function Watch:stop()
  self.handle:cancel()
end

Watch.__close = Watch.stop

-- Looks until it is stopped.
local function watch(session)
  local self = setmetatable({ session = session }, Watch)
  self:look()
  return self
end

return { watch = watch }
