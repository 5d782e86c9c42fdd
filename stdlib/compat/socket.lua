-- LuaSocket's module `socket`, and its `socket.core`: the same table, as there.
--
-- Loading it makes it what `require "socket"` gives, so that the parts of LuaSocket that are written in Lua, and the
-- clients built on them, are loaded on top of it.
local core, use = ...

local async = use("async/init")
local object = use("object")
local except, flow, tcp, udp = use("except"), use("flow"), use("tcp"), use("udp")

local socket = {
  _VERSION = "LuaSocket 3.0.0",
  _DATAGRAMSIZE = udp.DATAGRAM_SIZE,
  _SETSIZE = 1024,
  _SOCKETINVALID = -1,
  BLOCKSIZE = flow.BLOCK_SIZE,
  connect = tcp.connect,
  bind = tcp.bind,
  dns = use("dns"),
  gettime = core.gettime,
  newtry = except.newtry,
  protect = except.protect,
  try = except.newtry(),
  select = use("select"),
  choose = flow.choose,
  source = flow.source,
  sourcet = flow.sources,
  sink = flow.sink,
  sinkt = flow.sinks,
}

function socket.tcp() return tcp.new() end
function socket.tcp4() return tcp.new("inet") end
function socket.tcp6() return tcp.new("inet6") end
function socket.udp() return udp.new() end
function socket.udp4() return udp.new("inet") end
function socket.udp6() return udp.new("inet6") end

function socket.connect4(host, port, from_host, from_port)
  return tcp.connect(host, port, from_host, from_port, "inet")
end

function socket.connect6(host, port, from_host, from_port)
  return tcp.connect(host, port, from_host, from_port, "inet6")
end

-- skip(count, ...): all but so many.
function socket.skip(count, ...)
  count = object.check_number(count, 1, "skip")
  return select(math.floor(math.max(count, 0)) + 1, ...)
end

function socket.sleep(seconds)
  async.sleep(math.max(object.check_number(seconds, 1, "sleep"), 0))
end

function socket.__unload() end

package.loaded["socket"] = socket
package.loaded["socket.core"] = socket
return socket
