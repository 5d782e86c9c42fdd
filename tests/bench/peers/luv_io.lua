-- The benchmark rows with sockets, processes and threads in Lua with luv, on LuaJIT or Lua 5.4.
--
-- usage: lua5.4 luv_io.lua serve      prints its port, and echoes until it is killed
--        lua5.4 luv_io.lua http       the same, and answers HTTP
--        lua5.4 luv_io.lua ROW N      prints one line of JSON
--
-- The same programs as the other files here; see ../README.md for what each row is.

package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local uv = require "luv"
local measured = require "lua_measured"

local AT_A_TIME = 8
local GIB = 1024 * 1024 * 1024

-- on_connection(client) begins to read.
local function listen(on_connection)
  local server = uv.new_tcp()
  assert(server:bind("127.0.0.1", 0))
  assert(server:listen(511, function(err)
    assert(not err, err)
    local client = uv.new_tcp()
    server:accept(client)
    client:nodelay(true)
    on_connection(client)
  end))
  print(server:getsockname().port)
  io.stdout:flush()
  uv.run()
end

local function serve()
  listen(function(client)
    client:read_start(function(err, data)
      if err or not data then return client:close() end
      client:write(data)
    end)
  end)
end

-- ---- http ----

local HEAD = "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"

local function respond(status, body) return HEAD:format(status, #body, body) end

local function answer(method, path)
  if method == "GET" and path == "/" then return respond("200 OK", "Hello, world!\n") end
  return respond("404 Not Found", "Not found\n")
end

local function http()
  listen(function(client)
    local rest = ""
    client:read_start(function(err, data)
      if err or not data then return client:close() end
      rest = rest .. data
      while true do
        local stop, last = rest:find("\r\n\r\n", 1, true)
        if not stop then return end
        local method, path = rest:match("^(%S+) (%S+) HTTP/1%.1\r\n")
        if not method then return client:close() end
        rest = rest:sub(last + 1)
        client:write(answer(method, path))
      end
    end)
  end)
end

-- ---- processes ----

-- Each row gives a function, which is measured; it does n operations.
local rows = {}

local function spawn_one_by_one(n)
  if n == 0 then return end
  local process
  process = uv.spawn("true", { stdio = { 0, 1, 2 } }, function(code, signal)
    assert(code == 0 and signal == 0, "true has failed")
    process:close()
    spawn_one_by_one(n - 1)
  end)
end

function rows.sub_seq(n)
  spawn_one_by_one(n)
  uv.run()
end

function rows.sub_8(n)
  for _ = 1, AT_A_TIME do spawn_one_by_one(math.floor(n / AT_A_TIME)) end
  uv.run()
end

function rows.sub_capture(n)
  local pipe, chunks = uv.new_pipe(false), {}
  local process
  local options = { args = { "-c", ("%d"):format(n), "/dev/zero" }, stdio = { 0, pipe, 2 } }
  process = uv.spawn("head", options, function() process:close() end)
  pipe:read_start(function(err, data)
    assert(not err, err)
    if data then
      chunks[#chunks + 1] = data
    else
      pipe:close()
    end
  end)
  uv.run()
  assert(#table.concat(chunks) == n)
end

-- In several strings, for LuaJIT can hold 2 GiB, and needs twice as much to make one.
local function with_ballast(size)
  local ballast, pieces = {}, 16
  for i = 1, pieces do ballast[i] = (" "):rep(size / pieces - i) end
  measured.start()
  return function(n)
    rows.sub_seq(n)
    assert(#ballast == pieces)
  end
end

function rows.sub_big(n) with_ballast(GIB)(n) end
function rows.sub_big100m(n) with_ballast(GIB / 1024 * 100)(n) end
function rows.sub_big10m(n) with_ballast(GIB / 1024 * 10)(n) end

-- ---- threads ----

function rows.offload(n)
  local work, i, calls = nil, 0, n
  work = uv.new_work(function(x) return x + 1 end, function(answered)
    assert(answered == i + 1)
    i = i + 1
    if i < calls then work:queue(i) end
  end)
  calls = 1
  work:queue(0) -- which starts the threads
  uv.run()
  i, calls = 0, n
  measured.start()
  work:queue(0)
  uv.run()
end

local function compute(n)
  local x = 1
  for _ = 1, n do x = x * 16807 % 2147483647 end
  return x
end

function rows.parallel2(n)
  local work = uv.new_work(compute, function() end)
  local function run(count, steps)
    local begun = uv.hrtime()
    for _ = 1, count do work:queue(steps) end
    uv.run()
    return uv.hrtime() - begun
  end
  run(2, 1)
  local one = run(1, n)
  return n, nil, { two_to_one = run(2, n) / one }
end

if arg[1] == "serve" then
  serve()
elseif arg[1] == "http" then
  http()
else
  measured.run(rows, arg[1], tonumber(arg[2]))
end
