-- A TCP server that sends back what it gets, and a client for it.
--
--   neap scripts/examples/echo.lua serve [PORT]
--   echo hello | neap scripts/examples/echo.lua send PORT
--
-- The client sends and receives at the same time: one after the other, the two sides would come to wait for each other
-- as soon as all buffers between them are full.
local HOST = "127.0.0.1"
local CHUNK = 65536 -- bytes that are taken at once, at most

local help = [[
usage: neap echo.lua serve [PORT]
       neap echo.lua send PORT

serve: sends back what each client sends, until it is ended by SIGTERM or SIGINT.
       Without a port, or with 0, the system picks one.
send:  sends its standard input to the server, and prints what comes back.

  -h, --help   show this text
]]

local function fail(err)
  io.stderr:write("echo: ", err.message, "\n")
  os.exit(1)
end

local function copy(from, to)
  for data in from:lines(CHUNK) do to:write(data) end
end

-- The server: a task for each client. One that has hung up is no reason to say anything.
local function echo(reader, writer)
  async.try(function() copy(reader, writer) end, async.except(async.ConnectionError, function() end))
end

local function serve(port)
  local server = async.start_server(echo, HOST, port)
  local signals <close> = async.signals { "SIGTERM", "SIGINT" } -- before anybody is told that it runs
  print(("listening on port %d"):format(server:address().port))
  signals()
  server:shutdown(0)
end

-- The client. It has ended when the server has sent everything; the server, when the client has.
local function send(port)
  local conn <close> = async.open_connection(HOST, port, { timeout = 10 })
  local sender = async.spawn(function()
    copy(async.stdin, conn)
    conn:write_eof()
  end)
  copy(conn, async.stdout)
  if not sender:done() then error(async.ConnectionError("the server has closed the connection")) end
  await(sender)
end

local command, port = ...
if command == "-h" or command == "--help" then
  io.write(help)
  return
end
local run = ({ serve = serve, send = send })[command or ""]
if command == "serve" and port == nil then port = "0" end
port = port and port:match("^%d+$") and math.tointeger(port)
if not run or not port or port > 65535 or select("#", ...) > 2 then
  io.stderr:write(help)
  os.exit(2)
end
async.try(function() run(port) end, async.except({ async.OSError, async.TimeoutError }, fail))
