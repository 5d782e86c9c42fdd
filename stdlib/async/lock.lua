-- Lock: one holder at a time, first come, first served.
--
-- A release hands the lock to the task that waits longest, before that task runs again: nobody overtakes it.
local core = ...

local RuntimeError = core.errors.RuntimeError

local Lock = { __name = "Lock" }
Lock.__index = Lock

-- acquire(): waits until the lock is free and takes it. Returns the lock, which `<close>` releases.
function Lock:acquire()
  if self.held then
    self.waiters:wait()
    if core.cancel_requested() then -- in the turn in which the lock was handed over: the next one gets it
      self:release()
      core.sleep(0)
    end
  else
    self.held = true
  end
  return self
end

-- release(): hands the lock to the next task, or frees it. RuntimeError when it is not held. Any task may do so.
function Lock:release()
  if not self.held then error(RuntimeError("the Lock is not acquired"), 2) end
  self.held = self.waiters:wake()
end

-- locked(): true while somebody holds it.
function Lock:locked()
  return self.held
end

Lock.__enter = Lock.acquire
Lock.__close = Lock.release

function Lock:__tostring()
  return ("<Lock %s waiting=%d>"):format(self.held and "locked" or "unlocked", self.waiters:count())
end

return {
  Lock = function()
    local lock = setmetatable({ held = false }, Lock)
    lock.waiters = core.wait_queue("lock:acquire", lock)
    return lock
  end,
  class = Lock,
}
