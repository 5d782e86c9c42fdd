-- Two Streams that are connected to each other, for the tests of streams and servers.
--
--   local a, b <close> = pair()          a <close> of the second one closes both
--   local a, b <close> = pair { unix = true, limit = 10 }
local function connected(options)
  local accepted = async.Future()
  local function handler(stream)
    stream:detach()
    accepted:set_result(stream)
  end
  local unix, server, near = options.unix, nil, nil
  options.unix = nil
  if unix then
    local path = os.tmpname()
    os.remove(path)
    server = async.start_unix_server(handler, path, options)
    near = async.open_unix_connection(path, options)
  else
    server = async.start_server(handler, "127.0.0.1", 0, options)
    near = async.open_connection("127.0.0.1", server:address().port, options)
  end
  local far = await(accepted)
  server:close()
  server:wait_closed()
  return near, far
end

return function(options)
  local near, far = connected(options or {})
  local both = setmetatable({}, {
    __index = function(_, name)
      return function(_, ...) return far[name](far, ...) end
    end,
    __tostring = function() return tostring(far) end,
    __close = function()
      near:abort()
      far:abort()
      near:wait_closed()
      far:wait_closed()
    end,
  })
  return near, both, far
end
