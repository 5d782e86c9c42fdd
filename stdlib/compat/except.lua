-- newtry and protect: errors of the network as exceptions, and back again.
local Exception = {} -- the metatable of what `try` raises; the message is at 1

-- newtry(finalizer): a function that returns its arguments, or, when the first one is false, calls the finalizer and
-- raises the second one.
local function newtry(finalizer)
  return function(...)
    if (...) then return ... end
    local message = select(2, ...)
    if finalizer then finalizer() end
    error(setmetatable({ message }, Exception), 0)
  end
end

local function results(ok, ...)
  if ok then return ... end
  local err = ...
  if getmetatable(err) == Exception then return nil, err[1] end
  error(err, 0)
end

-- protect(fn): the function that returns nil and the message of what a `try` in fn raises. Every other error passes, a
-- cancellation too.
local function protect(fn)
  return function(...) return results(pcall(fn, ...)) end
end

return { newtry = newtry, protect = protect }
