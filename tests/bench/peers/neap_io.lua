-- The benchmark rows with sockets and processes in neap.
--
-- usage: neap neap_io.lua serve      prints its port, and echoes until it is killed
--        neap neap_io.lua http       the same, and answers HTTP
--        neap neap_io.lua ROW N      prints one line of JSON
--
-- The same programs as the other files here; see ../README.md for what each row is.

local READ = 64 * 1024
local AT_A_TIME = 8
local BIG = 1 << 30

local function echo(stream)
  while true do
    local data = stream:read(READ)
    if not data then return end
    stream:write(data)
  end
end

local HEAD = "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"

local function respond(status, body) return HEAD:format(status, #body, body) end

local function answer(method, path)
  if method == "GET" and path == "/" then return respond("200 OK", "Hello, world!\n") end
  return respond("404 Not Found", "Not found\n")
end

local function http(stream)
  while true do
    local ok, head = pcall(stream.readuntil, stream, "\r\n\r\n")
    if not ok then return end
    local method, path = head:match("^(%S+) (%S+) HTTP/1%.1\r\n")
    if not method then return end
    stream:write(answer(method, path))
  end
end

local function serve(handle)
  local server = async.start_server(handle, "127.0.0.1", 0)
  print(server:address().port)
  io.stdout:flush()
  server:serve_forever()
end

-- Each row gives a function, which is measured; it does n operations.
local rows = {}

local function spawn_one_by_one(n)
  for _ = 1, n do assert(async.create_subprocess_exec("true"):wait() == 0) end
end

function rows.sub_seq() return spawn_one_by_one end

function rows.sub_8()
  return function(n)
    local group <close> = async.TaskGroup()
    for _ = 1, AT_A_TIME do group:spawn(spawn_one_by_one, n // AT_A_TIME) end
  end
end

function rows.sub_capture()
  return function(n)
    local PIPE = async.subprocess.PIPE
    local output = async.create_subprocess_exec("head", "-c", n, "/dev/zero", { stdout = PIPE }):communicate()
    assert(#output == n)
  end
end

local function with_ballast(size)
  return function()
    local ballast = ("x"):rep(size)
    return function(n)
      spawn_one_by_one(n)
      assert(#ballast == size)
    end
  end
end

rows.sub_big = with_ballast(BIG)
rows.sub_big100m, rows.sub_big10m = with_ballast(100 << 20), with_ballast(10 << 20)

local function next_number(x)
  return x + 1
end

function rows.offload()
  async.to_thread(next_number, 0) -- which starts the thread
  return function(n)
    for i = 1, n do assert(async.to_thread(next_number, i) == i + 1) end
  end
end

local function compute(n)
  local x = 1
  for _ = 1, n do x = x * 16807 % 2147483647 end
  return x
end

-- The further figure is a field of the result.
function rows.parallel2()
  local executor = async.ThreadPoolExecutor(2)
  executor:map(compute, { 1, 1 })
  return function(n)
    local loop = async.get_running_loop()
    local begun = loop:time()
    async.await(executor:submit(compute, n))
    local one = loop:time()
    executor:map(compute, { n, n })
    return { two_to_one = (loop:time() - one) / (one - begun) }
  end
end

-- The most bytes that were ever resident; nil where there is no /proc.
local function peak()
  local file = io.open("/proc/self/status")
  if not file then return nil end
  local kib = file:read("a"):match("VmHWM:%s*(%d+) kB")
  file:close()
  return tonumber(kib) * 1024
end

if arg[1] == "serve" then
  serve(echo)
elseif arg[1] == "http" then
  serve(http)
else
  local name, n = arg[1], math.tointeger(tonumber(arg[2]))
  local run = assert(rows[name], "no such row: " .. tostring(name))()
  local loop = async.get_running_loop()
  local wall, cpu = loop:time(), os.clock()
  local more = run(n)
  cpu, wall = os.clock() - cpu, loop:time() - wall
  local text = '{"row": "%s", "n": %d, "cpu_ns": %.4f, "wall_ns": %.4f'
  io.write(text:format(name, n, cpu * 1e9 / n, wall * 1e9 / n))
  more = more or {}
  more.peak_rss = peak()
  for field, value in pairs(more) do io.write((', "%s": %.4f'):format(field, value)) end
  print("}")
end
