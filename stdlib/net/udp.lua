-- open_udp: datagrams.
--
--   open ──> closed
local core, use = ...

local async = use("async/init")
local options = use("options")
local getaddrinfo = use("resolve").getaddrinfo

local UdpSocket = { __name = "UdpSocket" }
UdpSocket.__index = UdpSocket

-- The numeric address of a host for a socket of the family.
local function find(host, port, family)
  if core.is_numeric(host) then return host end
  local address = getaddrinfo(host, { port = port, family = family, type = "dgram" })[1]
  return address.scope_id and ("%s%%%d"):format(address.host, address.scope_id) or address.host
end

local function text_of(address)
  return (address.host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(address.host, address.port)
end

-- send(data, host, port): waits for the look-up of a name, and while the system takes nothing; the socket. Without a
-- host to the address of `connect`.
function UdpSocket:send(data, host, port)
  if type(data) ~= "string" then
    error(async.TypeError("argument 1 (data) of UdpSocket:send must be a string, got " .. type(data)), 2)
  end
  if host ~= nil or port ~= nil then
    options.check_host(host, "UdpSocket:send", "argument 2 (host)")
    options.check_port(port, "UdpSocket:send", "argument 3 (port)")
    host = find(host, port, self.family)
  elseif not self.connected then
    error(async.RuntimeError("UdpSocket:send needs a host and a port, or connect() before"), 2)
  end
  self.socket:send(data, host, port)
  return self
end

-- receive(): waits for a datagram; its data, and the host and the port of its sender.
function UdpSocket:receive()
  local data, from = self.socket:receive()
  return data, from.host, from.port
end

-- connect(host, port): from now on sends there, and receives from there only. Waits for the look-up of a name.
function UdpSocket:connect(host, port)
  options.check_host(host, "UdpSocket:connect")
  options.check_port(port, "UdpSocket:connect")
  self.socket:connect(find(host, port, self.family), port)
  self.connected = true
  return self
end

-- address(): {host=, port=}; nil once closed.
function UdpSocket:address()
  return self.socket:address()
end

-- peer(): {host=, port=} of `connect`; nil without.
function UdpSocket:peer()
  return self.socket:address(true)
end

-- close(): a task that waits for a datagram gets a RuntimeError.
function UdpSocket:close()
  self.closed = true
  self.socket:close()
end

function UdpSocket:is_closing()
  return self.closed
end

UdpSocket.__close = UdpSocket.close

function UdpSocket:__tostring()
  if self.closed then return ("<UdpSocket %s closed>"):format(self.name) end
  local peer = self:peer()
  return ("<UdpSocket %s %s>"):format(self.name, peer and "connected to " .. text_of(peer) or "open")
end

use("async/checked").checked(UdpSocket, UdpSocket)

local known = {
  host = "string",
  port = "number",
  family = "string",
  broadcast = "boolean",
  reuse_address = "boolean",
  reuse_port = "boolean",
}

-- open_udp{host=, port=, family=, broadcast=, reuse_address=, reuse_port=}: waits for the look-up of a name. Without a
-- host it is bound to all of the machine's addresses of the family, without a port to one that the system picks.
local function open_udp(given)
  given = options.check(given, known, "open_udp")
  local port, family = given.port or 0, given.family
  options.check_port(port, "open_udp", "the option 'port'")
  if family ~= nil and family ~= "inet" and family ~= "inet6" then
    error(async.ValueError(("the option 'family' of open_udp must be 'inet' or 'inet6', got %q"):format(family)), 2)
  end
  local host = given.host or (family == "inet6" and "::" or "0.0.0.0")
  host = find(host, port, family)
  local self = setmetatable({ closed = false, connected = false }, UdpSocket)
  self.family = host:find(":", 1, true) and "inet6" or "inet"
  self.socket = core.open_udp(host, port, given.broadcast, given.reuse_address, given.reuse_port)
  self.name = text_of(self:address())
  return self
end

return { open_udp = open_udp }
