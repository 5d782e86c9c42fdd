-- LuaSocket's UDP objects.
--
--   udp{unconnected} <──> udp{connected}      setpeername
local core, use = ...

local names = use("names")
local object = use("object")

local DATAGRAM_SIZE = 8192 -- bytes of a datagram that are received unless more are asked for

local udp = { DATAGRAM_SIZE = DATAGRAM_SIZE }
local methods, metatable = {}, nil

function udp.new(family)
  local self = object.new(metatable, "udp{unconnected}", family)
  if family then
    local made, err = object.use_family(self, family, "dgram")
    if not made then return nil, err end
  end
  return self
end

-- Calls the Socket's method with the first address for which it succeeds. True, or nil and a message.
local function with_address(self, method, host, port)
  local addresses, err = names.addresses(host, port, self.fixed)
  if not addresses then return nil, err end
  local done
  for _, address in ipairs(addresses) do
    done, err = object.use_family(self, address.family, "dgram")
    if done then done, err = self.raw[method](self.raw, address.host, address.port) end
    if done then return true end
  end
  return nil, err
end

-- setsockname(host, port): 1, or nil and a message.
function methods:setsockname(host, port)
  object.check_class(self, "udp{unconnected}", "setsockname")
  local ok, err = with_address(self, "bind", object.check_string(host, 1, "setsockname"), port)
  if not ok then return nil, err end
  return 1.0
end

-- setpeername(host, port): 1, or nil and a message. "*": no peer.
function methods:setpeername(host, port)
  local ok, err
  if host == "*" then
    ok, err = self.raw:disconnect()
    if ok then self.class = "udp{unconnected}" end
  else
    ok, err = with_address(self, "connect", object.check_string(host, 1, "setpeername"), port)
    if ok then self.class = "udp{connected}" end
  end
  if not ok then return nil, err end
  return 1.0
end

function methods:getpeername()
  object.check_class(self, "udp{connected}", "getpeername")
  return self.raw:getpeername()
end

-- send(data): to the peer; the number of bytes, or nil and a message.
function methods:send(data)
  object.check_class(self, "udp{connected}", "send")
  data = object.check_string(data, 1, "send")
  local sent, err = object.insist(self, true, "send", data, 1, #data)
  if not sent then return nil, err end
  return sent + 0.0
end

-- sendto(data, host, port): the same, to that address.
function methods:sendto(data, host, port)
  object.check_class(self, "udp{unconnected}", "sendto")
  data = object.check_string(data, 1, "sendto")
  local addresses, err = names.addresses(object.check_string(host, 2, "sendto"), port, self.fixed)
  if not addresses then return nil, err end
  local address = addresses[1]
  local ok
  ok, err = object.use_family(self, address.family, "dgram")
  if ok then ok, err = object.insist(self, true, "sendto", data, address.host, address.port) end
  if not ok then return nil, err end
  return #data + 0.0
end

-- receive(size): waits for a datagram; what is longer is lost. Nil and a message.
function methods:receive(size)
  if self.raw:fd() < 0 then return nil, "closed" end
  local data, err = object.insist(self, false, "receivefrom", math.floor(size or DATAGRAM_SIZE))
  if not data then return nil, err end
  return data
end

-- receivefrom(size): the same, with the sender's host and port.
function methods:receivefrom(size)
  object.check_class(self, "udp{unconnected}", "receivefrom")
  if self.raw:fd() < 0 then return nil, "closed" end
  return object.insist(self, false, "receivefrom", math.floor(size or DATAGRAM_SIZE))
end

function methods:dirty()
  return false
end

metatable = object.type(methods, "udp")

return udp
