-- Tasks that failed while nobody waited for them are reported while the user types. Elsewhere that is done when they
-- are collected, or when the program ends: at a prompt, where `_` holds the task, that would be never.
local core, use = ...

local async = require "async"
local native = use("async/native")

local INTERVAL = 0.25 -- seconds

local Watch = {}
Watch.__index = Watch

function Watch:look()
  local session, failures = self.session, native.failures()
  if failures ~= session.failures_seen then
    native.report_unretrieved(session.failures_seen)
    session.failures_seen = failures
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
