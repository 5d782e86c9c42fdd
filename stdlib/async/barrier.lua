-- Barrier: a number of tasks meet, and go on together.
--
--   filling ──> draining ──> filling     (the last has come; then all have left)
--      └─────> resetting ──> filling     (reset while tasks wait: they get BrokenBarrierError)
--      └─────> broken                    (abort, or a waiter was cancelled)
--
-- A task that comes while the barrier drains or resets waits until it fills again; it is given its place then, so that
-- nobody overtakes it. `round.passed` is nil until the tasks of a round know: true, or false after an abort or a reset.
local core = ...

local errors = core.errors
local BrokenBarrierError, RuntimeError = errors.BrokenBarrierError, errors.RuntimeError
local TypeError, ValueError = errors.TypeError, errors.ValueError

local Barrier = { __name = "Barrier" }
local methods = {}

function Barrier:__index(name)
  if name == "n_waiting" then return self.state == "filling" and self.inside or 0 end
  if name == "broken" then return self.state == "broken" end
  return methods[name]
end

local function wake_all(waiters)
  while waiters:wake() do end
end

-- Tells the tasks of the round how it ended, unless they know.
local function decide(barrier, passed)
  if barrier.round.passed == nil then barrier.round.passed = passed end
  wake_all(barrier.waiters)
end

-- Takes a place; returns the index of arrival.
local function arrive(barrier)
  local index = barrier.inside
  barrier.inside = index + 1
  if barrier.inside == barrier.parties then
    barrier.state = "draining"
    decide(barrier, true)
  end
  return index
end

-- An empty barrier fills, first with the tasks that have been waiting to enter.
local function fill(barrier)
  barrier.state, barrier.round = "filling", {}
  while barrier.state == "filling" and barrier.entering:wake(barrier.inside, barrier.round) do arrive(barrier) end
end

local function leave(barrier)
  barrier.inside = barrier.inside - 1
  if barrier.inside == 0 and barrier.state ~= "filling" and barrier.state ~= "broken" then fill(barrier) end
end

local function break_barrier(barrier)
  barrier.state = "broken"
  wake_all(barrier.entering)
  decide(barrier, false)
end

local Left = { __close = function(left) leave(left.barrier) end }

-- Waits inside for the last task; a task that is cancelled here breaks the barrier for the others.
local function wait_inside(barrier, round)
  local ok, err = core.trap(barrier.waiters.wait, barrier.waiters)
  if ok then return end
  if round.passed == nil and not core.is(err, RuntimeError) then break_barrier(barrier) end
  error(err, 0)
end

-- wait(): waits until all parties have come; returns the arrival index, 0 for the first. BrokenBarrierError when the
-- barrier is broken, or is reset meanwhile.
function methods:wait()
  local index, round
  if self.state == "draining" or self.state == "resetting" then
    index, round = self.entering:wait()
  elseif self.state == "filling" then
    round = self.round
    index = arrive(self)
  end
  if not index then error(BrokenBarrierError("the Barrier is broken; reset() it"), 2) end
  local left <close> = setmetatable({ barrier = self }, Left)
  if round.passed == nil then wait_inside(self, round) end
  if not round.passed then
    error(BrokenBarrierError("the Barrier was aborted or reset while this task waited"), 2)
  end
  return index
end

-- reset(): back to the beginning; tasks that wait get BrokenBarrierError.
function methods:reset()
  if self.inside == 0 then
    fill(self)
  else
    self.state = "resetting"
    decide(self, false)
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
  local barrier = setmetatable({
    parties = parties,
    inside = 0,
    state = "filling",
    round = {},
  }, Barrier)
  barrier.waiters = core.wait_queue("barrier:wait", barrier)
  barrier.entering = core.wait_queue("barrier:wait", barrier)
  return barrier
end

return { Barrier = new_barrier }
