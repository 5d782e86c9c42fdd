-- Runs a scenario while memory fails: run(file, name, warm, arm, disarm). Gives nothing when it came to its end, else
-- the text of its error. With a file alone: the list of its scenarios.
local file, chosen, warm, arm, disarm = ...

local list, found = {}, nil

-- scenario(name, options, fn): `fn` runs while memory fails; options: clock = "real", sandbox = true, modules = the
-- names of modules that are loaded before.
local function scenario(name, options, fn)
  if fn == nil then options, fn = {}, options end
  list[#list + 1] = { name = name, clock = options.clock, sandbox = options.sandbox }
  if name == chosen then found = { fn = fn, modules = options.modules or {} } end
end

local env = setmetatable({ scenario = scenario }, { __index = _G, __newindex = _G })
assert(loadfile(file, "t", env))()
if chosen == nil then return list end

-- The text of an error with those of its members.
local function describe(err)
  local text = { tostring(err) }
  if type(err) == "table" then
    for _, member in ipairs(type(err.exceptions) == "table" and err.exceptions or {}) do text[#text + 1] = describe(member) end
  end
  return table.concat(text, " | ")
end

for _, name in ipairs(found.modules) do pcall(require, "neap." .. name) end
if warm then
  found.fn()
  collectgarbage()
end
local catch = async.catch
arm()
local ok, err = catch(found.fn)
disarm()
if not ok then return describe(err) end
