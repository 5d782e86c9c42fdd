-- The compat module: libraries that others know, on neap's loop.
local core, use = ...

local names = { socket = true }

-- Each is loaded at first use, because that has an effect: see socket.lua.
return setmetatable({}, {
  __index = function(module, name)
    if not names[name] then return nil end
    local value = use(name)
    rawset(module, name, value)
    return value
  end,
})
