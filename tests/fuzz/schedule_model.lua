-- A model of neap's scheduler: tasks as bare coroutines, and what they wait for, written from what
-- is promised of neap and with nothing of it. It is slow and short. Run by stock Lua.
--
-- A wait is a table: `task`, `leave` (takes it out of where it waits) or `inner` (the task or
-- future that it waits for), and once it is over `woken`, with `value` or `problem`.
local CANCELLED, TIMEOUT = { kind = "CancelledError" }, { kind = "TimeoutError" }
local RUNTIME, INVALID = { kind = "RuntimeError" }, { kind = "InvalidStateError" }
local EMPTY, FULL, SHUT_DOWN = { kind = "QueueEmpty" }, { kind = "QueueFull" }, { kind = "QueueShutDown" }

local now, ready, timers, current

-- Tasks and time -----------------------------------------------------------------------------------------------------

local function remove(list, item)
  for i, other in ipairs(list) do
    if other == item then return table.remove(list, i) end
  end
end

-- Those of the same time fire in the order in which they were set.
local function set_timer(when, fire)
  local timer, at = { when = when, fire = fire }, #timers + 1
  while at > 1 and timers[at - 1].when > when do at = at - 1 end
  table.insert(timers, at, timer)
  return timer
end

local function wake(wait, value, problem)
  if wait.woken then return false end
  wait.woken, wait.value, wait.problem = true, value, problem
  ready[#ready + 1] = wait.task
  return true
end

-- Suspends the current task until the wait is over. A request that has not been delivered is
-- delivered here.
local function suspend(wait)
  local task = current
  wait.task = task
  if next(task.pending) then
    task.pending = {}
    if wait.leave then wait.leave() end
    error(CANCELLED, 0)
  end
  task.wait = wait
  coroutine.yield()
  task.wait = nil
  if wait.problem ~= nil then error(wait.problem, 0) end
  return wait.value
end

local function finish(future, state, value)
  if future.state ~= "pending" then return end
  future.state, future.value = state, value
  for _, tell in ipairs(future.listeners) do tell(future) end
  future.listeners = {}
  for _, wait in ipairs(future.waits) do
    if wait.tell then wait.tell(future)
    elseif state == "result" then wake(wait, value) else wake(wait, nil, state == "cancelled" and CANCELLED or value) end
  end
  future.waits = {}
end

local function new_future()
  return { state = "pending", waits = {}, listeners = {} }
end

local function step(task)
  current = task
  local ok, value
  if next(task.pending) and not task.began then
    ok, value = false, CANCELLED
  else
    task.began = true
    ok, value = coroutine.resume(task.co)
    if ok and coroutine.status(task.co) ~= "dead" then return end
    if ok then ok, value = table.unpack(task.ending) end
  end
  current = nil
  if ok and next(task.pending) then ok, value = false, CANCELLED end
  if ok then finish(task, "result", value)
  elseif value == CANCELLED then finish(task, "cancelled")
  else finish(task, "error", value) end
end

local function spawn(fn)
  local task = new_future()
  task.requests, task.pending, task.is_task = {}, {}, true
  task.co = coroutine.create(function() task.ending = table.pack(pcall(fn)) end)
  ready[#ready + 1] = task
  return task
end

-- Asks for a cancellation: of what the task waits for, if that can be cancelled; else it is woken.
-- A task keeps who has asked, `task.requests` (a scope of its own, or "asked"), and of which kind
-- are those that it has not been told: `task.pending`. A wave is one request on its way, maybe
-- through many tasks: `wave[task]` is true for a task that it has reached, "passed" for one that
-- passes it on to several. It does not come back to those: a circle ends. `asked` are those of the
-- same call.
local function cancel(future, scope, wave, asked)
  if future.state ~= "pending" then return false end
  if not future.is_task then
    finish(future, "cancelled")
    return true
  end
  wave, asked = wave or {}, asked or {}
  asked[future] = true
  wave[future] = wave[future] or true
  future.wave = wave
  table.insert(future.requests, scope or "asked")
  local wait = future.wait
  if wait and wait.woken and wait.nothing_granted then
    wait.problem = CANCELLED
  elseif not wait or wait.woken then
    if not wait or wait.problem ~= CANCELLED or wait.inner then future.pending[scope and "scope" or "asked"] = true end
  else
    local inner = wait.inner
    if inner and not asked[inner] and wave[inner] ~= "passed" then
      if wave.is_list and wave[inner] then return true end -- it has been asked, and this one waits for it
      if cancel(inner, nil, wave, asked) then return true end
    end
    if wait.leave then wait.leave() end
    wake(wait, nil, CANCELLED)
  end
  return true
end

-- The wave has reached the task before, and went on to what it waits for: where that has led to one
-- that has passed it on, the wait for that one ends.
local function break_circle(task, wave)
  while wave[task] == true and task.wait and not task.wait.woken do
    local wait = task.wait
    local inner = wait.inner
    if not inner then return end
    if wave[inner] == "passed" then
      wait.leave()
      wake(wait, nil, CANCELLED)
      return
    end
    task = inner
  end
end

-- Cancels all of the list, for the task that waits for them. False when one of them has passed on
-- the same request.
local function cancel_list(list, owner, passed_on)
  local wave = passed_on and owner.wave or {}
  wave[owner] = "passed"
  owner.wave = wave
  wave.is_list = true
  local no_circle = true
  for _, future in ipairs(passed_on and list or {}) do break_circle(future, wave) end
  for _, future in ipairs(list) do
    if not wave[future] then cancel(future, nil, wave)
    elseif wave[future] == "passed" and future.state == "pending" then no_circle = false end
  end
  wave.is_list = nil
  return no_circle
end

-- How many requests came from scopes of the task, and how many did not.
local function requests_of(task)
  local scopes, asked = 0, 0
  for _, from in ipairs(task.requests) do
    if from == "asked" then asked = asked + 1 else scopes = scopes + 1 end
  end
  return scopes, asked
end

local function uncancel(task)
  remove(task.requests, "asked")
  local _, asked = requests_of(task)
  if asked == 0 then task.pending.asked = nil end
  return #task.requests
end

-- The requests that there are when a scope is entered: one that has not been delivered comes later.
local function enter(task)
  local scopes, asked = requests_of(task)
  return { scopes = scopes - (task.pending.scope and 1 or 0), asked = asked - (task.pending.asked and 1 or 0) }
end

-- A scope that has asked takes that back. True when nobody outside has asked since it was entered;
-- what scopes around it have asked meanwhile comes at the next wait.
local function take_back(task, scope, before)
  remove(task.requests, scope)
  task.pending.scope = nil
  local scopes, asked = requests_of(task)
  local own = asked <= before.asked
  if own and scopes > before.scopes then task.pending.scope = true end
  return own
end

local function result_of(future)
  if future.state == "result" then return future.value end
  error(future.state == "cancelled" and CANCELLED or future.value, 0)
end

local function await(future)
  if future == current and not next(current.pending) then error(RUNTIME, 0) end
  if future.state ~= "pending" then return result_of(future) end
  local wait = { inner = future }
  wait.leave = function() remove(future.waits, wait) end
  future.waits[#future.waits + 1] = wait
  return suspend(wait)
end

local function shield(future)
  if future.state ~= "pending" then return result_of(future) end
  local wait = {}
  wait.leave = function() remove(future.waits, wait) end
  future.waits[#future.waits + 1] = wait
  return suspend(wait)
end

local function sleep(seconds)
  local wait = { task = current }
  if seconds <= 0 then
    wait.nothing_granted = true
    if not next(current.pending) then wake(wait) end
  else
    local timer = set_timer(now + seconds, function() wake(wait) end)
    timer.sleeper = current
    wait.leave = function() remove(timers, timer) end
  end
  return suspend(wait)
end

-- Primitives: each has a queue of waits, served in their order
-- ---------------------------------------------------------

local function wait_in(queue, wait)
  wait = wait or {}
  queue[#queue + 1] = wait
  wait.leave = function() remove(queue, wait) end
  return suspend(wait)
end

-- Locks and semaphores: `free` is how many may come in; what is given back goes to who waits first.
local function acquire(object)
  object = object.lock or object
  if object.free > 0 then
    object.free = object.free - 1
    return
  end
  local wait = {}
  local ok, err = pcall(wait_in, object.waits, wait)
  if ok and current.pending.asked then -- it was asked to end between the grant and now: others may have it
    current.pending = {}
    ok, err = false, CANCELLED
  end
  if ok then return end
  if wait.granted then object.release(object) end
  error(err, 0)
end

local function release(object)
  object = object.lock or object
  local first = table.remove(object.waits, 1)
  if not first then
    object.free = object.free + 1
    return
  end
  first.granted = true
  wake(first)
end

local function semaphore(free)
  return { free = free, most = free, waits = {}, release = release }
end

-- Queues and channels. An item that is put is promised to who waits longest, and stays in its place until that one
-- runs: `promised` is how many are. The others may have the rest; whose turn it is takes the first. In a channel what is
-- promised needs no room.
local function new_queue(most)
  return { most = most > 0 and most or math.huge, items = {}, promised = 0, getters = {}, putters = {} }
end

local function new_channel(most)
  local channel = new_queue(most)
  channel.is_channel = true
  return channel
end

local function is_full(queue)
  return #queue.items - (queue.is_channel and queue.promised or 0) >= queue.most
end

local function promise(queue)
  local getter = table.remove(queue.getters, 1)
  if not getter then return end
  queue.promised, getter.promised = queue.promised + 1, true
  wake(getter)
end

local function take_in(queue, item)
  queue.items[#queue.items + 1] = item
  promise(queue)
end

local function give_out(queue)
  local item = table.remove(queue.items, 1)
  while #queue.putters > 0 and not is_full(queue) do
    local putter = table.remove(queue.putters, 1)
    take_in(queue, putter.item)
    wake(putter)
  end
  return item
end

local function put(queue, item)
  if queue.closed then error(SHUT_DOWN, 0) end
  if not is_full(queue) then return take_in(queue, item) end
  wait_in(queue.putters, { item = item })
end

local function get(queue)
  local wait = {}
  if #queue.items <= queue.promised then
    if queue.closed then return nil end
    wait_in(queue.getters, wait)
  end
  if wait.promised then
    queue.promised = queue.promised - 1
    if current.pending.asked then -- the item is for the next one
      promise(queue)
      current.pending = {}
      error(CANCELLED, 0)
    end
  elseif #queue.items <= queue.promised then
    return nil -- it was closed
  end
  return give_out(queue)
end

local function put_nowait(queue, item)
  if is_full(queue) then error(FULL, 0) end
  put(queue, item)
end

local function get_nowait(queue)
  if #queue.items <= queue.promised then error(EMPTY, 0) end
  return get(queue)
end

local function close(channel)
  if channel.closed then return end
  channel.closed = true
  for _, wait in ipairs(channel.putters) do wake(wait, nil, SHUT_DOWN) end
  for _, wait in ipairs(channel.getters) do wake(wait) end
  channel.putters, channel.getters = {}, {}
end

local function set(event)
  event.is_set = true
  for _, wait in ipairs(event.waits) do wake(wait) end
  event.waits = {}
end

local function wait_condition(condition)
  release(condition)
  local ok, err = pcall(wait_in, condition.waits)
  local again, problem = pcall(acquire, condition)
  while not again do again, problem = pcall(acquire, condition) end
  if not ok then error(err, 0) end
end

local function notify(condition, count)
  for _ = 1, count do
    local first = table.remove(condition.waits, 1)
    if first then wake(first) end
  end
end

-- Scopes
-- ---------------------------------------------------------------------------------------------------------------

-- Runs fn(...) with a deadline: its own cancellation becomes a TimeoutError, unless another one was
-- asked for as well. What is ready when the time is over runs first, and may bring what the task
-- waits for. Of an error, also whether it was its own.
local function scoped(seconds, fn, ...)
  local task = current
  local scope, before = {}, enter(task)
  local function expire()
    task.due = task.due - 1
    if not scope.left then scope.expired = cancel(task, scope) end
  end
  local timer = set_timer(now + math.max(seconds, 0), function()
    task.due = (task.due or 0) + 1
    ready[#ready + 1] = expire
  end)
  local ok, value = pcall(fn, ...)
  remove(timers, timer)
  scope.left = true
  if scope.expired then
    local own = take_back(task, scope, before)
    if not ok and value == CANCELLED and own then value = TIMEOUT end
  end
  return ok, value, scope.expired
end

local function timeout(...)
  local ok, value = scoped(...)
  if not ok then error(value, 0) end
  return value
end

local function move_on_after(...)
  local ok, value, expired = scoped(...)
  if not ok and not (expired and value == TIMEOUT) then error(value, 0) end
  return ok
end

-- The results of both; the first error at once, and the others go on. Cancelled, it cancels all,
-- and waits for them: anew, behind who waits for them by then.
local function gather(...)
  local children, task, left, failed, cancelled, wait = { ... }, current, 0, nil, false, nil
  local function tell(child)
    left = left - 1
    if child.state ~= "result" then failed = failed or child end
    if wait and (left == 0 or failed and not cancelled) then wake(wait) end
  end
  for _, child in ipairs(children) do
    left = left + 1
    child.listeners[#child.listeners + 1] = tell
  end
  local again = { tell = tell }
  while left > 0 and (cancelled or not failed) do
    wait = {}
    if not pcall(suspend, wait) then
      cancelled = true
      if not cancel_list(children, task, true) then break end
      for _, child in ipairs(children) do
        if remove(child.listeners, tell) or remove(child.waits, again) then table.insert(child.waits, again) end
      end
    end
    wait = nil
  end
  if cancelled then error(CANCELLED, 0) end
  if failed then result_of(failed) end
  return children[1].value, children[2].value
end

-- Children that end before the group does. One that fails cancels the others and the body.
local function abort(group, passed_on)
  if group.aborted then return end
  group.aborted = true
  cancel_list(group.children, group.task, passed_on)
end

local function group_spawn(group, fn)
  if group.aborted or group.ended then error(RUNTIME, 0) end
  local child = spawn(fn)
  group.children[#group.children + 1] = child
  local function ended()
    remove(group.children, child)
    if child.state == "error" then
      group.errors[#group.errors + 1] = child.value
      if not group.aborted then
        abort(group)
        if group.in_body then
          group.asked = true
          cancel(group.task, group)
        end
      end
    end
    if #group.children == 0 and group.wait then wake(group.wait) end
  end
  child.listeners[1] = function() ready[#ready + 1] = ended end -- a done callback, which comes in its turn
  return child
end

local function wait_for_children(group)
  local cancelled = false
  while #group.children > 0 do
    group.wait = { leave = function() group.wait = nil end }
    local ok, err = pcall(suspend, group.wait)
    group.wait = nil
    if not ok then
      assert(err == CANCELLED)
      cancelled = true
      abort(group, true)
    end
  end
  return cancelled
end

local function exception_group(errors)
  local parts = {}
  for i, err in ipairs(errors) do parts[i] = type(err) == "table" and (err.text or err.kind) or err end
  return { kind = "ExceptionGroup", text = "ExceptionGroup(" .. table.concat(parts, "; ") .. ")" }
end

local function group(fn)
  local task = current
  local this = { children = {}, errors = {}, task = task, in_body = true }
  local before = enter(task)
  local ok, err = pcall(fn, this)
  this.in_body = false
  local own = this.asked and take_back(task, this, before)
  local cancelled = not ok and err == CANCELLED and not own
  if not ok then abort(this) end
  cancelled = wait_for_children(this) or cancelled
  this.ended = true
  if not ok and err ~= CANCELLED then table.insert(this.errors, 1, err) end
  if #this.errors > 0 then
    if cancelled then
      local scopes, asked = requests_of(task)
      if asked > before.asked then task.pending.asked = true end
      if scopes > before.scopes then task.pending.scope = true end
    end
    error(exception_group(this.errors), 0)
  end
  if cancelled then error(CANCELLED, 0) end
end

local function run(main)
  now, ready, timers = 0, {}, {}
  local root = spawn(main)
  while root.state == "pending" do
    while #ready > 0 do
      local item = table.remove(ready, 1)
      if type(item) == "function" then item() else step(item) end
    end
    if #timers == 0 and root.state == "pending" then error("nothing can happen any more") end
    if #timers > 0 then now = math.max(now, timers[1].when) end
    while timers[1] and timers[1].when <= now do
      local sleeper = timers[1].sleeper
      if sleeper and (sleeper.due or 0) > 0 then break end -- its time was over before
      table.remove(timers, 1).fire()
    end
  end
  return result_of(root)
end

local api = {
  time = function() return now end,
  kind = function(err) return type(err) == "table" and (err.text or err.kind) or err end,
  catch = pcall,
  spawn = spawn, sleep = sleep, await = await, shield = shield, cancel = cancel, uncancel = uncancel,
  timeout = timeout, move_on_after = move_on_after, gather = gather, group = group, group_spawn = group_spawn,
  wait_for = function(future, seconds) return timeout(seconds, await, future) end,
  done = function(task) return task.state ~= "pending" end,
  lock = function() return semaphore(1) end,
  semaphore = semaphore,
  queue = new_queue,
  channel = new_channel,
  event = function() return { waits = {} } end,
  condition = function() return { lock = semaphore(1), waits = {} } end,
  future = new_future,
  acquire = acquire, release = release,
  locked = function(object) return (object.lock or object).free == 0 end,
  whole = function(object) return object.free == object.most end,
  put = put, get = get, put_nowait = put_nowait, get_nowait = get_nowait,
  send = put, receive = get, close = close,
  set = set,
  clear = function(event) event.is_set = false end,
  wait_event = function(event)
    if not event.is_set then wait_in(event.waits) end
  end,
  wait_condition = wait_condition, notify = notify,
  resolve = function(future, value)
    if future.state ~= "pending" then error(INVALID, 0) end
    finish(future, "result", value)
  end,
}

local here = debug.getinfo(1, "S").source:match("^@(.*/)")
local program = dofile(here .. "schedule_program.lua")

-- The lines of what happens in the program that the input is, and what was wrong, or nil.
return function(input)
  local lines, problem
  run(function() lines, problem = program.run(program.read(input), api) end)
  return lines, problem
end
