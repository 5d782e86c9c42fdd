-- Threads, and what is said between them.
local thread = { clock = "real" }

scenario("a function in another thread", thread, function()
  assert(async.to_thread(function(a, t) return a + t.b end, 1, { b = 2 }) == 3)
  local ok, err = pcall(async.to_thread, error, "there")
  assert(not ok)
  if not tostring(err):find("there") then error(err, 0) end
  local list = async.gather(async.spawn(async.to_thread, function() return { 1, { 2 } } end),
    async.spawn(async.to_thread, string.rep, "x", 1000))
  assert(list[1][2][1] == 2 and #list[2] == 1000)
end)

scenario("a pool of threads", thread, function()
  local pool <close> = async.ThreadPoolExecutor({ max_workers = 2 })
  local futures = {}
  for i = 1, 4 do futures[i] = pool:submit(function(x) return x * x end, i) end
  for i = 1, 4 do assert(await(futures[i]) == i * i) end
  local results = pool:map(function(x) return x + 1 end, { 1, 2, 3 })
  assert(results)
end)

scenario("a worker", thread, function()
  local worker = async.Worker(function(parent)
    for message in parent do parent:send({ message }) end
    return "ended"
  end)
  local ending <close> = setmetatable({}, { __close = function() worker:terminate() end })
  for i = 1, 3 do worker:send(i) end
  for i = 1, 3 do
    local got = worker:receive()
    assert((got or worker:join())[1] == i) -- join tells what has ended it
  end
  worker:close()
  assert(worker:join() == "ended" and tostring(worker))
end)

scenario("channels between threads", thread, function()
  local channel, other = async.thread_channel(2), async.thread_channel(4)
  channel:send({ 1, { "deep" } })
  channel:send("x")
  local sender = async.spawn(channel.send, channel, 3)
  assert(channel:receive()[2][1] == "deep")
  assert(channel:receive() == "x")
  await(sender)
  assert(channel:receive() == 3)
  other:send(channel)
  assert(other:receive())
  local receiver = async.spawn(channel.receive, channel)
  async.sleep(0)
  channel:close()
  await(receiver)
  assert(not pcall(channel.send, channel, 1) and tostring(channel))
end)

scenario("a call that is cancelled", thread, function()
  local task = async.spawn(async.to_thread, function() async.sleep(100) end)
  async.sleep(0.02)
  task:cancel()
  async.wait({ task })
  assert(task:done())
  local ok, err = pcall(async.to_thread, function() return coroutine.create(print) end)
  assert(not ok)
  ok, err = pcall(async.to_thread, print, coroutine.create(print))
  assert(not ok)
  if type(err) == "string" then error(err, 0) end
end)
