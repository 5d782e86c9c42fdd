-- limit: what a part of a program may use.
local core = ...

local new_limit = core.limit
local TypeError = core.errors.TypeError

local function run_in(scope, fn, ...)
  local inner <close> = scope
  return fn(...)
end

-- limit{...}: a scope; limit({...}, fn, ...): what fn(...) returns, or LimitError.
local function limit(limits, fn, ...)
  if fn == nil then return new_limit(limits) end
  local meta = getmetatable(fn)
  if type(fn) ~= "function" and not (type(meta) == "table" and meta.__call) then
    error(TypeError("argument 2 of limit must be a function, got " .. core.type_name(fn)), 2)
  end
  return run_in(new_limit(limits), fn, ...)
end

return { limit = limit }
