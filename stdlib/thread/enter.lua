-- What a call runs first in its thread, when it needs modules: their bodies may wait, which they can here only.
local core, use = ...

-- enter(take, module...): `take` gives the function and its arguments, which are made of what is in the modules.
local function call(fn, ...)
  return fn(...)
end

return function(take, ...)
  for i = 1, select("#", ...) do require((select(i, ...))) end
  return call(take())
end
