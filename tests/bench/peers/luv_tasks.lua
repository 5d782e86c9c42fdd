-- What luv leaves to its users: tasks, and what they wait for, in the manner of luvit's libraries.
--
-- A task is a coroutine. Where something happens that it waits for, its coroutine is resumed at
-- once, from there, or in the next turn of the loop where that is faster. An idle handle makes the
-- next turn come; sleep(0) waits for it. The same file runs on LuaJIT and Lua 5.4.

local uv = require "luv"

local create, resume = coroutine.create, coroutine.resume
local yield, status = coroutine.yield, coroutine.status

local M = {}
local current -- the task that runs

local function finish(task, ok, result)
  task.done, task.failed, task.result = true, not ok, result
  local waiter = task.waiter
  if waiter then
    waiter()
  elseif not ok then
    error(result, 0)
  end
end

-- Goes on with a task until it waits or ends.
local function step(task, value)
  local before, co = current, task.co
  current = task
  local ok, result = resume(co, value)
  current = before
  if status(co) == "dead" then finish(task, ok, result) end
end

-- A function that runs at once, until it first waits.
function M.spawn(fn, argument)
  local task = {
    co = create(fn), done = false, failed = false, result = false,
    waiter = false, list = false, place = 0,
  }
  step(task, argument)
  return task
end

-- ---- waiting, and the turns of the loop ----

-- Where a task that can be cancelled waits: a list and a place in it. It is woken with nothing, or
-- with the reason of its cancellation, which is raised.
local function park(list)
  local task, place = current, list.last + 1
  list.last, list[place] = place, task
  task.list, task.place = list, place
  local reason = yield()
  task.list = false
  if reason then error(reason, 0) end
end

-- Takes the first that is there, or nil.
local function take(list)
  while list.first <= list.last do
    local place = list.first
    local value = list[place]
    list[place] = nil
    if place == list.last then
      list.first, list.last = 1, 0 -- so that it stays an array
    else
      list.first = place + 1
    end
    if value then return value end -- and not one that was cancelled
  end
end

local function new_list() return { first = 1, last = 0 } end

function M.cancel(task)
  local list = task.list
  if not list then return end
  list[task.place] = false
  step(task, "cancelled")
end

local turn = uv.new_idle()
local now, next_turn, count = {}, {}, 0

local function run_turn()
  now, next_turn = next_turn, now
  local due = count
  count = 0
  for i = 1, due do
    local task = now[i]
    now[i] = nil
    step(task)
  end
  if count == 0 then turn:stop() end
end

-- Goes on with a task in the next turn of the loop.
local function wake(task)
  count = count + 1
  next_turn[count] = task
  if count == 1 then turn:start(run_turn) end
end

-- Lets the loop turn, or a time pass.
function M.sleep(seconds)
  local task = current
  if seconds > 0 then
    local timer = uv.new_timer()
    timer:start(math.ceil(seconds * 1000), 0, function()
      timer:close()
      step(task)
    end)
  else
    wake(task)
  end
  yield()
end

-- ---- tasks that wait for tasks ----

function M.await(task)
  if not task.done then
    local waiter = current
    task.waiter = function() step(waiter) end
    yield()
  end
  if task.failed then error(task.result, 0) end
  return task.result
end

-- The results of all. Errors are among them.
function M.gather(list)
  local pending, waiter = 0, current
  local function ended()
    pending = pending - 1
    if pending == 0 then step(waiter) end
  end
  for _, task in ipairs(list) do
    if not task.done then
      pending = pending + 1
      task.waiter = ended
    end
  end
  if pending > 0 then yield() end
  local results = {}
  for i, task in ipairs(list) do results[i] = task.result end
  return results
end

-- ---- what tasks wait for ----

local Future = {}
Future.__index = Future

function M.Future() return setmetatable({ done = false, waiters = new_list() }, Future) end

function Future:set()
  self.done = true
  for task in take, self.waiters do step(task) end
end

function Future:wait()
  if not self.done then park(self.waiters) end
end

local Semaphore = {}
Semaphore.__index = Semaphore

function M.Semaphore(permits)
  return setmetatable({ permits = permits, waiters = new_list() }, Semaphore)
end

function Semaphore:acquire()
  if self.permits > 0 then
    self.permits = self.permits - 1
  else
    park(self.waiters)
  end
end

function Semaphore:release()
  local task = take(self.waiters)
  if task then step(task) else self.permits = self.permits + 1 end
end

-- Who waits for a queue goes on in the next turn: until then many items are put, or got.
local Queue = {}
Queue.__index = Queue

function M.Queue(maxsize)
  local queue = { items = new_list(), maxsize = maxsize or math.huge }
  queue.getters, queue.putters = new_list(), new_list()
  return setmetatable(queue, Queue)
end

function Queue:put(item)
  local items = self.items
  while items.last - items.first + 1 >= self.maxsize do park(self.putters) end
  items.last = items.last + 1
  items[items.last] = item
  local getter = take(self.getters)
  if getter then wake(getter) end
end

function Queue:get()
  local items = self.items
  while items.first > items.last do park(self.getters) end
  local item = take(items)
  local putter = take(self.putters)
  if putter then wake(putter) end
  return item
end

-- ---- time limits ----

-- Raises "timeout" where fn waits in a list when the time is over.
function M.timeout(seconds, fn, argument)
  local task = current
  local expired = false
  local timer = uv.new_timer()
  timer:start(seconds * 1000, 0, function()
    expired = true
    M.cancel(task)
  end)
  local ok, result = pcall(fn, argument)
  timer:stop()
  timer:close()
  if not ok then error(expired and "timeout" or result, 0) end
  return result
end

function M.run(fn)
  M.spawn(fn)
  uv.run()
end

return M
