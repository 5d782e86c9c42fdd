-- Condition: waiting, under a lock, for something that another task changes under the same lock.
--
-- wait() has the lock again whenever it ends, also by a cancellation: it takes the lock back first, whatever else
-- comes meanwhile, and raises then.
local core, use = ...

local Lock = use("lock")
local CancelledError = core.errors.CancelledError
local errors = core.errors
local NO_MEMORY = "not enough memory" -- what Lua raises

local Condition = { __name = "Condition" }
Condition.__index = Condition

function Condition:acquire()
  self.lock:acquire()
  return self
end

function Condition:release()
  if not self.lock:locked() then error(errors.RuntimeError("the Condition's lock is not acquired"), 2) end
  self.lock:release()
end

function Condition:locked()
  return self.lock:locked()
end

-- Acquires the lock even while the task is being cancelled, and without memory. Returns the error
-- that came meanwhile.
local function reacquire(lock)
  local problem
  while true do
    local ok, err = core.trap(lock.acquire, lock)
    if ok then return problem end
    core.essential(true) -- as in wait
    local again = core.is(err, CancelledError) or (err == NO_MEMORY and problem ~= err)
    if not again then error(err, 0) end
    problem = err
  end
end

-- wait(): releases the lock, waits for a notify, and acquires the lock again. Returns true.
function Condition:wait()
  local lock = self.lock
  if not lock:locked() then error(errors.RuntimeError("cannot wait on a Condition whose lock is not acquired"), 2) end
  self.waiters:check()
  local before = core.essential(true) -- or the lock would be given up and not had again
  lock:release()
  local ok, err = core.trap(self.waiters.wait, self.waiters)
  core.essential(true) -- the wait has taken it away
  local problem = reacquire(lock)
  core.essential(before)
  if not ok then error(err, 0) end
  if problem or core.cancel_requested() then
    self:notify(1) -- the notify that this task got is for the next one
    if problem then error(problem, 0) end
    core.sleep(0) -- raises the cancellation
  end
  return true
end

-- wait_for(predicate): waits until predicate() is true, and returns what it gave.
function Condition:wait_for(predicate)
  if type(predicate) ~= "function" then
    error(errors.TypeError(("argument 1 of wait_for must be a function, got %s"):format(core.type_name(predicate))), 2)
  end
  local result = predicate()
  while not result do
    self:wait()
    result = predicate()
  end
  return result
end

-- notify(n): wakes up to n tasks (1 unless given). The lock must be held.
function Condition:notify(n)
  if n == nil then n = 1 end
  if math.type(n) ~= "integer" or n < 0 then
    error(errors.ValueError(("argument 1 of notify must be an integer from 0 on, got %s"):format(tostring(n))), 2)
  end
  if not self.lock:locked() then error(errors.RuntimeError("cannot notify on a Condition whose lock is not acquired"), 2) end
  for _ = 1, n do
    if not self.waiters:wake() then return end
  end
end

-- notify_all(): wakes every task that waits.
function Condition:notify_all()
  self:notify(self.waiters:count())
end

use("checked").checked(Condition, Condition)

Condition.__enter = Condition.acquire
Condition.__close = Condition.release

function Condition:__tostring()
  return ("<Condition %s waiting=%d>"):format(tostring(self.lock):match("^<Lock (.*) waiting="), self.waiters:count())
end

local function new_condition(lock)
  if lock == nil then
    lock = Lock.Lock()
  elseif getmetatable(lock) ~= Lock.class then
    error(errors.TypeError(("argument 1 of Condition must be a Lock, got %s"):format(core.type_name(lock))), 2)
  end
  local condition = setmetatable({ lock = lock }, Condition)
  condition.waiters = core.wait_queue("condition:wait", condition)
  return condition
end

return { Condition = new_condition }
