-- Answers lines over TCP: "get KEY" asks C++ on another thread, "hello NAME" a C++ coroutine.
local handlers = {
  get = function(key) return look_up(key) end,
  hello = function(name) return greeting(name) end,
}

local function serve(reader, writer)
  for line in reader:lines() do
    local command, argument = line:match("^(%a+) (.*)$")
    local handler = handlers[command]
    writer:write((handler and handler(argument) or "error: what is that?") .. "\n")
  end
  writer:close()
end

local server <close> = async.start_server(serve, "127.0.0.1", 0)
local port = server:address().port

-- A client, so that the example ends by itself.
local reader, writer = async.open_connection("127.0.0.1", port)
for _, line in ipairs {"get colour", "hello world", "dance", "get size"} do
  writer:write(line .. "\n")
  io.write(reader:readline())
end
writer:close()
