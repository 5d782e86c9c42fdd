-- gather: several awaitables at once, their results in order.
local core, use = ...

local ensure_futures, list_length = use("task").ensure_futures, use("task").list_length
local end_all = use("ending").end_all
local trap, results = core.trap, core.results
local Error = core.errors.Error
local FIRST_FAILURE, ALL = 2, 3

-- An error in a list of results is an object.
local function wrap(value)
  return Error(tostring(value), { value = value })
end

-- Waits; a cancellation of the waiter cancels every child, and is raised when all of them have ended.
local function wait_for_children(watch, futures, mode)
  local ok, err = trap(watch.wait, watch, mode)
  if ok then return end
  end_all(futures, err)
  error(err, 0)
end

-- A list form has no metatable: an awaitable that is a table has one.
local function is_list(x, ...)
  return select("#", ...) == 0 and type(x) == "table" and getmetatable(x) == nil
end

local function arguments(name, ...)
  if not is_list(...) then return { ... }, select("#", ...), false, "argument %d of " .. name end
  local list = ...
  return list, list_length(list, name, 3), list.return_exceptions, "item %d of " .. name .. "'s list"
end

local function gather(...)
  local list, count, return_exceptions, what = arguments("gather", ...)
  if count == 0 then return { n = 0 } end
  local watch, futures = core.gathering(list, count)
  if not watch then
    futures = ensure_futures(list, count, what)
    watch = core.gathering(futures, count) or core.watch(futures)
  end
  local _ <close> = watch
  wait_for_children(watch, futures, return_exceptions and ALL or FIRST_FAILURE)
  local failed = not return_exceptions and watch:first_failure()
  if failed then failed:result() end
  return results(futures, return_exceptions and wrap or nil)
end

return { gather = gather, arguments = arguments }
