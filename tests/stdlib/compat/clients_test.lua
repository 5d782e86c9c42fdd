-- Clients that know nothing of neap, many at once: LuaSocket's own http, and redis-lua. Where they are not installed,
-- the tests say so and do nothing (Debian: lua-socket, lua-redis, and redis-server or redis-tools).
package.path = package.path .. ";/usr/share/lua/5.3/?.lua" -- Debian has redis-lua for Lua up to 5.3 only
local real = { clock = "real" }

-- The modules, loaded on top of neap.compat.socket; nil when one is not installed.
local function load_clients(...)
  local _ = neap.compat.socket
  local modules = {}
  for i, name in ipairs { ... } do
    local ok, module = pcall(require, name)
    if not ok then
      io.stderr:write(("skipped: there is no module '%s'\n"):format(name))
      return nil
    end
    modules[i] = module
  end
  return table.unpack(modules)
end

-- The rest of a request's head; its headers.
local function read_headers(reader)
  local headers = {}
  for line in reader:lines() do
    local name, value = line:match("^([^:]+): ([^\r]*)")
    if name == nil then return headers end
    headers[name:lower()] = value
  end
end

local function read_body(reader, headers)
  if headers["content-length"] then return reader:readexactly(tonumber(headers["content-length"])) end
  local parts = {}
  while headers["transfer-encoding"] == "chunked" do
    local size = tonumber(reader:read("l"):match("%x+"), 16)
    if size > 0 then parts[#parts + 1] = reader:readexactly(size) end
    reader:read("l")
    if size == 0 then break end
  end
  return table.concat(parts)
end

-- Answers with the path and what was posted. `gate` is waited at before.
local function web_server(gate)
  return async.start_server(function(reader, writer)
    local path = reader:read("l"):match("^%u+ (%S+)")
    local body = path .. read_body(reader, read_headers(reader))
    if gate then gate:wait() end
    if path == "/moved" then
      writer:write("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
    elseif path == "/chunked" then
      writer:write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "2\r\nde\r\n0\r\n\r\n")
    elseif path == "/old" then
      writer:write("HTTP/1.0 200 OK\r\n\r\n", "until the end")
    else
      writer:write(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body))
    end
  end, "127.0.0.1", 0)
end

test("fifty requests of socket.http are under way at once", real, function()
  local http = load_clients("socket.http")
  if not http then return end
  local server <close> = web_server(async.Barrier(50)) -- none is answered before all have been asked
  local calls = {}
  for i = 1, 50 do
    calls[i] = function()
      local body, code = http.request(("http://127.0.0.1:%d/page%d"):format(server:address().port, i))
      return code .. body
    end
  end
  local answers = async.timeout(60, async.gather, calls)
  for i = 1, 50 do equal(answers[i], "200/page" .. i) end
end)

test("socket.http and ltn12 do all that they do", real, function()
  local http, ltn12 = load_clients("socket.http", "ltn12")
  if not http then return end
  local server <close> = web_server()
  local base = ("http://localhost:%d"):format(server:address().port)
  local function get(path)
    local body, code = http.request(base .. path)
    return { body, code }
  end
  equal(get("/plain"), { "/plain", 200 })
  equal(get("/moved"), { "/there", 200 })
  equal(get("/chunked"), { "abcde", 200 })
  equal(get("/old"), { "until the end", 200 })
  equal((http.request(base .. "/form", "a=1")), "/forma=1")
  local parts = {}
  local ok, code = http.request {
    url = base .. "/upload:",
    method = "PUT",
    source = ltn12.source.string(("x"):rep(5000)),
    sink = ltn12.sink.table(parts),
  }
  equal({ ok, code, #table.concat(parts) }, { 1, 200, 5008 })
end)

test("errors and time limits of socket.http are LuaSocket's", real, function()
  local http = load_clients("socket.http")
  if not http then return end
  local never = async.Event()
  local server <close> = web_server(never)
  local port = server:address().port
  http.TIMEOUT = 0.05
  equal(table.pack(http.request(("http://127.0.0.1:%d/"):format(port))), { nil, "timeout", n = 2 })
  never:set()
  server:close()
  equal(table.pack(http.request(("http://127.0.0.1:%d/"):format(port))), { nil, "connection refused", n = 2 })
  http.TIMEOUT = 60
end)

-- A redis-server of its own until the function returns: fn(port). It ends with its input, so also when this process
-- dies.
local function with_redis(fn)
  if not os.execute("{ command -v redis-server || command -v redis-check-rdb; } >/dev/null 2>&1") then
    io.stderr:write("skipped: there is no redis-server\n")
    return
  end
  local probe = assert(neap.compat.socket.bind("127.0.0.1", 0))
  local _, port = probe:getsockname()
  probe:close()
  -- One program is both server and checker, and looks at its name; redis-tools has it as the checker only.
  local redis_server <close> = assert(io.popen(([[
    folder=$(mktemp -d)
    ln -s "$(command -v redis-server || command -v redis-check-rdb)" "$folder/redis-server"
    "$folder/redis-server" --port %s --bind 127.0.0.1 --save "" --appendonly no --dir "$folder" >/dev/null 2>&1 &
    cat >/dev/null; kill $!; wait $!; rm -r "$folder"]]):format(port), "w"))
  for _ = 1, 200 do
    local conn = neap.compat.socket.connect("127.0.0.1", port)
    if conn then
      conn:close()
      break
    end
    async.sleep(0.05)
  end
  fn(math.tointeger(tonumber(port)))
end

test("a hundred tasks with a client of redis-lua each are connected at once", real, function()
  local redis = load_clients("redis")
  if not redis then return end
  with_redis(function(port)
    local all, calls = async.Barrier(100), {} -- nobody passes it before all have been answered once
    for i = 1, 100 do
      calls[i] = function()
        local client = redis.connect("127.0.0.1", port)
        assert(client:ping())
        all:wait()
        assert(client:set("key" .. i, "value" .. i))
        equal(client:get("key" .. i), "value" .. i)
        client:incrby("total", i)
        client:quit()
      end
    end
    async.timeout(60, async.gather, calls)
    equal(redis.connect("127.0.0.1", port):get("total"), "5050")
  end)
end)

test("a client of redis-lua that waits for an item holds nobody up", real, function()
  local redis = load_clients("redis")
  if not redis then return end
  with_redis(function(port)
    local order = {}
    local waiting = async.spawn(function()
      local client = redis.connect("127.0.0.1", port)
      local item = client:blpop("list", 0)
      order[#order + 1] = "popped " .. item[2]
    end)
    local client = redis.connect("127.0.0.1", port)
    while client:info().clients.blocked_clients ~= "1" do async.sleep(0.01) end
    order[#order + 1] = "pushing"
    client:rpush("list", "thing")
    async.timeout(60, await, waiting)
    equal(order, { "pushing", "popped thing" })
  end)
end)

test("a transaction of redis-lua, and a long value", real, function()
  local redis = load_clients("redis")
  if not redis then return end
  with_redis(function(port)
    local client = redis.connect("127.0.0.1", port)
    local value = ("x"):rep(1000000)
    local replies = client:transaction(function(t)
      t:set("a", value)
      t:strlen("a")
    end)
    equal(replies, { true, 1000000 })
    check(client:get("a") == value)
  end)
end)
