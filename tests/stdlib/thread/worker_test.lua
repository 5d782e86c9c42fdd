-- Worker: a function in a thread of its own.

local function echo(parent)
  for message in parent do parent:send(message) end
  return "ended"
end

test("a worker gets its arguments, and join gives what it returns", function()
  local worker = async.Worker(function(_, ...) return select("#", ...), ... end, 1, nil, "x", nil)
  equal(table.pack(worker:join()), { 4, 1, nil, "x", nil, n = 5 })
  equal(worker:join(), 4)
end)

test("messages go both ways, in their order", function()
  local worker = async.Worker(echo)
  for i = 1, 50 do worker:send { i } end
  for i = 1, 50 do equal(table.pack(worker:receive()), { { i }, true, n = 2 }) end
  worker:close()
  equal(table.pack(worker:receive()), { nil, false, n = 2 })
  equal(worker:join(), "ended")
end)

test("a worker is iterated over", function()
  local worker = async.Worker(function(parent) for i = 1, 200 do parent:send(i) end end)
  local expected = 0
  for i in worker do
    expected = expected + 1
    equal(i, expected)
  end
  equal(expected, 200)
end)

test("a worker that does not receive makes the sender wait", function()
  local worker = async.Worker(function(parent, go)
    go:receive()
    local sum = 0
    for i in parent do sum = sum + i end
    return sum
  end, async.thread_channel())
  local sent = 0
  while worker:try_send(1) do sent = sent + 1 end
  equal(sent, 64)
  worker:terminate()
  worker:join()
end)

test("a worker that has ended takes no messages", function()
  local worker = async.Worker(function() end)
  worker:join()
  misuse(async.QueueShutDown, worker.send, worker, 1)
  misuse(async.QueueShutDown, worker.try_send, worker, 1)
end)

test("a sender that waits is told of the worker's end", function()
  local worker = async.Worker(function(parent) parent:receive() end)
  raises(async.QueueShutDown, function()
    while true do worker:send(1) end
  end)
end)

test("a worker's error is raised by join, with its class and traceback", function()
  local worker = async.Worker(function()
    local function inner() error(async.ValueError("no", { code = 5 })) end
    inner()
  end)
  local err = raises(async.ValueError, worker.join, worker)
  equal(err.code, 5)
  check(err.traceback:find("inner", 1, true), err.traceback)
  check(tostring(worker):find("failed"))
end)

test("a worker of a module runs the function that it returns", function()
  local directory = os.tmpname()
  os.remove(directory)
  neap.fs.mkdir(directory)
  neap.fs.write(directory .. "/job.lua", "async.sleep(0) return function(parent, x) parent:send(x) end")
  neap.fs.write(directory .. "/bad.lua", "return {}")
  local path = package.path
  package.path = directory .. "/?.lua"
  local worker = async.Worker("job", 7)
  equal(worker:receive(), 7)
  local bad, none = async.Worker("bad"), async.Worker("none")
  package.path = path
  raises("must return the function", bad.join, bad)
  raises("^module 'none' not found", none.join, none)
  worker:join()
  for _, name in ipairs { "/job.lua", "/bad.lua", "" } do os.remove(directory .. name) end
end)

test("terminate ends a worker that waits, and runs its cleanup", function()
  local done = async.thread_channel(1)
  local worker = async.Worker(function(parent, out)
    local guard <close> = setmetatable({}, { __close = function() out:send("cleaned") end })
    parent:send("ready")
    parent:receive()
  end, done)
  worker:receive()
  worker:terminate()
  raises(async.QueueShutDown, worker.send, worker, "too late")
  equal(table.pack(worker:join()), { n = 0 })
  equal(done:receive(), "cleaned")
  check(tostring(worker):find("terminated"))
end)

-- It computes for ever. The thread sanitizer puts signals off until the C library is called, as memchr is here.
local spin = sanitized == "thread" and function() while true do ("x"):find("y", 1, true) end end
  or function() while true do end end

test("terminate ends a worker that computes", { clock = "real" }, function()
  local worker = async.Worker(function(parent)
    parent:send("ready")
    while true do pcall(spin) end
  end)
  worker:receive()
  worker:terminate()
  worker:join()
end)

test("terminate ends a worker that catches cancellations", { clock = "real" }, function()
  local worker = async.Worker(function(parent)
    parent:send("ready")
    while true do async.catch(spin) end
  end)
  worker:receive()
  worker:terminate()
  worker:join()
end)

test("the block of a worker waits for it", function()
  local results = async.thread_channel(8)
  do
    local worker <close> = async.Worker(function(parent, out) for m in parent do out:send(m) end end, results)
    worker:send("a")
    worker:send("b")
  end
  equal({ results:try_receive(), (results:receive()) }, { "a", "b" })
end)

test("a block left by an error terminates its worker", function()
  raises("out", function()
    local worker <close> = async.Worker(function() async.sleep(1000) end)
    error("out")
  end)
end)

test("cancelling join leaves the worker alone", function()
  local worker = async.Worker(echo)
  local task = async.spawn(worker.join, worker)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  worker:send(1)
  equal(worker:receive(), 1)
  worker:close()
  worker:join()
end)

test("a worker that nobody has any more ends", function()
  local done = async.thread_channel(1)
  async.Worker(function(parent, out)
    parent:receive()
    out:send("ended")
  end, done)
  collectgarbage()
  collectgarbage()
  equal(done:receive(), "ended")
end)

test("time goes on while a worker waits", function()
  local worker = async.Worker(echo)
  equal(elapsed(async.sleep, 3600), 3600)
  worker:close()
  worker:join()
end)

test("wrong arguments are refused at the caller", function()
  misuse(async.TypeError, async.Worker)
  misuse(async.TypeError, async.Worker, {})
  local err = misuse(async.TypeError, async.Worker, print, { io.stdout })
  check(err.message:find("argument 2[1]", 1, true), err.message)
  local worker <close> = async.Worker(echo)
  misuse(async.TypeError, worker.send, {}, 1)
  err = misuse(async.TypeError, worker.send, worker, { f = io.stdout })
  check(err.message:find("argument 1.f", 1, true), err.message)
end)
