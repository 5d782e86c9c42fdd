-- Calls a function of the script: an async function's call is awaited.
local _, use = ...

local native = use("async/native")

local function settle(...)
  if native.kind((...)) == "coroutine" then return native.await((...)) end
  return ...
end

-- call(fn, ...): all results of fn(...).
return function(fn, ...)
  return settle(fn(...))
end
