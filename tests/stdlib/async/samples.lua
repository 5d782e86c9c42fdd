-- An instance of each class of stdlib/async/async.d.lua, for tests/stdlib/stubs_test.lua.
local samples = {
  Future = function(visit) visit(async.Future()) end,
  Task = function(visit)
    local task = async.spawn(async.sleep, 1)
    visit(task)
    await(task)
  end,
  Handle = function(visit)
    local handle = async.get_running_loop():call_later(1, print)
    visit(handle)
    handle:cancel()
  end,
  Loop = function(visit) visit(async.get_running_loop()) end,
  EventLoop = function(visit)
    local loop <close> = async.new_event_loop()
    visit(loop)
  end,
  Timeout = function(visit)
    local scope <close> = async.timeout(1)
    visit(scope)
  end,
  Limit = function(visit)
    local scope <close> = async.limit { tasks = 9 }
    visit(scope)
  end,
  TaskGroup = function(visit)
    local group <close> = async.TaskGroup()
    visit(group)
  end,
  ContextVar = function(visit) visit(async.ContextVar("name", "default")) end,
  Token = function(visit) visit(async.ContextVar("name"):set(1)) end,
  Context = function(visit) visit(async.copy_context()) end,
  Lock = function(visit) visit(async.Lock()) end,
  Event = function(visit) visit(async.Event()) end,
  Condition = function(visit) visit(async.Condition()) end,
  Semaphore = function(visit) visit(async.Semaphore()) end,
  BoundedSemaphore = function(visit) visit(async.BoundedSemaphore()) end,
  Barrier = function(visit) visit(async.Barrier(2)) end,
  Queue = function(visit) visit(async.Queue()) end,
  PriorityQueue = function(visit) visit(async.PriorityQueue()) end,
  Iterator = function(visit) visit((async.iter({}))) end,
  ExitStack = function(visit) visit(async.ExitStack()) end,
  Generator = function(visit) visit((async.generator(print)())) end,
  Channel = function(visit) visit(async.Channel()) end,
  LifoQueue = function(visit) visit(async.LifoQueue()) end,
  UdpSocket = function(visit)
    local socket <close> = async.open_udp()
    visit(socket)
  end,
  Stream = function(visit) visit(async.stdin) end,
  ThreadChannel = function(visit) visit(async.thread_channel()) end,
  Worker = function(visit)
    local worker <close> = async.Worker(function(parent) parent:receive() end)
    visit(worker)
  end,
  ThreadPoolExecutor = function(visit)
    local executor <close> = async.ThreadPoolExecutor(1)
    visit(executor)
  end,
  Server = function(visit)
    local server <close> = async.start_server(print, "127.0.0.1", 0)
    visit(server)
  end,
}

-- Error classes: an object of each.
for name, class in pairs(async) do
  if tostring(class):match("^<class ") then
    samples[name] = function(visit)
      local _, err = async.catch(error, class("message", { async.Error("one") }))
      visit(err)
    end
  end
end

return samples
