-- iter: lazy stages over anything that gives items one at a time.
--
-- An Iterator takes its items from the one before it, or from a source (see source.lua), when it is asked for one;
-- nothing runs ahead. Closing it closes the source. Every method that makes one returns what a generic `for` takes, the
-- Iterator itself as the closing value.
local core, use = ...

local source = use("source")
local call, check_function = source.call, source.check_function
local RuntimeError, TypeError, ValueError = core.errors.RuntimeError, core.errors.TypeError, core.errors.ValueError

local Iterator = { __name = "Iterator", closes_source = true }
Iterator.__index = Iterator

local function for_loop(iterator)
  return iterator, nil, nil, iterator
end

-- A stage behind `before`; step(stage) gives the next item.
local function stage(before, name, step, fields)
  fields.before, fields.name, fields.step, fields.done = before, name, step, false
  return for_loop(setmetatable(fields, Iterator))
end

local function answer(iterator, first, ...)
  if first ~= nil then return first, ... end
  iterator.done = true
  return nil
end

local function next_item(iterator)
  if iterator.done then return nil end
  return answer(iterator, iterator:step())
end

-- next(): the next item, nil at the end, again and again.
Iterator.next = next_item
Iterator.__call = next_item

-- close(): closes the source.
function Iterator:close()
  local first = self
  while first.before do
    first.done = true
    first = first.before
  end
  first.done = true
  local closing <close> = first.closing
  first.closing = nil
end

Iterator.__close = Iterator.close

-- each(): for x in it:each() do ... end, which closes it on the way out.
function Iterator:each()
  return for_loop(self)
end

function Iterator:__tostring()
  if not self.before then return ("<Iterator over %s>"):format(self.name) end
  return ("<Iterator %s %s>"):format(self.name, tostring(self.before))
end

-- The steps.

local function keep_control(iterator, first, ...)
  iterator.from.control = first
  return first, ...
end

local function step_source(iterator)
  local from = iterator.from
  return keep_control(iterator, from.step(from.state, from.control))
end

local function mapped(first, ...)
  if first == nil then
    error(RuntimeError("the function of map returned nil, which would end the loop; filter() leaves items out"), 0)
  end
  return first, ...
end

local function map_item(iterator, first, ...)
  if first == nil then return nil end
  return mapped(call(iterator.fn, first, ...))
end

local function step_map(iterator)
  return map_item(iterator, next_item(iterator.before))
end

local step_filter

local function filter_item(iterator, first, ...)
  if first == nil or call(iterator.fn, first, ...) then return first, ... end
  return step_filter(iterator)
end

function step_filter(iterator)
  return filter_item(iterator, next_item(iterator.before))
end

local function step_take(iterator)
  if iterator.left == 0 then return iterator:close() end
  iterator.left = iterator.left - 1
  return next_item(iterator.before)
end

local function number_item(iterator, first, ...)
  if first == nil then return nil end
  iterator.number = iterator.number + 1
  return iterator.number, first, ...
end

local function step_enumerate(iterator)
  return number_item(iterator, next_item(iterator.before))
end

local function step_batch(iterator)
  local batch = {}
  for i = 1, iterator.size do
    local item = next_item(iterator.before)
    if item == nil then break end
    batch[i] = item
  end
  return batch[1] ~= nil and batch or nil
end

-- The methods that make stages, and collect.

-- map(fn): what fn gives for each item. RuntimeError when that is nil.
function Iterator:map(fn)
  check_function(fn, "argument 1 of map")
  return stage(self, "map", step_map, { fn = fn })
end

-- filter(fn): the items for which fn gives true.
function Iterator:filter(fn)
  check_function(fn, "argument 1 of filter")
  return stage(self, "filter", step_filter, { fn = fn })
end

local function check_count(n, least, what)
  if math.type(n) ~= "integer" then
    error(TypeError(("argument 1 of %s must be an integer, got %s"):format(what,
      type(n) == "number" and tostring(n) or core.type_name(n))), 3)
  end
  if n < least then error(ValueError(("argument 1 of %s must be at least %d, got %d"):format(what, least, n)), 3) end
end

-- take(n): the first n items. The source is closed when one more is asked for.
function Iterator:take(n)
  check_count(n, 0, "take")
  return stage(self, "take", step_take, { left = n })
end

-- enumerate(): 1, 2, 3... before each item.
function Iterator:enumerate()
  return stage(self, "enumerate", step_enumerate, { number = 0 })
end

-- batch(n): lists of n items, the last of what is left.
function Iterator:batch(n)
  check_count(n, 1, "batch")
  return stage(self, "batch", step_batch, { size = n })
end

-- collect(): a list of the first value of each item. Closes the source when there is an error on the way.
function Iterator:collect()
  local list, n = {}, 0
  for item in self:each() do
    n = n + 1
    list[n] = item
  end
  return list
end

use("checked").checked(Iterator, Iterator)

-- iter(x): of a generator, an iterator function, a list, or whatever a generic `for` takes.
local function iter(...)
  local x = ...
  local from = source.check_source(source.source_of(...), x, "argument 1 of iter")
  local fields = { from = from, closing = from.closing }
  return stage(nil, type(x) == "table" and "a list" or tostring(x), step_source, fields)
end

return { iter = iter }
