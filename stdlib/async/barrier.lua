-- Barrier: a number of tasks meet, and go on together.
--
--   filling ──> draining ──> filling     (the last has come; then all have left)
--      └─────> resetting ──> filling     (reset while tasks wait: they get BrokenBarrierError)
--      └─────> broken                    (abort, or a waiter was cancelled)
--
-- A task that comes while the barrier drains or resets waits until it fills again.
local core = ...

local errors = core.errors
local BrokenBarrierError, TypeError, ValueError = errors.BrokenBarrierError, errors.TypeError, errors.ValueError

local Barrier = { __name = "Barrier" }
local methods = {}

function Barrier:__index(name)
  if name == "n_waiting" then return self.state == "filling" and self.inside or 0 end
  if name == "broken" then return self.state == "broken" end
  return methods[name]
end

local function wake_all(waiters, ...)
  while waiters:wake(...) do end
end

-- The last to leave a barrier that drains or resets lets it fill again.
local function leave(barrier)
  barrier.inside = barrier.inside - 1
  if barrier.inside > 0 or barrier.state == "filling" or barrier.state == "broken" then return end
  barrier.state = "filling"
  wake_all(barrier.entering)
end

local function break_barrier(barrier)
  barrier.state = "broken"
  wake_all(barrier.entering)
  wake_all(barrier.waiters, false)
end

local Left = { __close = function(left) leave(left.barrier) end }

local function check_broken(barrier, message)
  if barrier.state == "broken" then error(BrokenBarrierError(message), 3) end
end

-- Waits inside for the last task; a task that is cancelled here breaks the barrier for the others.
local function wait_inside(barrier)
  local ok, passed = core.trap(barrier.waiters.wait, barrier.waiters)
  if not ok then
    if barrier.state == "filling" then break_barrier(barrier) end
    error(passed, 0)
  end
  if not passed then error(BrokenBarrierError("the Barrier was aborted or reset while this task waited"), 3) end
end

-- wait(): waits until all parties have come; returns the arrival index, 0 for the first. BrokenBarrierError when the
-- barrier is broken, or is reset meanwhile.
function methods:wait()
  while self.state == "draining" or self.state == "resetting" do self.entering:wait() end
  check_broken(self, "the Barrier is broken; reset() it")
  local index = self.inside
  self.inside = index + 1
  local left <close> = setmetatable({ barrier = self }, Left)
  if self.inside == self.parties then
    self.state = "draining"
    wake_all(self.waiters, true)
  else
    wait_inside(self)
  end
  return index
end

-- reset(): back to the beginning; tasks that wait get BrokenBarrierError.
function methods:reset()
  if self.inside == 0 then
    self.state = "filling"
  elseif self.state ~= "resetting" then
    self.state = "resetting"
    wake_all(self.waiters, false)
  end
end

-- abort(): breaks the barrier: who waits, and who comes, gets BrokenBarrierError.
function methods:abort()
  break_barrier(self)
end

function Barrier:__tostring()
  return ("<Barrier %s parties=%d waiting=%d>"):format(self.state, self.parties, self.n_waiting)
end

local function new_barrier(parties)
  if math.type(parties) ~= "integer" then
    error(TypeError(("argument 1 of Barrier must be an integer, got %s"):format(core.type_name(parties))), 2)
  end
  if parties < 1 then error(ValueError(("argument 1 of Barrier must be 1 or more, got %d"):format(parties)), 2) end
  return setmetatable({
    parties = parties,
    inside = 0,
    state = "filling",
    waiters = core.wait_queue("barrier:wait"),
    entering = core.wait_queue("barrier:wait"),
  }, Barrier)
end

return { Barrier = new_barrier }
