-- ThreadPoolExecutor, to_thread and run_in_executor: calls of functions in other threads.
local core, use = ...

local async, native = use("async/init"), use("async/native")
local source = use("async/source")
local TypeError, ValueError = async.TypeError, async.ValueError
local type_name = native.type_name

local MOST_THREADS = 1024
local MAP_AHEAD = 16 -- calls that a map may have under way for each thread

-- As many as Python's: calls that compute want a processor each, and calls that block want more of them.
local function default_threads()
  return math.min(32, core.cpu_count() + 4)
end

-- An error at the caller's caller.
local function check_function(fn, what)
  if type(fn) == "function" then return end
  local hint = ""
  if native.kind(fn) == "coroutine" then hint = "; pass the function that makes it, and its arguments" end
  error(TypeError(("%s must be a function, got %s%s"):format(what, type_name(fn), hint)), 3)
end

local default_pool

local function get_default_pool()
  if default_pool == nil then default_pool = core.pool(default_threads(), "to_thread") end
  return default_pool
end

-- to_thread(fn, ...): waits for what fn(...) returns in another thread.
local function to_thread(fn, ...)
  check_function(fn, "argument 1 of to_thread")
  return core.call(default_pool or get_default_pool(), fn, ...)
end

local Executor = { __name = "ThreadPoolExecutor" }
Executor.__index = Executor

-- run_in_executor(executor, fn, ...): a Future of what fn(...) returns in a thread of the executor; nil is the pool of
-- to_thread.
local function run_in_executor(executor, fn, ...)
  if executor ~= nil and getmetatable(executor) ~= Executor then
    error(TypeError(("argument 1 of run_in_executor must be a ThreadPoolExecutor, or nil for the default one, got %s")
      :format(type_name(executor))), 3)
  end
  check_function(fn, "argument 2 of run_in_executor")
  return core.submit(executor and executor.pool or get_default_pool(), fn, ...)
end

-- submit(fn, ...): a Future of what fn(...) returns in one of the threads.
function Executor:submit(fn, ...)
  check_function(fn, "argument 1 of submit")
  return core.submit(self.pool, fn, ...)
end

-- The calls of a map whose results have not been taken: calls[first] to calls[last].
local Calls = {}
Calls.__index = Calls

function Calls:collect(results)
  results.n = results.n + 1
  results[results.n] = (async.await(self[self.first]))
  self[self.first] = nil
  self.first = self.first + 1
end

-- What is left when a result was an error, or its waiter was cancelled.
function Calls:__close()
  for i = self.first, self.last do
    if not self[i]:cancel() then async.catch(self[i].result, self[i]) end
  end
end

-- The next item of each source, or nil at the end of one.
local function take(sources)
  local items = { n = #sources }
  for i, from in ipairs(sources) do
    local item = source.call(from.step, from.state, from.control)
    if item == nil then return nil end
    items[i], from.control = item, item
  end
  return items
end

-- map(fn, list, ...): a list of the first result of fn(item, ...) for each item, in their order, and their number `n`;
-- with more lists one item of each is passed, up to the end of the shortest. The first error cancels the calls that are
-- left.
function Executor:map(fn, ...)
  check_function(fn, "argument 1 of map")
  local sources = { ... }
  if select("#", ...) == 0 then error(TypeError("map needs at least one list of arguments, got none"), 2) end
  for i = 1, select("#", ...) do
    sources[i] = source.check_source(source.source_of(sources[i]), sources[i], ("argument %d of map"):format(i + 1))
  end
  local window = MAP_AHEAD * self.max_workers
  local calls <close> = setmetatable({ first = 1, last = 0 }, Calls)
  local results = { n = 0 }
  for items in take, sources do
    if calls.last - calls.first >= window then calls:collect(results) end
    calls[calls.last + 1] = core.submit(self.pool, fn, table.unpack(items, 1, items.n))
    calls.last = calls.last + 1
  end
  while calls.first <= calls.last do calls:collect(results) end
  return results
end

-- shutdown(wait, cancel_futures): it takes no more calls. Unless `wait` is false, waits until those that it has have
-- ended; with `cancel_futures` those that have not begun are cancelled.
function Executor:shutdown(wait, cancel_futures)
  local ended = core.shut_down(self.pool, cancel_futures)
  if wait ~= false then native.shielded_wait(ended) end
end

function Executor:__close()
  self:shutdown()
end

function Executor:__tostring()
  local threads, idle, queued, shut_down = core.state(self.pool)
  return ("<ThreadPoolExecutor threads=%d/%d busy=%d queued=%d%s>"):format(threads, self.max_workers,
    threads - idle, queued, shut_down and " shut down" or "")
end

use("async/checked").checked(Executor, Executor)

local function check_count(count)
  if count == nil then return default_threads() end
  if math.type(count) ~= "integer" then
    error(TypeError(("the option 'max_workers' of ThreadPoolExecutor must be an integer, got %s"):format(
      type(count) == "number" and tostring(count) or type_name(count))), 3)
  end
  if count < 1 or count > MOST_THREADS then
    error(ValueError(("the option 'max_workers' of ThreadPoolExecutor must be from 1 to %d, got %d"):format(MOST_THREADS,
      count)), 3)
  end
  return count
end

local function check_name(name)
  if name == nil then return "ThreadPoolExecutor" end
  if type(name) == "string" then return name end
  error(TypeError(("the option 'name' of ThreadPoolExecutor must be a string, got %s"):format(type_name(name))), 3)
end

-- ThreadPoolExecutor{max_workers=, name=}: threads for calls of their own. They are started when there is work for
-- them.
local function new_executor(options)
  if math.type(options) == "integer" then options = { max_workers = options } end
  options = use("async/task").check_options(options, { max_workers = true, name = true }, "ThreadPoolExecutor")
  local count = check_count(options.max_workers)
  local name = check_name(options.name)
  return setmetatable({ pool = core.pool(count, name), max_workers = count, name = name }, Executor)
end

return { to_thread = to_thread, run_in_executor = run_in_executor, ThreadPoolExecutor = new_executor }
