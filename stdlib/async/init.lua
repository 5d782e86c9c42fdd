-- The async module: what api.md calls `async`. Parts that few programs need are loaded at first use.
local core, use = ...

local async = {
  await = core.await,
  sleep = core.sleep,
  spawn = core.spawn,
  Future = core.Future,
  catch = core.catch,
  class = core.class,
  is = core.is,
  current_task = core.current_task,
  FIRST_COMPLETED = "FIRST_COMPLETED",
  FIRST_EXCEPTION = "FIRST_EXCEPTION",
  ALL_COMPLETED = "ALL_COMPLETED",
}
for name, class in pairs(core.errors) do async[name] = class end

-- Where each of the others is found.
local lazy = {}
for file, names in pairs {
  task = { "create_task", "all_tasks" },
  gather = { "gather" },
  wait = { "wait", "as_completed", "shield" },
  timeout = { "timeout", "timeout_at", "wait_for", "move_on_after" },
  limit = { "limit" },
  taskgroup = { "TaskGroup" },
  with = { "with" },
  except = { "try", "except", "except_group", "finally" },
  run = { "run", "new_event_loop" },
  loop = { "get_running_loop" },
  lock = { "Lock" },
  event = { "Event" },
  condition = { "Condition" },
  semaphore = { "Semaphore", "BoundedSemaphore" },
  barrier = { "Barrier" },
  callgraph = { "capture_call_graph", "format_call_graph", "print_call_graph", "format_tasks" },
  inspect = { "open_handles" },
  race = { "race", "any" },
  map = { "map" },
  generator = { "generator" },
  channel = { "Channel", "select", "on_timeout" },
  merge = { "merge" },
  iter = { "iter" },
  contextmanager = { "contextmanager", "enter", "closing" },
  exitstack = { "ExitStack" },
  queue = { "Queue", "PriorityQueue", "LifoQueue" },
  ["stream/init"] = { "stdin", "stdout", "stderr" },
  ["process/init"] = { "create_subprocess_exec", "create_subprocess_shell", "subprocess" },
  ["signal/init"] = { "signals" },
  ["net/init"] = {
    "open_connection", "open_unix_connection", "start_server", "start_unix_server", "getaddrinfo",
    "open_udp",
  },
  ["thread/init"] = { "to_thread", "ThreadPoolExecutor", "Worker", "thread_channel", "cpu_count" },
  context = { "ContextVar", "copy_context" },
} do
  for _, name in ipairs(names) do lazy[name] = file end
end

local function find(name)
  local file = lazy[name]
  if file == nil then return nil end
  local value = use(file)[name]
  async[name] = value
  return value
end

use("groups")

-- get_context(): the Context in which the task runs; what is set in it is set for the task.
function core.task_methods.get_context(task)
  return use("context").get_context(task)
end

return setmetatable(async, {
  __name = "async",
  __index = function(_, name) return find(name) end,
  __call = function(_, fn) return core.async(fn) end,
  __pairs = function()
    for name in next, lazy do find(name) end
    return next, async, nil
  end,
})
