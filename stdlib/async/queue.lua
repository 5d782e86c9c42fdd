-- Queue, PriorityQueue and LifoQueue.
--
-- Invariants
--  1. A task waits in `getters` only while every item is promised to somebody, in `putters` only while the queue is
--     full. A newcomer overtakes neither.
--  2. A putter's item stays with the putter until there is room, and is taken in as the putter is woken: a put that
--     is cancelled has put nothing, one that has been woken has put its item.
--  3. A getter that has been woken takes its item when it runs: until then the item is in the queue, in its place, and
--     `promised` counts it. So one that is cancelled meanwhile changes nothing in the order of the items.
--  4. `getting` is true while a task may wait in `getters`, `putting` while one may in `putters`: asking those is a call
--     into C, which most puts and gets need not make.
local core, use = ...

local Event = use("event").Event
local errors = core.errors
local QueueEmpty, QueueFull, QueueShutDown = errors.QueueEmpty, errors.QueueFull, errors.QueueShutDown
local TypeError, ValueError, RuntimeError = errors.TypeError, errors.ValueError, errors.RuntimeError

-- Stores: how the items lie. Each has push(queue, item) and pop(queue); `count` items are in the queue.

local fifo = {}

function fifo.push(queue, item)
  local last = queue.last + 1
  queue.entries[last], queue.last = item, last
end

function fifo.pop(queue)
  local entries, first = queue.entries, queue.first
  local item = entries[first]
  entries[first] = nil
  if first == queue.last then
    queue.first, queue.last = 1, 0 -- keeps the items in the table's array part
  else
    queue.first = first + 1
  end
  return item
end

local lifo = {}

function lifo.push(queue, item)
  queue.last = queue.last + 1
  queue.entries[queue.last] = item
end

function lifo.pop(queue)
  local last = queue.last
  local item = queue.entries[last]
  queue.entries[last], queue.last = nil, last - 1
  return item
end

-- A binary heap of {item, key, number}: the number of the arrival decides between equal keys.
local heap = {}

local function before(queue, a, b)
  if queue.less(a[2], b[2]) then return true end
  if queue.less(b[2], a[2]) then return false end
  return a[3] < b[3]
end

function heap.push(queue, item)
  local entries = queue.entries
  local key = item
  if queue.key then key = queue.key(item) end
  local entry = { item, key, queue.arrivals }
  -- The place is found before anything is moved: a comparison that fails leaves the heap as it was.
  local path, place = {}, queue.last + 1
  while place > 1 and before(queue, entry, entries[place // 2]) do
    path[#path + 1] = place
    place = place // 2
  end
  for _, at in ipairs(path) do entries[at] = entries[at // 2] end
  entries[place] = entry
  queue.last, queue.arrivals = queue.last + 1, queue.arrivals + 1
end

function heap.pop(queue)
  local entries, last = queue.entries, queue.last
  local top, entry = entries[1], entries[last]
  local path, place = {}, 1
  while place * 2 < last do
    local child = place * 2
    if child + 1 < last and before(queue, entries[child + 1], entries[child]) then child = child + 1 end
    if not before(queue, entries[child], entry) then break end
    path[#path + 1] = child
    place = child
  end
  local at = 1
  for _, child in ipairs(path) do
    entries[at] = entries[child]
    at = child
  end
  entries[at] = entry
  entries[last] = nil
  queue.last = last - 1
  return top[1]
end

-- The order of Python's tuples: lists item by item, the shorter first; everything else by `<`.
local function default_less(a, b)
  if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) or getmetatable(b) then return a < b end
  for i = 1, math.min(#a, #b) do
    if a[i] ~= b[i] then return default_less(a[i], b[i]) end
  end
  return #a < #b
end

-- The queue.

local Queue = { __name = "Queue" }
Queue.__index = Queue

local function shut_down(queue)
  return QueueShutDown(queue.__name .. " has been shut down")
end

local function is_full(queue)
  return queue.maxsize > 0 and queue.count >= queue.maxsize
end

-- Promises an item to the getter that waits longest.
local function promise(queue)
  if queue.getters:wake(true) then
    queue.promised = queue.promised + 1
  else
    queue.getting = false
  end
end

-- Takes an item in; a waiting getter is promised one. What a PriorityQueue calls to compare may raise: before anything
-- is changed.
local function take_in(queue, item)
  queue.store.push(queue, item)
  queue.count = queue.count + 1
  if queue.unfinished == 0 then queue.all_done:clear() end
  queue.unfinished = queue.unfinished + 1
  if queue.getting then promise(queue) end
end

-- Lets the putters that wait longest put their items while there is room. One whose item cannot be compared gets the
-- error.
local function let_put(queue)
  while queue.putting and not is_full(queue) do
    local waits, item = queue.putters:peek()
    if not waits then
      queue.putting = false
    else
      queue.putters:wake(core.trap(take_in, queue, item))
    end
  end
end

-- Gives an item out, and lets a putter put its own.
local function give_out(queue)
  local item = queue.store.pop(queue)
  queue.count = queue.count - 1
  if queue.putting then let_put(queue) end
  return item
end

-- Drops what nobody has been promised.
local function drop_rest(queue)
  while queue.count > queue.promised do
    queue.store.pop(queue)
    queue.count = queue.count - 1
    queue.unfinished = math.max(queue.unfinished - 1, 0)
  end
  if queue.unfinished == 0 then queue.all_done:set() end
end

-- A getter was cancelled in the turn in which it was promised an item: the next getter is promised it.
local function give_back(queue)
  queue.promised = queue.promised - 1
  promise(queue)
  if queue.dropping then drop_rest(queue) end
  core.sleep(0) -- raises the cancellation
end

-- put(item): waits while the queue is full. Any value is an item, nil too. QueueShutDown after shutdown().
function Queue:put(item)
  if self.shut then error(shut_down(self), 2) end
  if not is_full(self) then return take_in(self, item) end
  self.putting = true
  local put, err = self.putters:wait(item)
  if put == nil then error(shut_down(self), 2) end
  if not put then error(err, 0) end
end

-- put_nowait(item): QueueFull when there is no room.
function Queue:put_nowait(item)
  if self.shut then error(shut_down(self), 2) end
  if is_full(self) then error(QueueFull(("%s holds %d items, its maxsize"):format(self.__name, self.count)), 2) end
  take_in(self, item)
end

-- get(): the next item; waits for one. QueueShutDown when the queue is shut down and empty.
function Queue:get()
  if self.count > self.promised then return give_out(self) end
  if self.shut then error(shut_down(self), 2) end
  self.getting = true
  if not self.getters:wait() then error(shut_down(self), 2) end
  if core.cancel_requested() then give_back(self) end
  self.promised = self.promised - 1
  return give_out(self)
end

-- get_nowait(): QueueEmpty when there is none, or what there is has been promised to a task that waited.
function Queue:get_nowait()
  if self.count > self.promised then return give_out(self) end
  if self.shut then error(shut_down(self), 2) end
  error(QueueEmpty(self.__name .. " is empty"), 2)
end

-- task_done(): an item that was got has been dealt with. ValueError when called more often than items were put.
function Queue:task_done()
  if self.unfinished == 0 then error(ValueError("task_done() called more often than there were items"), 2) end
  self.unfinished = self.unfinished - 1
  if self.unfinished == 0 then self.all_done:set() end
end

-- join(): waits until task_done() was called for every item.
function Queue:join()
  if self.unfinished > 0 then self.all_done:wait() end
end

function Queue:qsize()
  return self.count
end

function Queue:empty()
  return self.count == 0
end

function Queue:full()
  return is_full(self)
end

local function wake_all(waiters)
  while waiters:wake(nil) do end
end

-- shutdown(immediate): no more items: put() and a get() that finds nothing raise QueueShutDown, those that wait too.
-- With `immediate` the items that are left are dropped, and join() counts them as done.
function Queue:shutdown(immediate)
  self.shut = true
  if immediate then
    self.dropping = true
    drop_rest(self)
  end
  wake_all(self.getters)
  wake_all(self.putters)
end

-- items(): for item in queue:items() do ... end; ends when the queue is shut down and empty.
function Queue:items()
  return function()
    local ok, item = core.trap(self.get, self)
    if not ok then
      if core.is(item, QueueShutDown) then return nil end
      error(item, 0)
    end
    if item == nil then error(RuntimeError("an item is nil, which would end the loop; use get()"), 2) end
    return item
  end
end

function Queue:__tostring()
  return ("<%s size=%d%s getters=%d putters=%d%s>"):format(self.__name, self.count,
    self.maxsize > 0 and "/" .. self.maxsize or "", self.getters:count(), self.putters:count(),
    self.shut and " shut down" or "")
end

local function class(name)
  if name == "Queue" then return Queue end
  local derived = setmetatable({ __name = name, __tostring = Queue.__tostring }, { __index = Queue })
  derived.__index = derived
  return derived
end

local function make(queue_class, store, maxsize)
  if maxsize == nil then maxsize = 0 end
  if math.type(maxsize) ~= "integer" then
    error(TypeError(("argument 1 of %s must be an integer, got %s"):format(queue_class.__name, core.type_name(maxsize))), 3)
  end
  local all_done = Event()
  all_done:set()
  local queue = setmetatable({
    maxsize = math.max(maxsize, 0),
    store = store,
    entries = {},
    first = 1,
    last = 0,
    count = 0,
    promised = 0,
    unfinished = 0,
    shut = false,
    dropping = false,
    getting = false,
    putting = false,
    all_done = all_done,
  }, queue_class)
  queue.getters, queue.putters = core.wait_queue("queue:get", queue), core.wait_queue("queue:put", queue)
  return queue
end

local LifoQueue, PriorityQueue = class("LifoQueue"), class("PriorityQueue")

-- Queue(maxsize): 0, nil or a negative maxsize is no limit.
local function new_queue(maxsize)
  return (make(Queue, fifo, maxsize))
end

local function new_lifo_queue(maxsize)
  return (make(LifoQueue, lifo, maxsize))
end

-- PriorityQueue(maxsize, {key=, less=}): the least item first. key(item) is what is compared; less(a, b) compares.
local function new_priority_queue(maxsize, options)
  options = use("task").check_options(options, { key = true, less = true }, "PriorityQueue")
  local queue = make(PriorityQueue, heap, maxsize)
  for name, fn in pairs(options) do
    if type(fn) ~= "function" then
      error(TypeError(("the option '%s' of PriorityQueue must be a function, got %s"):format(name, core.type_name(fn))), 2)
    end
  end
  queue.key, queue.less, queue.arrivals = options.key, options.less or default_less, 0
  return queue
end

return { Queue = new_queue, LifoQueue = new_lifo_queue, PriorityQueue = new_priority_queue }
