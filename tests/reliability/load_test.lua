-- Load in small: ./dev load has the large sizes. And clients as no server wants them, and children that do not answer.
local script = debug.getinfo(1, "S").source:match("^@(.*)_test%.lua$") .. ".lua"
local subprocess = async.subprocess

-- The figures are not looked at: the script checks itself.
local function load(kind, count)
  local result = subprocess.run({ neap_binary, script, kind, count }, { capture = true, timeout = 60 })
  check(result.returncode == 0 and result.stdout:find(kind), result.stdout .. result.stderr)
end

local kFew = sanitized and 100 or 1000

test("1,000 connections at the same time all echo", { clock = "real" }, function() load("connections", kFew) end)

test("100,000 tasks wait at the same time, and all end", { clock = "real" }, function() load("tasks", kFew * 100) end)

test("20,000 timers: each fires in its turn, or was cancelled", { clock = "real" }, function()
  load("timers", kFew * 20)
end)

-- Clients ------------------------------------------------------------------------------------------------------------

-- Answers each line; to "flood" with bytes for ever. Returns the server and a list of the errors that ended handlers.
local function start()
  local errors = {}
  local server = async.start_server(function(stream)
    local _, err = pcall(function()
      for line in stream:lines() do
        while line == "flood" do stream:write(("x"):rep(65536)) end
        stream:write(line, "\n")
      end
    end)
    errors[#errors + 1] = err
  end, "127.0.0.1", 0)
  return server, errors
end

local function connect(server)
  return (async.open_connection("127.0.0.1", server:address().port))
end

-- Another client is served at once.
local function check_served(server)
  async.timeout(5, function()
    local other <close> = connect(server)
    for i = 1, 100 do
      other:write(i, "\n")
      equal(other:readline(), i .. "\n")
    end
  end)
end

test("clients that send a byte at a time are served beside others", { clock = "real" }, function()
  local server <close> = start()
  local slow <close> = connect(server)
  for byte in ("one byte at a time\n"):gmatch(".") do
    slow:write(byte)
    async.sleep(0.002)
    if byte == " " then check_served(server) end
  end
  equal(async.timeout(5, slow.readline, slow), "one byte at a time\n")
end)

test("clients that reset the connection while they are written to end their handlers alone", { clock = "real" },
  function()
    local server <close>, errors = start()
    for _ = 1, 10 do
      local client = connect(server)
      client:write("flood\n")
      client:read(1)
      client:abort()
    end
    async.timeout(10, function()
      while #errors < 10 do async.sleep(0.01) end
    end)
    for _, err in ipairs(errors) do check(async.is(err, async.ConnectionError), tostring(err)) end
    check_served(server)
  end)

test("a client that half-closes and waits gets all of its answers", { clock = "real" }, function()
  local server <close> = start()
  local client <close> = connect(server)
  client:write(("a line\n"):rep(10000)):write_eof()
  check_served(server)
  equal(#async.timeout(10, client.read, client, "a"), 70000)
end)

test("clients that never read hold their own handlers back: memory stays, and others are served", { clock = "real" },
  function()
    local server <close>, errors = start()
    local clients = {}
    collectgarbage()
    local before = collectgarbage("count")
    for i = 1, 10 do
      clients[i] = connect(server)
      clients[i]:write("flood\n")
    end
    async.sleep(0.2)
    check_served(server)
    collectgarbage()
    -- At most two blocks for each: that in the queue, and the one with which its writer waits.
    check(collectgarbage("count") - before < 10 * 2 * 66 + 200, collectgarbage("count") - before .. " KiB")
    equal(#errors, 0)
    for _, client in ipairs(clients) do client:abort() end
    async.timeout(10, function()
      while #errors < 10 do async.sleep(0.01) end
    end)
  end)

test("a server of clients that connect and say nothing serves the others", { clock = "real" }, function()
  local server <close> = start()
  local silent = {}
  for i = 1, 500 do silent[i] = connect(server) end
  check_served(server)
  for _, client in ipairs(silent) do client:abort() end
end)

-- Children -----------------------------------------------------------------------------------------------------------

local function is_gone(pid)
  return not neap.fs.exists("/proc/" .. pid)
end

test("a child that is stopped: a wait for it times out, and it can be killed", { clock = "real" }, function()
  local process <close> = async.create_subprocess_exec("cat", { stdin = subprocess.PIPE, stdout = subprocess.PIPE })
  process.stdin:write("x")
  equal(process.stdout:read(1), "x")
  process:send_signal("SIGSTOP")
  process.stdin:write("y")
  raises(async.TimeoutError, async.timeout, 0.05, process.stdout.read, process.stdout, 1)
  raises(async.TimeoutError, async.timeout, 0.05, process.wait, process)
  equal(process:stop(0.05), -9)
  check(is_gone(process.pid))
end)

test("subprocess.run with a timeout ends a child that is stopped", { clock = "real" }, function()
  local began = async.get_running_loop():time()
  raises(async.TimeoutError, subprocess.run, { "sh", "-c", "kill -STOP $$" }, { timeout = 0.1 })
  check(async.get_running_loop():time() - began < 10)
end)

test("a child that is killed in the middle of a pipe: what it wrote, then the end", { clock = "real" }, function()
  for _ = 1, 20 do
    local process <close> = async.create_subprocess_exec("sh", "-c", "printf begun; exec cat /dev/zero",
      { stdout = subprocess.PIPE })
    equal(process.stdout:readexactly(5), "begun")
    process:kill()
    local rest = async.timeout(10, process.stdout.read, process.stdout, "a")
    check(not rest:find("[^\0]"))
    equal(process:wait(), -9)
    check(is_gone(process.pid))
  end
end)

test("a child that is killed while it is written to: the writer is told, and goes on", { clock = "real" }, function()
  for _ = 1, 20 do
    local process <close> = async.create_subprocess_exec("sleep", "60", { stdin = subprocess.PIPE })
    local writer = async.spawn(function()
      while true do process.stdin:write(("x"):rep(65536)) end
    end)
    async.sleep(0.005)
    process:kill()
    local _, err = async.timeout(10, async.catch, await, writer)
    check(async.is(err, async.ConnectionError), tostring(err))
    equal(process:wait(), -9)
  end
end)
