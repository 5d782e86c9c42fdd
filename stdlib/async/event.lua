-- Event: a flag that tasks wait for.
local core = ...

local Event = { __name = "Event" }
Event.__index = Event

-- set(): wakes every task that waits; those that come later do not wait, until clear().
function Event:set()
  if self.flag then return end
  self.flag = true
  local waiters = self.waiters
  while waiters:wake() do end
end

-- clear(): from now on wait() waits again.
function Event:clear()
  self.flag = false
end

function Event:is_set()
  return self.flag
end

-- wait(): waits until the event is set; returns true. A task that set() has woken goes on even when clear() comes
-- before it runs.
function Event:wait()
  if not self.flag then self.waiters:wait() end
  return true
end

function Event:__tostring()
  return ("<Event %s waiting=%d>"):format(self.flag and "set" or "unset", self.waiters:count())
end

return {
  Event = function()
    local event = setmetatable({ flag = false }, Event)
    event.waiters = core.wait_queue("event:wait", event)
    return event
  end,
}
