-- create_task, all_tasks, and how anything awaitable becomes a future.
local core, use = ...

local spawn, kind, type_name = core.spawn, core.kind, core.type_name
local TypeError, ValueError = core.errors.TypeError, core.errors.ValueError

local MOST_ITEMS = 0x7fffffff

local function check_options(options, known, what)
  if options == nil then return {} end
  if type(options) ~= "table" then
    error(TypeError(("the options of %s must be a table, got %s"):format(what, type_name(options))), 3)
  end
  for name in pairs(options) do
    if not known[name] then
      local names = {}
      for each in pairs(known) do names[#names + 1] = each end
      table.sort(names)
      error(TypeError(("%s has no option '%s', only %s"):format(what, tostring(name), table.concat(names, ", "))), 3)
    end
  end
  return options
end

local task_options = { name = true, eager = true, context = true }

-- create_task(x, {name=, context=, eager=}): a task of a Coroutine, a function, or a value with __await. It runs in
-- the Context given, or in a copy of its maker's. An eager task runs at once, until it waits for the first time.
local function create_task(x, options)
  options = check_options(options, task_options, "create_task")
  local context = options.context
  if context ~= nil and not use("context").is_context(context) then
    error(TypeError(("the option 'context' of create_task must be a Context such as async.copy_context() gives, got %s")
      :format(type_name(context))), 2)
  end
  local task = kind(x) == "await" and spawn(core.await, x) or spawn(x)
  if options.name ~= nil then task:set_name(options.name) end
  if context ~= nil then core.set_task_context(task, context) end
  if options.eager then core.start_now(task) end
  return task
end

-- `what` is the place of x, as in "argument 1 of gather".
local function slip(x, what)
  if x == nil then
    return TypeError(what .. " is nil, the result of a call that already ran; pass a function or a task")
  end
  return TypeError(("%s is a %s; pass a function, a Coroutine, a Task or a Future"):format(what, type_name(x)))
end

-- How many items a list that was given has: its `n`, or what `#` says. `what` names its function, `level` is the
-- caller's for error().
local function list_length(list, what, level)
  local n = list.n
  if n == nil then return #list end
  if math.type(n) ~= "integer" then
    error(TypeError(("the field 'n' of %s's list must be an integer, got %s"):format(what,
      type(n) == "number" and tostring(n) or type_name(n))), level + 1)
  end
  if n < 0 or n > MOST_ITEMS then
    error(ValueError(("the field 'n' of %s's list must be from 0 to %d, got %d"):format(what, MOST_ITEMS, n)), level + 1)
  end
  return n
end

-- Turns a list of awaitables into a list of futures. The same Coroutine given twice becomes one task; the
-- same function given twice is two calls. Everything is checked before anything is started. `what` is the place
-- of an item, as in "argument %d of gather".
local function ensure_futures(list, count, what)
  local futures, made = core.all_futures(list, count), nil
  if futures then return futures end
  local kinds = {}
  for i = 1, count do
    kinds[i] = kind(list[i])
    if kinds[i] == nil then error(slip(list[i], what:format(i)), 3) end
  end
  futures = {}
  for i = 1, count do
    local x = list[i]
    if kinds[i] == "future" then
      futures[i] = x
    elseif kinds[i] == "function" then
      futures[i] = spawn(x)
    else
      made = made or {}
      made[x] = made[x] or create_task(x)
      futures[i] = made[x]
    end
  end
  return futures
end

local function ensure_future(x, what)
  local k = kind(x)
  if k == "future" then return x end
  if k == nil then error(slip(x, what), 3) end
  return create_task(x)
end

-- all_tasks(): every task that is not done, oldest first, but those that only wait in async.run.
local function all_tasks()
  local list = core.all_tasks()
  local hidden = core.hidden_tasks
  if not hidden then return list end
  local shown = {}
  for _, task in ipairs(list) do
    if not hidden[task] then shown[#shown + 1] = task end
  end
  return shown
end

return {
  create_task = create_task,
  all_tasks = all_tasks,
  ensure_futures = ensure_futures,
  ensure_future = ensure_future,
  check_options = check_options,
  list_length = list_length,
}
