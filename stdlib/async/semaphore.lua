-- Semaphore and BoundedSemaphore: a number of permits, first come, first served.
--
-- `value` counts the free permits. A permit that is released while tasks wait goes to the first of them directly and
-- is never free in between, so that nobody overtakes it.
local core = ...

local TypeError, ValueError = core.errors.TypeError, core.errors.ValueError

local Semaphore = { __name = "Semaphore" }
Semaphore.__index = Semaphore

-- acquire(): waits for a permit and takes it. Returns the semaphore, which `<close>` releases.
function Semaphore:acquire()
  if self.value > 0 then
    self.value = self.value - 1
  else
    self.waiters:wait()
    if core.cancel_requested() then -- in the turn in which the permit was handed over: the next one gets it
      self:release()
      core.sleep(0)
    end
  end
  return self
end

-- release(): gives a permit back, or to the next task. A BoundedSemaphore with all its permits raises ValueError.
function Semaphore:release()
  if self.value == self.bound then
    error(ValueError(("BoundedSemaphore(%d) released more often than acquired"):format(self.bound)), 2)
  end
  if not self.waiters:wake() then self.value = self.value + 1 end
end

-- locked(): true when acquire() would wait.
function Semaphore:locked()
  return self.value == 0
end

Semaphore.__enter = Semaphore.acquire
Semaphore.__close = Semaphore.release

function Semaphore:__tostring()
  return ("<%s value=%d waiting=%d>"):format(self.bound and "BoundedSemaphore" or "Semaphore", self.value,
    self.waiters:count())
end

local function make(value, name)
  if value == nil then value = 1 end
  if math.type(value) ~= "integer" then
    error(TypeError(("argument 1 of %s must be an integer, got %s"):format(name, core.type_name(value))), 3)
  end
  if value < 0 then error(ValueError(("argument 1 of %s must be 0 or more, got %d"):format(name, value)), 3) end
  local semaphore = setmetatable({ value = value }, Semaphore)
  semaphore.waiters = core.wait_queue("semaphore:acquire", semaphore)
  return semaphore
end

local function new_semaphore(value)
  return (make(value, "Semaphore"))
end

local function new_bounded_semaphore(value)
  local semaphore = make(value, "BoundedSemaphore")
  semaphore.bound = semaphore.value
  return semaphore
end

return { Semaphore = new_semaphore, BoundedSemaphore = new_bounded_semaphore }
