-- An instance of each class of stdlib/compat/compat.d.lua, for tests/stdlib/stubs_test.lua.
return {
  Object = function(visit)
    local sock <close> = neap.compat.socket.tcp()
    visit { class = sock.class, settimeout = sock.settimeout, gettimeout = sock.gettimeout, setoption = sock.setoption,
      getoption = sock.getoption, getpeername = sock.getpeername, getsockname = sock.getsockname,
      getfamily = sock.getfamily, getfd = sock.getfd, setfd = sock.setfd, dirty = sock.dirty, close = sock.close }
  end,
  Tcp = function(visit)
    local sock <close> = neap.compat.socket.tcp4()
    visit(sock)
  end,
  Udp = function(visit)
    local sock <close> = neap.compat.socket.udp4()
    visit(sock)
  end,
  Dns = function(visit) visit(neap.compat.socket.dns) end,
  Socket = function(visit) visit(neap.compat.socket) end,
}
