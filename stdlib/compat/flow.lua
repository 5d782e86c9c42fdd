-- Sockets as LTN12 sources and sinks.
local BLOCK_SIZE = 2048

-- choose(choices): a function that calls the choice its first argument names; without a name the default.
local function choose(choices)
  return function(name, ...)
    if type(name) ~= "string" then return choices["default"](name, ...) end
    local choice = choices[name]
    if choice == nil then error("unknown key (" .. name .. ")", 2) end
    return choice(...)
  end
end

-- A function of the socket that can be selected on as the socket can.
local function flow(sock, fn)
  return setmetatable({
    getfd = function() return sock:getfd() end,
    dirty = function() return sock:dirty() end,
  }, { __call = function(_, ...) return fn(...) end })
end

local sources, sinks = {}, {}

sources["by-length"] = function(sock, length)
  return flow(sock, function()
    if length <= 0 then return nil end
    local chunk, err = sock:receive(math.min(BLOCK_SIZE, length))
    if err then return nil, err end
    length = length - #chunk
    return chunk
  end)
end

sources["until-closed"] = function(sock)
  local ended = false
  return flow(sock, function()
    if ended then return nil end
    local chunk, err, rest = sock:receive(BLOCK_SIZE)
    if not err then return chunk end
    if err ~= "closed" then return nil, err end
    ended = true
    sock:close()
    return rest
  end)
end

sinks["keep-open"] = function(sock)
  return flow(sock, function(chunk)
    if chunk then return sock:send(chunk) end
    return 1
  end)
end

sinks["close-when-done"] = function(sock)
  return flow(sock, function(chunk)
    if chunk then return sock:send(chunk) end
    sock:close()
    return 1
  end)
end

sources["default"] = sources["until-closed"]
sinks["default"] = sinks["keep-open"]

return {
  BLOCK_SIZE = BLOCK_SIZE,
  choose = choose,
  sources = sources,
  source = choose(sources),
  sinks = sinks,
  sink = choose(sinks),
}
