-- merge: what several generators yield, as it arrives.
--
-- Each source is asked by a task of its own, which hands over one item and waits until there is room for the next. So
-- no source is ahead of the loop by more than two items.
local core, use = ...

local Queue = use("queue").Queue
local end_all = use("ending").end_all
local source = use("source")
local generator = use("generator").generator
local catch, is = core.catch, core.is
local CancelledError, QueueShutDown = core.errors.CancelledError, core.errors.QueueShutDown

local Several = {} -- an item of more than one value

local function wrap(...)
  if select("#", ...) == 1 then return (...) end
  return setmetatable(table.pack(...), Several)
end

local function unwrap(item)
  if getmetatable(item) == Several then return table.unpack(item, 1, item.n) end
  return item
end

local function first_of(item)
  if getmetatable(item) == Several then return item[1] end
  return item
end

-- The task of one source. A put fails when another source has failed.
local function pump(items, from)
  local closing <close> = from.closing
  while true do
    local item = wrap(from.step(from.state, from.control))
    from.control = first_of(item)
    if from.control == nil or not pcall(items.put, items, item) then return end
  end
end

local Hub = {}

-- Notes the first error. That of a pump that was cancelled by us is none, and the further ones are reported when their
-- tasks are collected.
local function pump_done(hub, task)
  hub.unfinished = hub.unfinished - 1
  if not hub.failed and not (hub.closing and task:cancelled()) then
    local ok, err = catch(task.result, task)
    if not ok then hub.failed, hub.err = true, err end
  end
  if hub.unfinished == 0 or hub.failed then hub.items:shutdown() end
end

-- Cancels the pumps, which close their sources, and waits for them. One that waits for us in its turn goes on, and must
-- find nobody to hand over to.
function Hub.__close(hub, err)
  hub.closing = true
  local ok, problem = core.trap(end_all, hub.tasks, err)
  hub.items:shutdown()
  if not ok then error(problem, 0) end
  if hub.failed then error(hub.err, 0) end
end

local function start(sources)
  local hub = { items = Queue(1), tasks = {}, unfinished = #sources, failed = false, closing = false }
  for i, from in ipairs(sources) do
    hub.tasks[i] = core.spawn(pump, hub.items, from)
    hub.tasks[i]:add_done_callback(function(task) pump_done(hub, task) end)
  end
  return setmetatable(hub, Hub)
end

local merged = generator(function(sources)
  if #sources == 0 then return end
  local hub <close> = start(sources)
  while true do
    local ok, item = core.trap(hub.items.get, hub.items)
    if not ok and is(item, QueueShutDown) then return end
    if not ok then error(item, 0) end
    coroutine.yield(unwrap(item))
  end
end)

-- merge(...): a generator of what all of them yield. Closing it closes them all; an error of one closes the others and
-- is raised.
local function merge(...)
  local list = source.strip(...)
  local sources = {}
  for i = 1, list.n do
    sources[i] = source.check_source(source.source_of(list[i]), list[i], ("argument %d of merge"):format(i))
  end
  return merged(sources)
end

return { merge = merge }
