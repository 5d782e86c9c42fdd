-- Lua's functions as they were when the prompt was loaded. At a prompt people write `table = {}` and `type = "circle"`,
-- and their values are to be shown all the same. A file of this module that runs while they do begins with
--
--   local core, use = ...
--   local _ENV = use("globals")
local copied = { string = true, table = true, math = true, utf8 = true, coroutine = true, debug = true }

local function copy(t)
  local new = {}
  for key, value in next, t do new[key] = value end
  return new
end

local globals = copy(_G)
for name in next, copied do globals[name] = copy(globals[name]) end
return globals
