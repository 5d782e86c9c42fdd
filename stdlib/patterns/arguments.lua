-- Checks of what a function of this module is given. An error is raised at the line of its caller
-- and names the value, the limit and the way out.
--
-- A kind of argument is a function(value): true, what the value stands for; or an error class and
-- what it must be.
local _, use = ...

local native = use("async/native")
local errors = native.errors
local TypeError, ValueError = errors.TypeError, errors.ValueError

-- The value as a message shows it.
local function shown(value)
  if type(value) == "number" or type(value) == "boolean" then return tostring(value) end
  if type(value) == "string" then return ("the string %q"):format(value) end
  return native.type_name(value)
end

local function complain(class, what, must_be, value, level)
  error(class(("%s must be %s, got %s"):format(what, must_be, shown(value))), level + 1)
end

-- check(value, kind, what, level): what the value stands for. `level` is that of error(), for the
-- function that calls this: 2 is its caller.
local function check(value, kind, what, level)
  local class, result = kind(value)
  if class == true then return result end
  complain(class, what, result, value, level + 1)
end

local kinds = {}

local function in_range(value, limits)
  if value ~= value then return false end
  if value == math.huge then return limits.forever end
  return (not limits.from or value >= limits.from) and (not limits.above or value > limits.above)
    and (not limits.to or value <= limits.to)
end

local function range_text(what, limits)
  local text = what
  if limits.to then
    text = ("%s from %s to %s"):format(text, limits.from, limits.to)
  elseif limits.from then
    text = ("%s from %s on"):format(text, limits.from)
  elseif limits.above then
    text = ("%s above %s"):format(text, limits.above)
  end
  return limits.forever and text .. ", or math.huge for no limit" or text
end

-- A number: {from=, above=, to=, forever=}, `forever` being true where math.huge is a value too.
function kinds.number(limits, what)
  local text = range_text(what or "a number", limits)
  return function(value)
    if type(value) ~= "number" then return TypeError, text end
    if not in_range(value, limits) then return ValueError, text end
    return true, value
  end
end

function kinds.seconds(limits)
  return kinds.number(limits, "a number of seconds")
end

-- An integer, or a float that is one.
function kinds.count(limits)
  local text = range_text("an integer", limits)
  return function(value)
    if type(value) ~= "number" then return TypeError, text end
    local integer = math.tointeger(value)
    if not integer and value ~= math.huge then return ValueError, text end
    if not in_range(value, limits) then return ValueError, text end
    return true, integer or value
  end
end

function kinds.flag(value)
  if type(value) ~= "boolean" then return TypeError, "true or false" end
  return true, value
end

function kinds.text(value)
  if type(value) ~= "string" then return TypeError, "a string" end
  return true, value
end

function kinds.callable(value)
  if native.kind(value) == "coroutine" then
    return TypeError,
      "a function; a Coroutine is one call that runs once, so pass the async function itself"
  end
  local meta = getmetatable(value)
  local is_callable = type(value) == "function" or (type(meta) == "table" and meta.__call)
  if is_callable then return true, value end
  return TypeError, "a function"
end

-- One of the strings.
function kinds.one_of(...)
  local names = { ... }
  local text = '"' .. table.concat(names, '", "', 1, #names - 1) .. '" or "' .. names[#names] .. '"'
  return function(value)
    if type(value) ~= "string" then return TypeError, text end
    for _, name in ipairs(names) do
      if value == name then return true, value end
    end
    return ValueError, text
  end
end

-- Which errors are meant: a class, a list of classes, or a function of the error.
function kinds.errors(value)
  if type(value) == "function" then return true, value end
  local is_list = type(value) == "table" and getmetatable(value) == nil
  local list = is_list and value or { value }
  local text = "an error class such as async.OSError, a list of classes, or a function of the error"
  if #list == 0 then return TypeError, text end
  for _, class in ipairs(list) do
    if not pcall(native.is, nil, class) then return TypeError, text end
  end
  return true, value
end

-- Either of two kinds, told apart by type(value).
function kinds.by_type(by_type, otherwise)
  return function(value)
    return (by_type[type(value)] or otherwise)(value)
  end
end

local function names_of(spec)
  local names = {}
  for name in pairs(spec) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

-- options(given, spec, what, level): a table with a value for each name of the spec: {kind,
-- default}. Others are refused.
local function options(given, spec, what, level)
  if given == nil then given = {} end
  if type(given) ~= "table" or getmetatable(given) ~= nil then
    complain(TypeError, "the options of " .. what, "a table", given, level + 1)
  end
  for name in pairs(given) do
    if spec[name] == nil then
      error(TypeError(("%s has no option '%s', only %s"):format(what, tostring(name),
        names_of(spec))), level + 1)
    end
  end
  local read = {}
  for name, entry in pairs(spec) do
    local value = given[name]
    if value == nil then
      read[name] = entry[2]
    else
      read[name] = check(value, entry[1], ("the option '%s' of %s"):format(name, what), level + 1)
    end
  end
  return read
end

-- is_meant(condition, err): an error of those meant; by default every one. A cancellation is none.
local function is_meant(condition, err)
  if native.is(err, errors.CancelledError) then return false end
  return condition == nil or use("async/groups").matches(err, condition)
end

-- Seconds for people.
local function duration(seconds)
  if seconds == math.huge then return "for ever" end
  local text = ("%.3f"):format(seconds):gsub("%.?0+$", "")
  return text .. (text == "1" and " second" or " seconds")
end

return {
  check = check,
  options = options,
  kinds = kinds,
  is_meant = is_meant,
  duration = duration,
  shown = shown,
}
