-- What the functions of this module, and of process, check alike.
local core, use = ...

local async = use("async/init")
local TypeError, ValueError = async.TypeError, async.ValueError

local options = {}

-- Raises for a value that is not of the kind, at the caller of the function that calls `check`.
local function check_value(name, value, kind, what)
  local right = kind == "any" or kind == "count" and math.type(value) == "integer" or type(value) == kind
  if not right then
    error(TypeError(("the option '%s' of %s must be %s, got %s"):format(name, what,
      kind == "count" and "an integer" or "a " .. kind, type(value))), 4)
  end
  if kind == "count" and value < 1 then
    error(ValueError(("the option '%s' of %s must be 1 or more, got %d"):format(name, what, value)), 4)
  end
end

-- A table of options with known names, or an error at the caller's caller. known[name] is a type, "count" (an integer
-- from 1 on) or "any". What its metatable adds counts as well.
function options.check(given, known, what)
  if given == nil then return {} end
  if type(given) ~= "table" then
    error(TypeError(("the options of %s must be a table, got %s"):format(what, type(given))), 3)
  end
  for name, value in next, given do
    local kind = known[name]
    if kind == nil then
      local names = {}
      for each in pairs(known) do names[#names + 1] = each end
      table.sort(names)
      error(TypeError(("%s has no option '%s', only %s"):format(what, tostring(name), table.concat(names, ", "))), 3)
    end
    check_value(name, value, kind, what)
  end
  if getmetatable(given) == nil then return given end
  for name, kind in next, known do
    local value = given[name]
    if value ~= nil then check_value(name, value, kind, what) end
  end
  return given
end

-- `argument` is what it is called in messages.
function options.check_host(host, what, argument)
  if type(host) == "string" then return end
  error(TypeError(("%s of %s must be a string, got %s"):format(argument or "argument 1 (host)", what, type(host))), 3)
end

-- The path of a Unix socket, which the system holds in a field of fixed size.
function options.check_path(path, what, argument)
  if type(path) ~= "string" then
    error(TypeError(("argument %d (path) of %s must be a string, got %s"):format(argument, what, type(path))), 3)
  end
  if path == "" or path:find("\0", 1, true) or #path > core.longest_path then
    local message = "argument %d (path) of %s must have 1 to %d bytes and no zero among them, got %d bytes: %q"
    error(ValueError(message:format(argument, what, core.longest_path, #path, path)), 3)
  end
end

function options.check_port(port, what, argument)
  argument = argument or "argument 2 (port)"
  if math.type(port) ~= "integer" then
    error(TypeError(("%s of %s must be an integer, got %s"):format(argument, what, type(port))), 3)
  end
  if port < 0 or port > 65535 then
    error(ValueError(("%s of %s must be from 0 to 65535, got %d"):format(argument, what, port)), 3)
  end
end

return options
