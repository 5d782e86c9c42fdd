-- Call graphs: which task waits for which, and where each of them is.
--
-- A future knows who waits for it, so that nothing is kept for these functions while a program runs. They go from
-- task to task by lists of their own: chains may be long, and tasks may wait for one another in a circle.
local core, use = ...

local check_options = use("task").check_options
local TypeError, ValueError = core.errors.TypeError, core.errors.ValueError

local MOST_FRAMES = 50  -- of a task, unless `limit` says otherwise
local MOST_TASKS = 200  -- shown as text
local DEEPEST = 30      -- levels of text
local MOST_CHILDREN = 25 -- shown below one task

-- Who waits for a future -----------------------------------------------------------------------------------------

-- The tasks that wait for it, each once. A done callback whose metatable has `__awaiter` names the task that waits by
-- it: the owner of a task group.
local function awaiters(future)
  local tasks, callbacks = core.waiters(future)
  local list, seen = {}, {}
  local function add(task)
    if task and not seen[task] then
      seen[task] = true
      list[#list + 1] = task
    end
  end
  for _, task in ipairs(tasks) do add(task) end
  for _, callback in ipairs(callbacks) do
    local meta = type(callback) == "table" and getmetatable(callback)
    local awaiter = type(meta) == "table" and meta.__awaiter
    if awaiter then add(awaiter(callback)) end
  end
  return list
end

-- "app.lua:12: in upvalue 'fetch'" -> {file=, line=, name=}; C functions have no line, other lines no file.
local function frame(text)
  local file, line, what = text:match("^(.-):(%d+): in (.*)$")
  if not file then file, what = text:match("^(%[C%]): in (.*)$") end
  if not file then return { name = text } end
  return { file = file, line = math.tointeger(tonumber(line)), name = what:match("'(.*)'$") or what }
end

-- Where a task that is not done is, as texts.
local function stack_texts(future, limit)
  if not core.is_task(future) or future:done() then return {} end
  return future:get_stack(limit)
end

local function call_stack(future, limit)
  local frames = {}
  for i, text in ipairs(stack_texts(future, limit)) do frames[i] = frame(text) end
  return frames
end

-- The arguments of the three functions: the future, by default the current task (nil in a callback); how many frames.
local function check_arguments(future, options, what)
  if future ~= nil and core.kind(future) ~= "future" then
    error(TypeError(("argument 1 of %s must be a Task or a Future, got %s"):format(what, core.type_name(future))), 3)
  end
  local limit = options.limit
  if limit ~= nil and (math.type(limit) ~= "integer" or limit < 0) then
    error(ValueError(("the option 'limit' of %s must be a number of frames, got %s"):format(what, tostring(limit))), 3)
  end
  return future or core.current_task(), limit or MOST_FRAMES
end

-- capture_call_graph(future, {limit=}): {future=, call_stack=, awaited_by=}, the last a list of the same for the tasks
-- that wait for it. A task that is reached twice is the same table twice, also in a circle. nil in a callback.
local function capture_call_graph(future, options)
  options = check_options(options, { limit = true }, "capture_call_graph")
  local limit
  future, limit = check_arguments(future, options, "capture_call_graph")
  if future == nil then return nil end
  local nodes = {}
  local found = {}
  local function node_of(each)
    local node = nodes[each]
    if node == nil then
      node = { future = each, call_stack = call_stack(each, limit), awaited_by = {} }
      nodes[each] = node
      found[#found + 1] = node
    end
    return node
  end
  local root = node_of(future)
  local i = 1
  while found[i] do
    for n, task in ipairs(awaiters(found[i].future)) do found[i].awaited_by[n] = node_of(task) end
    i = i + 1
  end
  return root
end

-- Text -----------------------------------------------------------------------------------------------------------

-- A walk over tasks, from each to `next_of(task)`, which shows every task once and not more than the limits above.
--   show(task, prefix, again)   adds the lines of a task; `again`: it has been shown before
--   left_out(count, prefix)     adds that so many more are not shown
local function walk(roots, next_of, indent, show, left_out)
  local shown, count = {}, 0
  -- Marks everything that is reached from the tasks, and counts what is new.
  local function swallow(tasks, first)
    local new = 0
    local todo = table.move(tasks, first, #tasks, 1, {})
    while #todo > 0 do
      local task = table.remove(todo)
      if not shown[task] then
        shown[task], new = true, new + 1
        for _, other in ipairs(next_of(task)) do todo[#todo + 1] = other end
      end
    end
    return new
  end
  local levels = { { tasks = roots, at = 0, prefix = "" } }
  while #levels > 0 do
    local level = levels[#levels]
    level.at = level.at + 1
    local task = level.tasks[level.at]
    if task == nil then
      levels[#levels] = nil
    elseif count >= MOST_TASKS or #levels > DEEPEST or level.at > MOST_CHILDREN then
      local more = swallow(level.tasks, level.at)
      if more > 0 then left_out(more, level.prefix) end
      levels[#levels] = nil
    else
      local again = shown[task] or false
      shown[task] = true
      count = count + 1
      show(task, level.prefix, again)
      if not again then
        levels[#levels + 1] = { tasks = next_of(task), at = 0, prefix = level.prefix .. indent }
      end
    end
  end
end

local function text_of(x)
  local ok, text = core.catch(tostring, x)
  return ok and text or ("<%s>"):format(core.type_name(x))
end

-- format_call_graph(future, {limit=}): the same as text, in Python's layout; "" in a callback.
local function format_call_graph(future, options)
  options = check_options(options, { limit = true }, "format_call_graph")
  local limit
  future, limit = check_arguments(future, options, "format_call_graph")
  if future == nil then return "" end
  local lines = {}
  local function add(...) lines[#lines + 1] = table.concat { ... } end
  walk({ future }, awaiters, "    ", function(task, prefix, again)
    add(prefix, "* ", text_of(task), again and " (see above)" or "")
    if again then return end
    local frames = stack_texts(task, limit)
    if #frames > 0 then add(prefix, "  + Call stack:") end
    for _, text in ipairs(frames) do add(prefix, "  |   ", text) end
    if #awaiters(task) > 0 then add(prefix, "  + Awaited by:") end
  end, function(count, prefix) add(prefix, "... and ", count, " more") end)
  return table.concat(lines, "\n")
end

-- print_call_graph(future, {file=, limit=}): writes that to the file, stderr by default.
local function print_call_graph(future, options)
  options = check_options(options, { file = true, limit = true }, "print_call_graph")
  local limit
  future, limit = check_arguments(future, options, "print_call_graph")
  local file = options.file or io.stderr
  local ok, write = core.catch(function() return file.write end)
  if not ok or write == nil then
    error(TypeError(("the option 'file' of print_call_graph must be a file, got %s"):format(core.type_name(file))), 2)
  end
  file:write(format_call_graph(future, { limit = limit }), "\n")
end

-- All tasks ------------------------------------------------------------------------------------------------------

-- What a task waits for, by task; and the tasks that nobody waits for.
local function dependencies(tasks)
  local waited_for, roots = {}, {}
  for _, task in ipairs(tasks) do
    local list = awaiters(task)
    for _, awaiter in ipairs(list) do
      local below = waited_for[awaiter] or {}
      waited_for[awaiter] = below
      below[#below + 1] = task
    end
    if #list == 0 then roots[#roots + 1] = task end
  end
  return waited_for, roots
end

-- Adds a task of each circle that no root leads to.
local function add_circles(tasks, roots, waited_for)
  local reached, todo = {}, {}
  local function reach(first)
    todo[1] = first
    while #todo > 0 do
      local task = table.remove(todo)
      if not reached[task] then
        reached[task] = true
        for _, below in ipairs(waited_for[task] or {}) do todo[#todo + 1] = below end
      end
    end
  end
  for _, root in ipairs(roots) do reach(root) end
  for _, task in ipairs(tasks) do
    if not reached[task] then
      roots[#roots + 1] = task
      reach(task)
    end
  end
end

-- "<Task name='a' waiting on <Lock locked by 'b' waiting=1> at app.lua:3>"
local function describe(task)
  local text = text_of(task)
  local object = core.wait_of(task)
  if core.kind(object) == "future" and not core.is_task(object) then text = text .. " for " .. text_of(object) end
  if object ~= nil then return text end
  local place = core.stop_of(task)
  if place == nil then -- it runs
    for _, each in ipairs(call_stack(task, MOST_FRAMES)) do
      if each.line then
        place = ("%s:%d"):format(each.file, each.line)
        break
      end
    end
  end
  if place == nil or text:find(place, 1, true) then return text end
  return ("%s at %s"):format(text, place)
end

-- format_tasks(): every task that is not done, each below the one that waits for it.
local function format_tasks()
  local tasks = core.all_tasks()
  local waited_for, roots = dependencies(tasks)
  add_circles(tasks, roots, waited_for)
  local none = {}
  local lines = { ("%d task%s"):format(#tasks, #tasks == 1 and "" or "s") }
  walk(roots, function(task) return waited_for[task] or none end, "|  ", function(task, prefix, again)
    lines[#lines + 1] = ("%s+- %s"):format(prefix, again and ("'%s' (see above)"):format(task:get_name()) or describe(task))
  end, function(count, prefix)
    lines[#lines + 1] = ("%s+- ... and %d more"):format(prefix, count)
  end)
  return table.concat(lines, "\n")
end

return {
  capture_call_graph = capture_call_graph,
  format_call_graph = format_call_graph,
  print_call_graph = print_call_graph,
  format_tasks = format_tasks,
}
