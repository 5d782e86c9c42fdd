-- The rows whose operations are counted only: neap rows.lua ROW N. The others are in ../peers/neap.lua.

local rows = {}

-- Timers that come due one after the other, so that it does not depend on the machine how many do at once.
function rows.timer(n)
  for _ = 1, n do async.sleep(0.001) end
end

local function echo(stream)
  while true do
    local data = stream:read(65536)
    if not data then return end
    stream:write(data)
  end
end

local function request(n, size)
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local stream <close> = async.open_connection("127.0.0.1", server:address().port)
  local message = ("x"):rep(size)
  for _ = 1, n do
    stream:write(message)
    assert(#stream:readexactly(size) == size)
  end
end

function rows.request64(n) request(n, 64) end
function rows.request16384(n) request(n, 16384) end

function rows.connection(n)
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local port = server:address().port
  for _ = 1, n do
    local stream <close> = async.open_connection("127.0.0.1", port)
    stream:write_eof()
    assert(stream:read(1) == nil)
  end
end

function rows.subprocess(n)
  for _ = 1, n do assert(async.create_subprocess_exec("true"):wait() == 0) end
end

local function next_number(x) return x + 1 end

function rows.thread_call(n)
  for i = 1, n do assert(async.to_thread(next_number, i) == i + 1) end
end

local name, n = arg[1], math.tointeger(tonumber(arg[2]))
assert(rows[name], "no such row: " .. tostring(name))(n)
