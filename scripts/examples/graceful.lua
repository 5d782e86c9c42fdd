-- A server that ends in order: on SIGTERM or Ctrl-C it accepts no more connections, answers the requests that it has
-- begun, and lets idle clients go.
--
--   neap scripts/examples/graceful.lua [--port N] [--grace SECONDS] [--work SECONDS]
--
-- Each line that a client sends is a request; try it with `nc localhost PORT`.
local help = [[
usage: neap graceful.lua [--port N] [--grace SECONDS] [--work SECONDS]

Answers each line with the same in capitals, and ends in order on SIGTERM or SIGINT.

  -p, --port N          where to listen; 0 (the default): the system picks one
  -g, --grace SECONDS   how long requests may take that were begun before the signal (10)
  -w, --work SECONDS    how long a request takes (0.5)
  -h, --help            show this text
]]

local settings = { port = 0, grace = 10, work = 0.5 }
local names = { p = "port", g = "grace", w = "work" }
local arguments = { ... }
for i = 1, #arguments, 2 do
  local option = arguments[i]
  if option == "-h" or option == "--help" then
    io.write(help)
    return
  end
  local name = names[option:match("^%-(%a)$")] or option:match("^%-%-(%a+)$")
  local value = tonumber(arguments[i + 1])
  if not settings[name or ""] or not value or value < 0 then
    io.stderr:write(help)
    os.exit(2)
  end
  settings[name] = value
end

local stopping = async.Event()

-- The next request; nil when the client has gone, or the server is to end. A read that is given up has taken nothing.
local function next_request(reader)
  return async.race {
    function() return reader:read("l") end,
    function()
      stopping:wait()
      return nil
    end,
  }
end

local answered = 0

local function handle(reader, writer)
  for request in next_request, reader do
    print("request: " .. request)
    async.sleep(settings.work) -- the work
    writer:write(request:upper(), "\n")
    answered = answered + 1
    if stopping:is_set() then break end
  end
end

local ok, server = pcall(async.start_server, handle, "localhost", math.tointeger(settings.port))
if not ok then
  io.stderr:write("graceful: ", server.message, "\n")
  os.exit(1)
end

-- From the end of this block on the signals do again what they do by themselves: who sends one more ends it at once.
local signal
do
  local signals <close> = async.signals { "SIGTERM", "SIGINT" } -- before anybody is told that it runs
  print(("listening on port %d"):format(server:address().port))
  signal = signals()
end
server:close()
print(("%s: no new requests"):format(signal))
stopping:set()
server:shutdown(settings.grace)
print(("answered %d requests"):format(answered))
