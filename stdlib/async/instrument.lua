-- Instruments: functions that are told what the scheduler does. With none installed, nothing is spent on them.
--
-- They run between the steps of tasks, cannot wait, and see the events in the order in which they happened: those
-- inside a step when it is over. One that raises an error is reported and taken out.
local core, use = ...

local TypeError, ValueError = core.errors.TypeError, core.errors.ValueError

local known = {}
for _, event in ipairs(core.events) do known[event] = true end

local installed = {} -- a list of {instrument=, functions=}; never changed: adding and removing make another

local remove

local function tell(entry, event, x)
  local fn = entry.functions[event]
  if fn == nil or entry.removed then return end -- removed by another one that was told of the same event
  local ok, err = core.catch(fn, x)
  if ok then return end
  core.report {
    message = ("Exception in the instrument's %s; the instrument has been removed"):format(event),
    exception = err,
  }
  for _, each in ipairs(installed) do
    if each == entry then return remove(entry.instrument) end
  end
end

local function teller(event)
  for _, entry in ipairs(installed) do
    if entry.functions[event] then
      return function(x)
        for _, each in ipairs(installed) do tell(each, event, x) end
      end
    end
  end
end

local function install(list)
  installed = list
  for event in pairs(known) do core.set_instrument(event, teller(event)) end
end

local function place_of(instrument)
  for i, entry in ipairs(installed) do
    if entry.instrument == instrument then return i end
  end
end

-- A copy of the list, without the entry at `place`.
local function without(place)
  local list = {}
  for i, entry in ipairs(installed) do
    if i ~= place then list[#list + 1] = entry end
  end
  return list
end

local function add(instrument)
  local functions = {}
  for event, fn in pairs(use("task").check_options(instrument, known, "add_instrument")) do
    if type(fn) ~= "function" then
      error(TypeError(("the instrument's '%s' must be a function, got %s"):format(event, core.type_name(fn))), 3)
    end
    functions[event] = use("context").bind(fn)
  end
  if next(functions) == nil then
    error(TypeError("add_instrument takes a table of functions, such as {before_step = function(task) ... end}"), 3)
  end
  if place_of(instrument) then error(ValueError("the instrument has been added already"), 3) end
  local list = without(nil)
  list[#list + 1] = { instrument = instrument, functions = functions }
  install(list)
end

function remove(instrument)
  local place = place_of(instrument)
  if not place then error(ValueError("remove_instrument: the instrument is not installed"), 3) end
  installed[place].removed = true
  install(without(place))
end

return { add = add, remove = remove }
