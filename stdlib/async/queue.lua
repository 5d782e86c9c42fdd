-- Queue, PriorityQueue and LifoQueue: their classes. What they do is in queue.cpp.
local core, use = ...

local errors = core.errors
local QueueShutDown, RuntimeError, TypeError = errors.QueueShutDown, errors.RuntimeError, errors.TypeError

local type, getmetatable = type, getmetatable -- asked at each comparison
local new, methods = core.open_queue()

-- items(): for item in queue:items() do ... end; ends when the queue is shut down and empty.
function methods:items()
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

-- An order of its own is for the item's metatable to give; numbers and strings have one by nature.
local function check_comparable(a, b)
  for _, item in ipairs { a, b } do
    if type(item) ~= "string" and getmetatable(item) ~= nil then return end
  end
  local message = "a PriorityQueue cannot compare %s with %s; give it the option key or less"
  error(TypeError(message:format(core.type_name(a), core.type_name(b))))
end

local ordered = { number = true, string = true }

-- The order of Python's tuples: lists item by item, the shorter first; everything else by `<`.
local function default_less(a, b)
  local kind = type(a)
  if kind == "table" and type(b) == "table" and not getmetatable(a) and not getmetatable(b) then
    for i = 1, math.min(#a, #b) do
      if a[i] ~= b[i] then return default_less(a[i], b[i]) end
    end
    return #a < #b
  end
  if kind ~= type(b) or not ordered[kind] then check_comparable(a, b) end
  return a < b
end

local function class(name)
  local class = { __name = name }
  for key, method in pairs(methods) do class[key] = method end
  class.__index = class
  return class
end

local Queue, LifoQueue, PriorityQueue = class("Queue"), class("LifoQueue"), class("PriorityQueue")

local function make(queue_class, order, maxsize, key, less)
  if maxsize == nil then maxsize = 0 end
  if math.type(maxsize) ~= "integer" then
    error(TypeError(("argument 1 of %s must be an integer, got %s"):format(queue_class.__name, core.type_name(maxsize))), 3)
  end
  maxsize = math.max(maxsize, 0)
  return setmetatable({ new(order, maxsize, key, less, default_less), maxsize = maxsize }, queue_class)
end

-- Queue(maxsize): 0, nil or a negative maxsize is no limit.
local function new_queue(maxsize)
  return (make(Queue, "fifo", maxsize))
end

local function new_lifo_queue(maxsize)
  return (make(LifoQueue, "lifo", maxsize))
end

-- PriorityQueue(maxsize, {key=, less=}): the least item first. key(item) is what is compared; less(a, b) compares.
local function new_priority_queue(maxsize, options)
  options = use("task").check_options(options, { key = true, less = true }, "PriorityQueue")
  for name, fn in pairs(options) do
    if type(fn) ~= "function" then
      error(TypeError(("the option '%s' of PriorityQueue must be a function, got %s"):format(name, core.type_name(fn))), 2)
    end
  end
  return (make(PriorityQueue, "priority", maxsize, options.key, options.less))
end

return { Queue = new_queue, LifoQueue = new_lifo_queue, PriorityQueue = new_priority_queue }
