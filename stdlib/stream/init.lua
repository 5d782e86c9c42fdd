-- The stream module: the process's own Streams. Connections and servers are in net, processes' pipes in process.
local core = ...

-- Opened at first use.
local numbers = { stdin = 0, stdout = 1, stderr = 2 }

return setmetatable({}, {
  __index = function(module, name)
    local number = numbers[name]
    if number == nil then return nil end
    local stream = core.stdio(number)
    rawset(module, name, stream)
    return stream
  end,
})
