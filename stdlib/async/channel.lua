-- Channel, select and on_timeout: their work is done in C++ (runtime/task/channel.hpp, select.hpp).
local core = ...

local select_case = core.select

local function answer(fn, ...)
  if fn == nil then return ... end
  return fn(...)
end

-- select(cases): calls the function of the case that has happened. As the last act: so a chain of selects, each in the
-- function of the one before, needs no stack.
local function select(cases)
  return answer(select_case(cases))
end

return { Channel = core.Channel, select = select, on_timeout = core.on_timeout }
