-- clock: real
-- A TCP server and its client, with a line of text for each request. Each connection is a task; an
-- error in one is reported and ends only that one.
-- Use it as a beginning for line protocols. Limits are in it from the start: on connections, on
-- silence, on the length of a line.
-- asyncio: start_server, open_connection, reader and writer.
local commands = {
  add = function(a, b) return tonumber(a) + tonumber(b) end,
  upper = function(text) return text:upper() end,
  sleep = function(seconds) return async.sleep(tonumber(seconds), "slept") end,
}

local function answer(request)
  local name, a, b = request:match("^(%a+) ?(%S*) ?(%S*)")
  local ok, result = pcall(commands[name] or error, a, b) -- no such command: an error as well
  return ok and "ok " .. result or "error in " .. request
end

local function handle(reader, writer)
  while true do
    -- A client that says nothing for a while is let go.
    local in_time, request = async.move_on_after(0.5, reader.read, reader, "l")
    if not in_time then return writer:write("bye: too quiet\n") end
    if not request or request == "quit" then return end
    writer:write(answer(request), "\n")
  end -- when the handler returns, what it wrote is sent and the connection closed
end

local options = { max_connections = 100, limit = 1000 }
local server <close> = async.start_server(handle, "127.0.0.1", 0, options)
local address = server:address()

-- A client: connect with a limit, ask, read the answer. <close> closes the connection.
local function ask(...)
  local reader, writer = async.open_connection(address.host, address.port, { timeout = 5 })
  local conn <close> = writer
  local answers = {}
  for _, request in ipairs { ... } do
    writer:write(request, "\n")
    answers[#answers + 1] = reader:read("l")
  end
  return table.concat(answers, ", ")
end

print(ask("add 2 40", "upper hello", "add two 40", "dance"))

-- Clients are served side by side.
local loop = async.get_running_loop()
local begun = loop:time()
local answers = async.map({ "sleep 0.4", "sleep 0.4", "upper quick" }, function(request)
  return ask(request)
end)
print(table.concat(answers, ", "))
print("in less than 0.8 s:", loop:time() - begun < 0.8)

-- One that says nothing.
do
  local conn <close> = async.open_connection(address.host, address.port)
  print((conn:read("a"):gsub("\n", "")))
end

-- Nobody listens there: an error with a class and a code.
server:close()
local ok, err = pcall(ask, "add 1 1")
print(ok, async.is(err, async.ConnectionError), err.code)

--[[ prints:
ok 42, ok HELLO, error in add two 40, error in dance
ok slept, ok slept, ok QUICK
in less than 0.8 s:	true
bye: too quiet
false	true	ECONNREFUSED
]]
