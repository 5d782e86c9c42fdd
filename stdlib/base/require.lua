-- `require` whose modules may wait while they load.
--
-- Stock `require` is a C function that calls the loader, so that nothing in a module's body could wait. This
-- one is Lua. While a task loads a module, others that require it wait for that load; a load that fails or is
-- cancelled leaves nothing behind, and the next require starts it again.
local core = ...

local loading = {} -- name -> { owner = task, finished = Future, waits_for = load that the owner waits for }
local waiting = {} -- task -> the load it waits for

-- Tries package.searchers in order, as the manual says. Errors are those of require's caller: run_loader is
-- called in its place.
local function find_loader(name)
  if package.preload[name] == nil then core.check_module(name) end
  local searchers = package.searchers
  if type(searchers) ~= "table" then error("'package.searchers' must be a table", 3) end
  local messages = {}
  for i = 1, math.huge do
    local searcher = searchers[i]
    if searcher == nil then break end
    local loader, data = searcher(name)
    if type(loader) == "function" then return loader, data end
    if type(loader) == "string" then messages[#messages + 1] = (loader:gsub("^\n?\t?", "\n\t")) end
  end
  error(("module '%s' not found:%s"):format(name, table.concat(messages)), 3)
end

-- True when `load` cannot end before `task` goes on: its owner is that task, or waits for one that is.
local function depends_on(load, task)
  while load do
    if load.owner == task then return true end
    load = waiting[load.owner]
  end
  return false
end

local function finish(load, name)
  loading[name] = nil
  load.finished:set_result()
end

-- Finds and runs the loader; on any error what the module had put in package.loaded goes.
local function run_loader(name)
  local load = { owner = core.current_task(), finished = core.Future() }
  loading[name] = load
  local complete = false
  local guard <close> = setmetatable({}, {
    __close = function()
      if not complete then package.loaded[name] = nil end
      finish(load, name)
    end,
  })
  local loader, data = find_loader(name)
  local value = loader(name, data)
  if value ~= nil then
    package.loaded[name] = value
  elseif package.loaded[name] == nil then
    package.loaded[name] = true
  end
  complete = true
  return package.loaded[name], data
end

local function wait_for(load, name)
  local task = core.current_task()
  if depends_on(load, task) then
    error(("loop in require: module '%s' is being loaded and requires itself"):format(name), 3)
  end
  waiting[task] = load
  local guard <close> = setmetatable({}, { __close = function() waiting[task] = nil end })
  core.shielded_wait(load.finished)
end

return function(name)
  if type(name) ~= "string" then
    if type(name) ~= "number" then
      error(("bad argument #1 to 'require' (string expected, got %s)"):format(name == nil and "no value" or type(name)), 2)
    end
    name = tostring(name)
  end
  while true do
    local load = loading[name]
    if load == nil then
      local value = package.loaded[name]
      if value ~= nil and value ~= false then return value end
      return run_loader(name)
    end
    -- A module that has set package.loaded itself may be required by what it loads, as in stock Lua.
    if load.owner == core.current_task() and package.loaded[name] ~= nil then return package.loaded[name] end
    wait_for(load, name)
  end
end
