-- memoize: keeps the results of a function.
--
-- A call runs in a task of its own, a flight, which those who ask for the same share: one who is
-- cancelled leaves it, and only the last to leave cancels it. What is kept, and what is in flight,
-- hangs in a tree with a branch for each argument.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments = use("arguments")
local call, new_list = use("call"), use("linked_list")
local end_all = use("async/ending").end_all
local is, trap = native.is, native.trap
local kinds = arguments.kinds

local NIL, NAN = {}, {} -- stand for what cannot be a key

local function now()
  return async.get_running_loop():time()
end

-- The tree. A node: {parent=, key=, branches=, kept=, flight=}.

local function as_key(value)
  if value == nil then return NIL end
  if value ~= value then return NAN end
  return value
end

local function branch(node, key, create)
  if node == nil then return nil end
  local branches = node.branches
  local child = branches and branches[key]
  if child or not create then return child end
  if not branches then
    branches = {}
    node.branches = branches
  end
  child = { parent = node, key = key }
  branches[key] = child
  return child
end

-- The node of a call; nil if there is none and it is not to be made.
local function find(memo, create, ...)
  if memo.options.key then return branch(memo.root, as_key((memo.options.key(...))), create) end
  local count = select("#", ...)
  local node = branch(memo.root, count, create)
  for i = 1, count do node = branch(node, as_key((select(i, ...))), create) end
  return node
end

-- Takes a node away that has nothing any more, and those above it that have nothing else.
local function prune(node)
  while node.parent and not (node.kept or node.flight or (node.branches and next(node.branches))) do
    node.parent.branches[node.key] = nil
    node = node.parent
  end
end

-- What is kept: {node=, ok=, values=, expires=}, in the order of its use and in that of its age.

local function drop(memo, kept)
  memo.by_use:remove(kept)
  memo.by_age[kept.ok]:remove(kept)
  memo.size = memo.size - 1
  kept.node.kept = nil
  prune(kept.node)
end

-- Those of a list have the same time to live, so the oldest expires first.
local function drop_expired(memo, list)
  local time = now()
  while list.first and list.first.expires <= time do
    memo.expired = memo.expired + 1
    drop(memo, list.first)
  end
end

local function keep(memo, node, ok, values)
  local ttl = ok and memo.options.ttl or memo.options.keep_errors
  if not ok and (ttl == 0 or is(values[1], async.CancelledError)) then return end
  local kept = { node = node, ok = ok, values = values, expires = now() + ttl }
  node.kept = kept
  memo.size = memo.size + 1
  memo.by_use:add(kept)
  memo.by_age[ok]:add(kept)
  for _, list in pairs(memo.by_age) do drop_expired(memo, list) end
  if memo.size > memo.options.max then
    memo.evictions = memo.evictions + 1
    drop(memo, memo.by_use.first)
  end
end

local function use_kept(memo, kept)
  memo.hits = memo.hits + 1
  memo.by_use:remove(kept)
  memo.by_use:add(kept)
  if not kept.ok then error(kept.values[1], 0) end
  return table.unpack(kept.values, 1, kept.values.n)
end

-- Flights: {memo=, node=, task=, waiting=}.

local waits_for = setmetatable({}, { __mode = "k" }) -- task -> the flight that it waits for

-- From now on nobody joins it, and its results are not kept.
local function detach(flight)
  local node = flight.node
  if node.flight ~= flight then return end
  node.flight = nil
  flight.memo.flights[flight] = nil
  flight.memo.running = flight.memo.running - 1
  prune(node)
end

local function land(flight, ok, ...)
  local node = flight.node
  if node.flight == flight then
    keep(flight.memo, node, ok, table.pack(...))
    detach(flight)
  end
  if ok then return ... end
  error((...), 0)
end

local function fly(flight, ...)
  return land(flight, trap(call, flight.memo.fn, ...))
end

local function start(memo, node, ...)
  local flight = { memo = memo, node = node, waiting = 0 }
  memo.misses, memo.running = memo.misses + 1, memo.running + 1
  node.flight, memo.flights[flight] = flight, true
  flight.task = native.spawn(fly, flight, ...)
  return flight
end

-- True when the flight cannot end before the task goes on.
local function depends_on(flight, task)
  while flight do
    if flight.task == task then return true end
    flight = waits_for[flight.task]
  end
  return false
end

local function leave(flight, task, ok, ...)
  flight.waiting = flight.waiting - 1
  if task then waits_for[task] = nil end
  if ok then return ... end
  if flight.waiting == 0 then
    detach(flight)
    end_all { flight.task }
  end
  error((...), 0)
end

local function join(flight, task)
  flight.waiting = flight.waiting + 1
  if task then waits_for[task] = flight end
  return leave(flight, task, trap(native.shielded_wait, flight.task))
end

local Memoized = { __name = "Memoized" }
Memoized.__index = Memoized

function Memoized:__call(...)
  local node = find(self, true, ...)
  local kept = node.kept
  if kept then
    if kept.expires > now() then return use_kept(self, kept) end
    self.expired = self.expired + 1
    drop(self, kept)
    node = find(self, true, ...)
  end
  local task, flight = native.current_task(), node.flight
  if not flight then return join(start(self, node, ...), task) end
  if task and depends_on(flight, task) then
    error(async.RuntimeError("a memoized function waits for itself: the call with these arguments"
      .. " is under way, and needs this one to end"), 2)
  end
  self.shared = self.shared + 1
  return join(flight, task)
end

-- forget(...): what is kept for these arguments, and a call that runs is not kept when it ends.
-- True when there was one of them.
function Memoized:forget(...)
  local node = find(self, false, ...)
  if not node then return false end
  local kept, flight = node.kept, node.flight
  if flight then detach(flight) end
  if kept then drop(self, kept) end
  return kept ~= nil or flight ~= nil
end

-- clear(): forgets everything.
function Memoized:clear()
  while self.by_use.first do drop(self, self.by_use.first) end
  for flight in pairs(self.flights) do detach(flight) end
end

-- statistics(): a table of numbers.
function Memoized:statistics()
  return { hits = self.hits, misses = self.misses, shared = self.shared, evictions = self.evictions,
    expired = self.expired, size = self.size, running = self.running }
end

use("async/checked").checked(Memoized, Memoized)

function Memoized:__tostring()
  return ("<Memoized size=%d running=%d hits=%d misses=%d>"):format(self.size, self.running,
    self.hits, self.misses)
end

local spec = {
  ttl = { kinds.seconds { above = 0, forever = true }, math.huge },
  max = { kinds.count { from = 1, forever = true }, math.huge },
  key = { kinds.callable },
  keep_errors = { kinds.seconds { from = 0, forever = true }, 0 },
}

-- memoize(fn, {ttl=, max=, key=, keep_errors=0})
local function memoize(fn, options)
  arguments.check(fn, kinds.callable, "argument 1 of memoize", 2)
  return setmetatable({
    fn = fn,
    options = arguments.options(options, spec, "memoize", 2),
    root = {},
    flights = {},
    by_use = new_list(),
    by_age = { [true] = new_list(), [false] = new_list() },
    size = 0, running = 0,
    hits = 0, misses = 0, shared = 0, evictions = 0, expired = 0,
  }, Memoized)
end

return { memoize = memoize }
