-- The net module: TCP and Unix connections, servers, names. Scripts know its functions as `async.NAME`.
local core, use = ...

local connect, server = use("connect"), use("server")

return {
  open_connection = connect.open_connection,
  open_unix_connection = connect.open_unix_connection,
  getaddrinfo = use("resolve").getaddrinfo,
  open_udp = use("udp").open_udp,
  start_server = server.start_server,
  start_unix_server = server.start_unix_server,
}
