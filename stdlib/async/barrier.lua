-- Barrier: a number of tasks meet, and go on together.
--
-- The last to come hands each that waits its index of arrival: they have met then, whatever happens before they run,
-- and the barrier is empty again for the next round. Who is cancelled while waiting has not come: the places of those
-- behind move up, so that the indices of a round are always 0 to parties - 1.
local core, use = ...

local errors = core.errors
local BrokenBarrierError, TypeError, ValueError = errors.BrokenBarrierError, errors.TypeError, errors.ValueError

local Barrier = { __name = "Barrier" }
local methods = {}

function Barrier:__index(name)
  if name == "n_waiting" then return self.waiters:count() end
  return methods[name]
end

-- Those that wait get BrokenBarrierError.
local function turn_away(barrier)
  while barrier.waiters:wake(nil) do end
end

-- wait(): waits until all parties have come; returns the arrival index, 0 for the first. BrokenBarrierError when the
-- barrier is broken, or is broken or reset meanwhile.
function methods:wait()
  if self.broken then error(BrokenBarrierError("the Barrier is broken; reset() it"), 2) end
  local waiters, last = self.waiters, self.parties - 1
  if waiters:count() == last then
    for index = 0, last - 1 do waiters:wake(index) end
    return last
  end
  local index = waiters:wait()
  if not index then error(BrokenBarrierError("the Barrier was aborted or reset while this task waited"), 2) end
  return index
end

-- reset(): empty and whole again; tasks that wait get BrokenBarrierError.
function methods:reset()
  self.broken = false
  turn_away(self)
end

-- abort(): breaks the barrier: who waits, and who comes, gets BrokenBarrierError.
function methods:abort()
  self.broken = true
  turn_away(self)
end

use("checked").checked(Barrier, methods)

-- async.with(barrier, fn) waits, and calls fn with the index.
Barrier.__enter = methods.wait
function Barrier.__close() end

function Barrier:__tostring()
  return ("<Barrier %s parties=%d waiting=%d>"):format(self.broken and "broken" or "filling", self.parties, self.n_waiting)
end

local function new_barrier(parties)
  if math.type(parties) ~= "integer" then
    error(TypeError(("argument 1 of Barrier must be an integer, got %s"):format(core.type_name(parties))), 2)
  end
  if parties < 1 then error(ValueError(("argument 1 of Barrier must be 1 or more, got %d"):format(parties)), 2) end
  local barrier = setmetatable({ parties = parties, broken = false }, Barrier)
  barrier.waiters = core.wait_queue("barrier:wait", barrier)
  return barrier
end

return { Barrier = new_barrier }
