-- The stubs stdlib/NAME/NAME.d.lua and what is really there: every name of a module is in its stub, and every
-- name of a stub in the module; the same for the methods and fields of the stub's classes.
--
-- A class is known by an instance: tests/stdlib/NAME/samples.lua returns, for each class that the stub gives a
-- variable, by the last part of its name, a function(visit) that makes one, calls visit(instance) and cleans up.
-- A class without a variable (options) is not checked.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/stdlib/[^/]+$")

local function lines_of(path)
  local file = io.open(path)
  if file == nil then return nil end
  local lines = {}
  for line in file:lines() do lines[#lines + 1] = line end
  file:close()
  return lines
end

-- Reads a stub. Returns its classes by name, {bases=, names=, holder=}, and the names of its variables:
-- names[variable] is the set of what was put into it. A field marked optional has the value "optional".
local function parse(lines)
  local classes, variables, class = {}, {}, nil
  local function names_of(variable)
    variables[variable] = variables[variable] or {}
    return variables[variable]
  end
  for _, line in ipairs(lines) do
    local name, bases = line:match("^%-%-%-@class%s+([%w_.]+)%s*:?%s*(.*)$")
    if name then
      class = { name = name, bases = {}, names = {} }
      for base in bases:gmatch("[%w_.]+") do class.bases[#class.bases + 1] = base end
      classes[name] = class
    elseif class and line:match("^%-%-%-@field") then
      local field, optional = line:match("^%-%-%-@field%s+([%a_][%w_]*)(%??)%s")
      if field then class.names[field] = optional == "?" and "optional" or "field" end
    elseif not line:match("^%s*%-%-") then
      local variable = line:match("^local%s+([%w_]+)%s*=") or line:match("^([%w_.]+)%s*=")
      if variable then
        local holder, key = variable:match("^(.*)%.([%w_]+)$")
        if holder then names_of(holder)[key] = "value" end
        if class then
          class.holder, variables[variable] = variable, class.names
        end
      end
      local holder, key = line:match("^function%s+([%w_.]+)[.:]([%w_]+)%s*%(")
      if holder then names_of(holder)[key] = "function" end
      class = nil
    end
  end
  return classes, variables
end

-- All names of a class, those of its bases included.
local function all_names(classes, name, into)
  into = into or {}
  local class = classes[name]
  if class == nil then return into end
  for key, kind in pairs(class.names) do into[key] = kind end
  for _, base in ipairs(class.bases) do all_names(classes, base, into) end
  return into
end

-- The methods that an instance has, through its metatable and the tables behind it.
local function methods_of(instance)
  local found = {}
  local place = instance
  while true do
    local meta = getmetatable(place)
    place = meta and rawget(meta, "__index")
    if type(place) == "function" then place = meta end -- methods beside a function that finds fields
    if type(place) ~= "table" then return found end
    for key, value in next, place do
      if type(key) == "string" and type(value) == "function" and not key:match("^__") then found[key] = true end
    end
    if place == meta and type(rawget(meta, "__index")) == "function" then return found end
  end
end

local function report(problems)
  table.sort(problems)
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end

-- instance[key], or nil when asking raises.
local function get(instance, key)
  local ok, value = pcall(function() return instance[key] end)
  if ok then return value end
end

local function compare(instance, names, methods, what)
  local problems = {}
  for key in pairs(methods) do
    if names[key] == nil then problems[#problems + 1] = ("%s.%s is not in the stub"):format(what, key) end
  end
  for key, kind in pairs(names) do
    if kind ~= "optional" and get(instance, key) == nil then
      problems[#problems + 1] = ("the stub has %s.%s, which does not exist"):format(what, key)
    end
  end
  report(problems)
end

local function check_module(module, value, variables)
  local names, keys = {}, {}
  for key, kind in pairs(variables[module] or {}) do names[key] = kind end
  for key in pairs(value) do keys[key] = true end
  compare(value, names, keys, module)
end

local function check_class(module, class, classes)
  local path = ("tests/stdlib/%s/samples.lua"):format(module)
  local load_samples = loadfile(root .. "/" .. path)
  local sample = load_samples and load_samples()[class:match("[^.]+$")]
  if sample == nil then error(("%s makes no instance of %s"):format(path, class), 0) end
  local visited = false
  sample(function(instance)
    visited = true
    compare(instance, all_names(classes, class), methods_of(instance), class)
  end)
  check(visited, "the sample was never shown")
end

-- pairs in the order of the keys, so that the tests come in the same order in every run.
local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  local i = 0
  return function()
    i = i + 1
    return keys[i], t[keys[i]]
  end
end

-- The prompt's module is a folder beside stdlib.
local function file_of(module, file)
  return (module == "repl" and "" or "stdlib/") .. module .. "/" .. file
end

local modules = { async = async }
for name, value in pairs(neap) do modules[name] = value end
for module, value in sorted(modules) do
  local path = file_of(module, module .. ".d.lua")
  local lines = lines_of(root .. "/" .. path)
  if lines then
    local classes, variables = parse(lines)
    test(path .. " is Lua", function() assert(loadfile(root .. "/" .. path)) end)
    test(path .. " has the names of the module", function() check_module(module, value, variables) end)
    for name, class in sorted(classes) do
      if class.holder and class.holder ~= module then
        test(("%s has the names of %s"):format(path, name), function() check_class(module, name, classes) end)
      end
    end
  end
end

test("every module has a stub and a reference page", function()
  local problems = {}
  for module in pairs(modules) do
    for _, file in ipairs { module .. ".d.lua", "README.md" } do
      local path = file_of(module, file)
      if lines_of(root .. "/" .. path) == nil then problems[#problems + 1] = "there is no " .. path end
    end
  end
  report(problems)
end)
