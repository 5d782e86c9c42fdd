-- A server on all processors: each worker has a thread, a loop and a socket of its own, and the system spreads the
-- connections.
--
--   neap scripts/examples/multicore.lua [--workers N] [PORT]
--   curl http://localhost:8080/?30
--
-- Each request is for a Fibonacci number, which is computed the slow way, so that there is something to do.
local help = [[
usage: neap multicore.lua [--workers N] [PORT]

Serves http://localhost:PORT/?N, the N-th Fibonacci number, until it is ended by SIGTERM or SIGINT; then it tells how many
requests each worker has served. Without a port, or with 0, the system picks one.

  --workers N   so many threads; as many as there are processors unless given
  -h, --help    show this text
]]

-- What a worker runs. `port` is 0 for the first one, which tells which it got.
local function serve(parent, number, port)
  local served = 0

  local function fibonacci(n)
    return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2)
  end

  local function handle(stream)
    local request = stream:readline()
    if not request then return end
    repeat local line = stream:readline() until not line or line:match("^%s*$")
    local n = math.min(tonumber(request:match("%?(%d+)")) or 20, 32)
    local body = ("fibonacci(%d) = %d, from worker %d\n"):format(n, fibonacci(n), number)
    stream:write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", #body, "\r\n\r\n", body)
    served = served + 1
  end

  local server <close> = async.start_server(handle, "127.0.0.1", port, { reuse_port = true })
  parent:send(server:address().port)
  parent:receive() -- nothing: the end
  server:shutdown()
  return served
end

local count, port = async.cpu_count(), 0
local i = 1
while arg[i] do
  if arg[i] == "-h" or arg[i] == "--help" then
    print((help:gsub("\n$", "")))
    return
  elseif arg[i] == "--workers" then
    i = i + 1
    count = math.tointeger(arg[i])
  else
    port = math.tointeger(arg[i])
  end
  if not count or count < 1 or not port then
    io.stderr:write(help)
    os.exit(1)
  end
  i = i + 1
end

local workers = {}
for number = 1, count do
  workers[number] = async.Worker(serve, number, port)
  port = workers[number]:receive() or workers[number]:join() -- an error, when it has no port to tell
end
local signals <close> = async.signals { "SIGTERM", "SIGINT" } -- before anybody is told that it runs
print(("%d workers on port %d"):format(count, port))
signals()
for number, worker in ipairs(workers) do
  worker:close()
  print(("worker %d served %d"):format(number, worker:join()))
end
