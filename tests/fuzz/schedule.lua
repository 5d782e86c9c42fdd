-- Programs of tasks on neap: see schedule_program.lua.
local here = debug.getinfo(1, "S").source:match("^@(.*/)")
local program = dofile(here .. "schedule_program.lua")

local start -- of the loop's clock

local KINDS = { "CancelledError", "TimeoutError", "ExceptionGroup", "InvalidStateError", "QueueShutDown", "QueueEmpty",
  "QueueFull", "DeadlockError", "RuntimeError", "TypeError", "ValueError" }

local function kind(err)
  if type(err) == "string" then return err end
  for _, name in ipairs(KINDS) do
    if async.is(err, async[name]) then
      if name ~= "ExceptionGroup" then return name end
      local parts = {}
      for i, inner in ipairs(err.exceptions) do parts[i] = kind(inner) end
      return "ExceptionGroup(" .. table.concat(parts, "; ") .. ")"
    end
  end
  return tostring(err)
end

local api = {
  time = function() return async.get_running_loop():time() - start end,
  kind = kind,
  catch = async.catch,
  spawn = async.spawn,
  sleep = async.sleep,
  await = await,
  shield = async.shield,
  wait_for = async.wait_for,
  timeout = async.timeout,
  move_on_after = async.move_on_after,
  cancel = function(task) return task:cancel() end,
  uncancel = function(task) return task:uncancel() end,
  done = function(task) return task:done() end,
  gather = function(...) return table.unpack(async.gather(...)) end,
  group = function(fn) async.with(async.TaskGroup(), fn) end,
  group_spawn = function(group, fn) return group:spawn(fn) end,
  lock = async.Lock,
  semaphore = async.Semaphore,
  queue = async.Queue,
  event = async.Event,
  condition = async.Condition,
  channel = async.Channel,
  future = async.Future,
  acquire = function(object) object:acquire() end,
  release = function(object) object:release() end,
  locked = function(object) return object:locked() end,
  whole = function(semaphore)
    for _ = 1, 2 do
      if semaphore:locked() then return false end
      semaphore:acquire()
    end
    return true
  end,
  put = function(queue, item) queue:put(item) end,
  get = function(queue) return queue:get() end,
  put_nowait = function(queue, item) queue:put_nowait(item) end,
  get_nowait = function(queue) return queue:get_nowait() end,
  set = function(event) event:set() end,
  clear = function(event) event:clear() end,
  wait_event = function(event) event:wait() end,
  wait_condition = function(condition) condition:wait() end,
  notify = function(condition, count) condition:notify(count) end,
  send = function(channel, item) channel:send(item) end,
  receive = function(channel) return (channel:receive()) end,
  close = function(channel) channel:close() end,
  resolve = function(future, value) future:set_result(value) end,
}

-- The lines of what happened are left in the global `lines`.
return function(input)
  local what = program.read(input)
  local problem
  async.get_running_loop():set_exception_handler(function() end)
  async.run(function()
    local loop = async.get_running_loop()
    start = loop:time()
    lines, problem = program.run(what, api)
    local left = #async.all_tasks() - 1
    if left > 0 then problem = problem or left .. " tasks are left" end
    local handles = async.open_handles { timers = true }
    if #handles > 0 then problem = problem or "left open: " .. handles[1].description end
  end, { clock = "virtual", seed = what.seed > 0 and what.seed or nil,
    cancel_at = what.cancel_at > 0 and what.cancel_at or nil })
  return problem
end
