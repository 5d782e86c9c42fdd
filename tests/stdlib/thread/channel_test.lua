-- thread_channel: values between threads.

test("a channel holds as many values as its capacity", function()
  local ch = async.thread_channel(2)
  equal({ ch:try_send(1), ch:try_send(nil), ch:try_send(3) }, { true, true, false })
  equal(tostring(ch), "<ThreadChannel size=2/2>")
  equal({ #ch, ch:len(), ch:capacity() }, { 2, 2, 2 })
  equal(table.pack(ch:try_receive()), { 1, true, n = 2 })
  equal(table.pack(ch:try_receive()), { nil, true, n = 2 })
  equal(table.pack(ch:try_receive()), { n = 0 })
end)

test("what is sent is a copy", function()
  local ch = async.thread_channel()
  local t = { 1 }
  ch:send(t)
  t[1] = 2
  equal(ch:receive(), { 1 })
end)

test("tasks of one thread wait for each other, the first one first", function()
  local ch, order = async.thread_channel(1), {}
  local tasks = {}
  for i = 1, 3 do
    tasks[i] = async.spawn(function()
      local value = ch:receive()
      order[#order + 1] = i .. value
    end)
  end
  async.sleep(0)
  for _, value in ipairs { "a", "b", "c" } do ch:send(value) end
  async.wait(tasks)
  equal(order, { "1a", "2b", "3c" })
  for i = 1, 4 do tasks[i] = async.spawn(ch.send, ch, i) end
  async.sleep(0)
  for i = 1, 4 do equal(ch:receive(), i) end
  async.wait(tasks)
end)

test("close lets what is in it be received, and refuses sends", function()
  local ch = async.thread_channel(2)
  ch:send("last")
  ch:close()
  ch:close()
  check(ch:closed())
  misuse(async.QueueShutDown, ch.send, ch, 1)
  misuse(async.QueueShutDown, ch.try_send, ch, 1)
  equal(table.pack(ch:receive()), { "last", true, n = 2 })
  equal(table.pack(ch:receive()), { nil, false, n = 2 })
  equal(table.pack(ch:try_receive()), { nil, false, n = 2 })
  equal(tostring(ch), "<ThreadChannel size=0/2 closed>")
end)

test("close wakes every task that waits", function()
  local empty, full = async.thread_channel(1), async.thread_channel(1)
  full:send(1)
  local receiver, sender = async.spawn(empty.receive, empty), async.spawn(full.send, full, 2)
  async.sleep(0)
  empty:close()
  full:close()
  equal(await(receiver), nil)
  raises(async.QueueShutDown, await, sender)
  equal(table.pack(full:receive()), { 1, true, n = 2 })
  equal(table.pack(full:receive()), { nil, false, n = 2 })
end)

test("a loop ends with the channel, and refuses nil", function()
  local ch, got = async.thread_channel(4), {}
  for i = 1, 3 do ch:send(i) end
  ch:close()
  for v in ch do got[#got + 1] = v end
  equal(got, { 1, 2, 3 })
  local other = async.thread_channel()
  other:send(nil)
  raises(async.RuntimeError, function() for _ in other do end end)
end)

test("a cancelled receiver takes nothing, a cancelled sender sends nothing", function()
  local ch = async.thread_channel(1)
  local receiver = async.spawn(ch.receive, ch)
  async.sleep(0)
  receiver:cancel()
  raises(async.CancelledError, await, receiver)
  ch:send("kept")
  local sender = async.spawn(ch.send, ch, "never")
  async.sleep(0)
  sender:cancel()
  raises(async.CancelledError, await, sender)
  equal(ch:receive(), "kept")
  equal(table.pack(ch:try_receive()), { n = 0 })
end)

test("a receiver cancelled when it has been handed a value leaves it to the next", function()
  local ch = async.thread_channel(1)
  local first = async.spawn(ch.receive, ch)
  async.sleep(0)
  ch:send("value")
  first:cancel()
  raises(async.CancelledError, await, first)
  equal(ch:receive(), "value")
end)

test("a sender cancelled when its value has been taken has sent it", function()
  local ch = async.thread_channel(1)
  ch:send(1)
  local sent, cancelled = false, false
  local sender = async.spawn(function()
    ch:send(2)
    sent = true
    cancelled = not async.catch(async.sleep, 1)
  end)
  async.sleep(0)
  equal(ch:receive(), 1)
  sender:cancel()
  await(sender)
  check(sent and cancelled)
  equal(ch:receive(), 2)
end)

test("a timeout of a send or a receive ends it", function()
  local ch = async.thread_channel(1)
  raises(async.TimeoutError, async.timeout, 1, ch.receive, ch)
  ch:send(1)
  raises(async.TimeoutError, async.timeout, 1, ch.send, ch, 2)
  equal(ch:receive(), 1)
  equal(#ch, 0)
end)

test("a channel crosses as an argument, an upvalue and a message, and is the same", function()
  local a, b = async.thread_channel(4), async.thread_channel(4)
  async.to_thread(function(x)
    x[1]:send(x[1] == x[2] and x[1] ~= b)
    b:send(b)
  end, { a, a })
  check(a:receive())
  local c = b:receive()
  check(c == b and c ~= a)
  c:send("back")
  equal(b:receive(), "back")
end)

test("many workers share one channel: nothing is lost, nothing comes twice", { clock = "real" }, function()
  local jobs, results = async.thread_channel(4), async.thread_channel(4)
  local workers = {}
  for i = 1, 4 do
    workers[i] = async.Worker(function(_, from, to)
      for job in from do to:send(job) end
    end, jobs, results)
  end
  local count = 2000
  async.spawn(function()
    for i = 1, count do jobs:send(i) end
    jobs:close()
  end)
  local seen = {}
  for _ = 1, count do
    local job = results:receive()
    check(not seen[job])
    seen[job] = true
  end
  for _, worker in ipairs(workers) do worker:join() end
  equal(#seen, count)
end)

test("cancellations at random lose nothing", { clock = "real" }, function()
  math.randomseed(11)
  local ch = async.thread_channel(2)
  local worker = async.Worker(function(_, out)
    for i = 1, 1000 do out:send(i) end
    out:close()
  end, ch)
  local seen, ended = {}, false
  while not ended do
    local task = async.spawn(function()
      local value, ok = ch:receive()
      if ok then seen[#seen + 1] = value else ended = true end
    end)
    if math.random(3) == 1 then
      async.sleep(0)
      task:cancel()
    end
    async.catch(await, task)
  end
  worker:join()
  equal(#seen, 1000)
  for i = 1, 1000 do equal(seen[i], i) end
end)

test("wrong capacities and values are refused at the caller", function()
  misuse(async.TypeError, async.thread_channel, "x")
  misuse(async.TypeError, async.thread_channel, 1.5)
  misuse(async.ValueError, async.thread_channel, 0)
  equal(async.thread_channel(math.huge):capacity(), math.huge)
  local ch = async.thread_channel()
  misuse(async.TypeError, ch.send, ch, io.stdout)
  misuse(async.TypeError, ch.send, {}, 1)
  misuse(async.TypeError, ch.receive)
end)

test("a channel in its own queue does not keep itself alive", { clock = "real" }, function()
  if sanitized then return end -- the leak sanitizer sees this by itself
  local function resident()
    collectgarbage()
    return tonumber(io.open("/proc/self/statm"):read("a"):match("%d+ (%d+)")) * 4
  end
  local function leave(n)
    for _ = 1, n do
      local ch = async.thread_channel(2)
      ch:send { deep = { ch }, ("x"):rep(10000) }
      equal(ch:try_send(ch), true)
    end
  end
  if not io.open("/proc/self/statm") then return end
  leave(1000)
  local before = resident()
  leave(2000)
  check(resident() - before < 5000, "kilobytes more")
end)

-- Puts the text where `require` finds it as the module, here and in threads that are started now.
local function with_module(name, text, run)
  local directory <close> = neap.fs.tempdir()
  local path <const> = package.path
  local guard <close> = setmetatable({}, { __close = function()
    package.path = path
    package.loaded[name] = nil
  end })
  local file = io.open(directory.path .. "/" .. name .. ".lua", "w")
  file:write(text)
  file:close()
  package.path = directory.path .. "/?.lua;" .. path
  run()
end

local waiting_module = "async.sleep(0.001) local M = {} function M.answer() return 42 end return M"

test("what is received may need a module whose body waits", function()
  with_module("thread_test_waits", waiting_module, function()
    local M = require("thread_test_waits")
    local ch = async.thread_channel(8)
    local worker <close> = async.Worker(function(parent, from)
      local module = from:receive()
      parent:send(module.answer())
      for message in parent do parent:send(message.module == module and message.text) end
    end, ch)
    ch:send(M)
    equal(worker:receive(), 42)
    worker:send { module = M, text = "again" }
    equal(worker:receive(), "again")
    -- And here.
    ch:send(M)
    package.loaded.thread_test_waits = nil
    local received = ch:receive()
    check(received ~= M and received.answer() == 42)
    ch:send(M)
    package.loaded.thread_test_waits = nil
    equal((ch:try_receive()).answer(), 42)
  end)
end)

test("cancelled while it requires a module, a receive has taken nothing", function()
  with_module("thread_test_waits", waiting_module, function()
    local M = require("thread_test_waits")
    local ch = async.thread_channel(8)
    ch:send(M)
    ch:send("next")
    package.loaded.thread_test_waits = nil
    local task = async.spawn(ch.receive, ch)
    async.sleep(0)
    task:cancel()
    raises(async.CancelledError, await, task)
    equal(#ch, 2)
    equal((ch:receive()).answer(), 42)
    equal((ch:receive()), "next")
  end)
end)

test("a module that is not there is the error of the receive", function()
  with_module("thread_test_waits", waiting_module, function()
    local M = require("thread_test_waits")
    local ch = async.thread_channel(8)
    ch:send(M)
    package.loaded.thread_test_waits = nil
    package.path = ""
    raises("module 'thread_test_waits' not found", ch.receive, ch)
    equal(#ch, 0)
  end)
end)

test("a result that needs a module whose body waits says that it has to be required", function()
  with_module("thread_test_waits", waiting_module, function()
    local executor <close> = async.ThreadPoolExecutor(1)
    local function load_there() return require("thread_test_waits") end
    raises("has to be required before the call: .*a callback of the loop cannot wait", await, executor:submit(load_there))
    local M = require("thread_test_waits")
    check(await(executor:submit(load_there)) == M)
  end)
end)
