---@meta neap.compat

-- Types of neap.compat for lua-language-server.

---Libraries that others know, on neap's loop.
---@class compat
---@field socket compat.Socket LuaSocket's `socket`. Loading it makes it what `require "socket"` gives.
local compat = {}

---LuaSocket's module `socket`.
---@class compat.Socket
---@field _VERSION string
---@field BLOCKSIZE integer bytes that sources read at a time
---@field dns compat.Dns
---@field sourcet table<string, function> the kinds of sources
---@field sinkt table<string, function> the kinds of sinks
local Socket = {}

---A TCP object of any family.
---@return compat.Tcp
function Socket.tcp() end

---A TCP object of IPv4.
---@return compat.Tcp? master, string? err
function Socket.tcp4() end

---A TCP object of IPv6.
---@return compat.Tcp? master, string? err
function Socket.tcp6() end

---A UDP object of any family.
---@return compat.Udp
function Socket.udp() end

---A UDP object of IPv4.
---@return compat.Udp? unconnected, string? err
function Socket.udp4() end

---A UDP object of IPv6.
---@return compat.Udp? unconnected, string? err
function Socket.udp6() end

---A connection. Waits.
---@async
---@param host string
---@param port integer|string
---@param from_host? string
---@param from_port? integer|string
---@param family? "inet"|"inet6"|"unspec"
---@return compat.Tcp? client, string? err
function Socket.connect(host, port, from_host, from_port, family) end

---A connection over IPv4. Waits.
---@async
---@param host string
---@param port integer|string
---@param from_host? string
---@param from_port? integer|string
---@return compat.Tcp? client, string? err
function Socket.connect4(host, port, from_host, from_port) end

---A connection over IPv6. Waits.
---@async
---@param host string
---@param port integer|string
---@param from_host? string
---@param from_port? integer|string
---@return compat.Tcp? client, string? err
function Socket.connect6(host, port, from_host, from_port) end

---A server.
---@async
---@param host string "*": any address
---@param port integer|string 0: any port
---@param backlog? integer
---@return compat.Tcp? server, string? err
function Socket.bind(host, port, backlog) end

---Waits until one of the objects can be read or written: the lists of those, and "timeout" when none could in time.
---@async
---@param to_read? table[]
---@param to_write? table[]
---@param seconds? number
---@return table readable, table writable, string? err
function Socket.select(to_read, to_write, seconds) end

---Waits.
---@async
---@param seconds number
function Socket.sleep(seconds) end

---Seconds since 1970.
---@return number
function Socket.gettime() end

---All values but the first `count`.
---@param count integer
---@param ... any
---@return any ...
function Socket.skip(count, ...) end

---A function that returns its arguments, or, when the first one is false, calls the finalizer and raises the second.
---@param finalizer? fun()
---@return fun(...: any): any ...
function Socket.newtry(finalizer) end

---`newtry()`.
---@param ... any
---@return any ...
function Socket.try(...) end

---The function that gives nil and the message of what a `try` in `fn` raises. Other errors and cancellations pass.
---@param fn function
---@return function
function Socket.protect(fn) end

---A function that calls the choice its first argument names.
---@param choices table<string, function>
---@return function
function Socket.choose(choices) end

---An LTN12 source: "by-length" or "until-closed".
---@param kind string
---@param sock compat.Tcp
---@param length? integer
---@return fun(): string?, string?
function Socket.source(kind, sock, length) end

---An LTN12 sink: "keep-open" or "close-when-done".
---@param kind string
---@param sock compat.Tcp
---@return fun(chunk: string?, err: string?): any, string?
function Socket.sink(kind, sock) end

---LuaSocket's `socket.dns`. All but gethostname wait.
---@class compat.Dns
local Dns = {}

---The addresses of a host, in the system's order.
---@async
---@param host string
---@return {family: "inet"|"inet6", addr: string}[]? list, string? err
function Dns.getaddrinfo(host) end

---The names of an address and of a service.
---@async
---@param host? string
---@param service? string|integer
---@return string[]? names, string? service_or_err
function Dns.getnameinfo(host, service) end

---The first IPv4 address of a host, and all that is known of it.
---@async
---@param host string
---@return string? address, {name: string, alias: string[], ip: string[]}|string resolved_or_err
function Dns.toip(host) end

---The name of an address, and all that is known of it.
---@async
---@param address string
---@return string? name, {name: string, alias: string[], ip: string[]}|string resolved_or_err
function Dns.tohostname(address) end

---The name of this machine.
---@return string
function Dns.gethostname() end

---What TCP and UDP objects share.
---@class compat.Object
---@field class string "tcp{master}", "tcp{client}", "tcp{server}", "udp{connected}" or "udp{unconnected}"
local Object = {}

---The time limit of each wait ("b") or of the whole operation ("t"). 0: polls. Nil and negative: none.
---@param seconds? number
---@param mode? "b"|"t"
---@return number
function Object:settimeout(seconds, mode) end

---The limits that `settimeout` has set; -1 for none.
---@return number block, number total
function Object:gettimeout() end

---Sets an option of the socket.
---@param name string
---@param value boolean|number|table
---@return number? done, string? err
function Object:setoption(name, value) end

---An option of the socket, by LuaSocket's names: "keepalive", "tcp-nodelay"...
---@param name string
---@return any value, string? err
function Object:getoption(name) end

---The address of the other side.
---@return string? host, integer|string port_or_err, string? family
function Object:getpeername() end

---The address of this side.
---@return string? host, string port_or_err, string? family
function Object:getsockname() end

---"inet4" or "inet6".
---@return "inet4"|"inet6"
function Object:getfamily() end

---The descriptor, -1 without one.
---@return number
function Object:getfd() end

---The object is of that descriptor; the one it had is left to the caller.
---@param fd integer
function Object:setfd(fd) end

---True when something was received and not taken yet.
---@return boolean
function Object:dirty() end

---Closes it. Waits of other tasks for it end with "closed".
---@return number
function Object:close() end

---A TCP object.
---@class compat.Tcp: compat.Object
local Tcp = {}

---Waits.
---@async
---@param host string
---@param port integer|string
---@return number? connected, string? err
function Tcp:connect(host, port) end

---The same.
---@async
---@param host string
---@param port integer|string
---@return number? connected, string? err
function Tcp:setpeername(host, port) end

---Gives this side an address; port 0 is any port. Waits for the look-up of a name.
---@async
---@param host string
---@param port integer|string
---@return number? bound, string? err
function Tcp:bind(host, port) end

---The same.
---@async
---@param host string
---@param port integer|string
---@return number? bound, string? err
function Tcp:setsockname(host, port) end

---Makes it a server.
---@param backlog? integer
---@return number? listening, string? err
function Tcp:listen(backlog) end

---Waits.
---@async
---@return compat.Tcp? client, string? err
function Tcp:accept() end

---Waits: a line ("*l"), all until the end ("*a"), or so many bytes, behind the prefix.
---@async
---@param pattern? string|number
---@param prefix? string
---@return string? data, string? err, string? partial
function Tcp:receive(pattern, prefix) end

---Waits until the system has taken the bytes from `from` to `to`; the place of the last one.
---@async
---@param data string
---@param from? integer
---@param to? integer
---@return number? last, string? err, number? last_sent
function Tcp:send(data, from, to) end

---Ends one direction, or both (the default).
---@param how? "receive"|"send"|"both"
---@return number
function Tcp:shutdown(how) end

---The bytes that came and went, and the seconds since the object was made.
---@return number received, number sent, number age
function Tcp:getstats() end

---Sets what `getstats` counts from.
---@param received? number
---@param sent? number
---@param age? number
---@return number
function Tcp:setstats(received, sent, age) end

---A UDP object.
---@class compat.Udp: compat.Object
local Udp = {}

---From now on sends there, and receives from there only. Waits for the look-up of a name.
---@async
---@param host string "*": no peer
---@param port? integer|string
---@return number? done, string? err
function Udp:setpeername(host, port) end

---Gives this side an address; port 0 is any port. Waits for the look-up of a name.
---@async
---@param host string
---@param port integer|string
---@return number? done, string? err
function Udp:setsockname(host, port) end

---To the peer.
---@async
---@param data string
---@return number? sent, string? err
function Udp:send(data) end

---Sends a datagram to that address. Waits for the look-up of a name.
---@async
---@param data string
---@param host string
---@param port integer|string
---@return number? sent, string? err
function Udp:sendto(data, host, port) end

---Waits for a datagram.
---@async
---@param size? integer
---@return string? data, string? err
function Udp:receive(size) end

---The same, with the sender's address.
---@async
---@param size? integer
---@return string? data, string host_or_err, integer? port
function Udp:receivefrom(size) end

return compat
