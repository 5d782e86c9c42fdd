-- Programs of tasks, made from any bytes, and run on whatever has the functions of an `api`: neap
-- (schedule.lua) or the model (schedule_model.lua). What happens is written down, line by line; and
-- what must hold in any order of events is checked.
--
-- The first byte is the seed of the order of the tasks, 0 for the usual one; the second the
-- suspension that is cancelled, 0 for none. Then come up to six bodies, each a block: operations of
-- two bytes, up to one of code 0.
local MOST_BODIES, MOST_OPERATIONS, MOST_DEPTH, MOST_TASKS = 6, 14, 4, 14
local DELAYS = { 0, 0, 1, 1, 2, 3, 0.5, 4 }

local program = {}

-- Reading ----------------------------------------------------------------------------------------------------------

local NAMES = { "sleep", "spawn", "await", "cancel", "acquire", "release", "put", "get", "put_nowait", "get_nowait", "set",
  "clear", "wait_event", "resolve", "await_future", "catch", "finally", "timeout", "move_on", "raise", "permit", "return_permit",
  "shield", "uncancel", "send", "receive", "close", "gather", "group", "wait_condition", "notify", "wait_for" }
local HAS_BLOCK = { catch = true, finally = true, timeout = true, move_on = true, group = true }

local function new_reader(bytes)
  local at = 0
  return function()
    at = at + 1
    return bytes:byte(at) or 0
  end
end

local function read_block(next_byte, depth)
  local block = {}
  for i = 1, MOST_OPERATIONS do
    local code = next_byte()
    if code == 0 then break end
    local operation = { name = NAMES[code % #NAMES + 1], argument = next_byte() }
    if HAS_BLOCK[operation.name] then
      if depth == MOST_DEPTH then break end
      operation.block = read_block(next_byte, depth + 1)
    end
    block[i] = operation
  end
  return block
end

function program.read(bytes)
  local next_byte = new_reader(bytes)
  local result = { seed = next_byte(), cancel_at = next_byte(), bodies = {} }
  for i = 1, MOST_BODIES do result.bodies[i] = read_block(next_byte, 1) end
  return result
end

-- Running ----------------------------------------------------------------------------------------------------------

local World = {}
World.__index = World

local function number_text(value)
  return (("%.3f"):format(value):gsub("%.?0+$", ""))
end

function World:note(me, text)
  self.log[#self.log + 1] = ("%s #%d %s"):format(number_text(self.api.time()), me.number, text)
end

function World:broken(text)
  self.problem = self.problem or text
end

local operations = {}

function World:run_block(me, block)
  for _, operation in ipairs(block) do operations[operation.name](self, me, operation.argument, operation.block) end
end

-- Runs the block; its error is returned and noted.
function World:try(me, block)
  local ok, err = self.api.catch(self.run_block, self, me, block)
  return ok, err
end

function World:run_task(me, block)
  self:note(me, "begins")
  local ok, err = self:try(me, block)
  for i = #me.held, 1, -1 do me.held[i]() end
  self:note(me, ok and "ends" or "ends with " .. self.api.kind(err))
  if not ok then error(err, 0) end
  return me.number
end

-- A task that runs a body behind its maker's; nil when there are no more.
function World:start(me, argument, spawn)
  local left = #self.program.bodies - me.body
  if left <= 0 or #self.tasks >= MOST_TASKS then return nil end
  local body = me.body + 1 + argument % left
  local task = { number = #self.tasks + 1, body = body, held = {}, groups = {} }
  self.tasks[task.number] = task
  task.handle = spawn(function() return self:run_task(task, self.program.bodies[body]) end)
  return task
end

function World:pick(argument)
  return self.tasks[argument % #self.tasks + 1]
end

function operations.sleep(world, me, argument)
  world.api.sleep(DELAYS[argument % #DELAYS + 1])
  world:note(me, "slept")
end

function operations.spawn(world, me, argument)
  local group = me.groups[#me.groups]
  local started
  if group and argument >= 128 then
    local ok, err = world.api.catch(function()
      started = world:start(me, argument, function(fn) return world.api.group_spawn(group, fn) end)
    end)
    if not ok then
      table.remove(world.tasks)
      world:note(me, "may not spawn: " .. world.api.kind(err))
    end
  else
    started = world:start(me, argument, world.api.spawn)
  end
  if started then world:note(me, "spawned " .. started.number) end
end

-- In the usual order tasks wait for later ones only: who is told what in a circle is more than the
-- model knows. In other orders there are circles, and everything must end.
local function may_wait(world, me, other)
  return world.circles or other.number > me.number
end

function operations.await(world, me, argument)
  local other = world:pick(argument)
  if not may_wait(world, me, other) then return end
  local value = world.api.await(other.handle)
  world:note(me, "has awaited " .. value)
end

function operations.shield(world, me, argument)
  local other = world:pick(argument)
  if not may_wait(world, me, other) then return end
  local value = world.api.shield(other.handle)
  world:note(me, "has awaited the shielded " .. value)
end

function operations.wait_for(world, me, argument)
  local other = world:pick(argument // 8)
  if not may_wait(world, me, other) then return end
  local value = world.api.wait_for(other.handle, DELAYS[argument % #DELAYS + 1])
  world:note(me, "has awaited in time " .. value)
end

function operations.cancel(world, me, argument)
  local other = world:pick(argument)
  world:note(me, ("cancels %d: %s"):format(other.number, world.api.cancel(other.handle)))
end

function operations.uncancel(world, me)
  world:note(me, ("uncancels itself: %d"):format(world.api.uncancel(me.handle)))
end

-- Locks and permits: never more holders than there may be; what a task still holds at its end it
-- gives back.
local function hold(world, me, primitive, name)
  world.api.acquire(primitive.object)
  primitive.holders = primitive.holders + 1
  if primitive.holders > primitive.most then world:broken(name .. " has too many holders") end
  world:note(me, "holds " .. name)
  local released = false
  me.held[#me.held + 1] = function()
    if released then return end
    released = true
    primitive.holders = primitive.holders - 1
    world.api.release(primitive.object)
  end
end

local function give_back(world, me)
  local release = table.remove(me.held)
  if not release then return end
  release()
  world:note(me, "released")
end

function operations.acquire(world, me, argument)
  local number = argument % #world.locks + 1
  hold(world, me, world.locks[number], "lock " .. number)
end

function operations.permit(world, me)
  hold(world, me, world.semaphore, "a permit")
end

operations.release, operations.return_permit = give_back, give_back

-- Queues and the channel: what is taken out was put in, once.
local function new_item(world, place)
  world.items = world.items + 1
  world.where[world.items] = place
  return world.items
end

local function taken(world, item, place)
  if world.where[item] ~= place then world:broken(("item %s came out of %s"):format(tostring(item), place)) end
  world.where[item] = nil
end

local function queue_of(world, argument)
  local number = argument % #world.queues + 1
  return world.queues[number], "queue " .. number
end

function operations.put(world, me, argument)
  local queue, name = queue_of(world, argument)
  local item = new_item(world, name)
  world.api.put(queue, item)
  world.sure[item] = true
  world:note(me, ("put %d into %s"):format(item, name))
end

function operations.get(world, me, argument)
  local queue, name = queue_of(world, argument)
  local item = world.api.get(queue)
  taken(world, item, name)
  world:note(me, ("got %d from %s"):format(item, name))
end

function operations.put_nowait(world, me, argument)
  local queue, name = queue_of(world, argument)
  local item = new_item(world, name)
  local ok = world.api.catch(world.api.put_nowait, queue, item)
  if ok then world.sure[item] = true else world.where[item] = nil end
  world:note(me, ("puts %d into %s at once: %s"):format(item, name, ok))
end

function operations.get_nowait(world, me, argument)
  local queue, name = queue_of(world, argument)
  local ok, item = world.api.catch(world.api.get_nowait, queue)
  if ok then taken(world, item, name) end
  world:note(me, ("gets from %s at once: %s"):format(name, ok and item))
end

function operations.send(world, me)
  local item = new_item(world, "the channel")
  world.api.send(world.channel, item)
  world.sure[item] = true
  world:note(me, "sent " .. item)
end

function operations.receive(world, me)
  local item = world.api.receive(world.channel)
  if item == nil then return world:note(me, "received the end") end
  taken(world, item, "the channel")
  world:note(me, "received " .. item)
end

function operations.close(world, me)
  world.api.close(world.channel)
  world:note(me, "closed the channel")
end

function operations.set(world, me)
  world.api.set(world.event)
  world:note(me, "set the event")
end

function operations.clear(world, me)
  world.api.clear(world.event)
  world:note(me, "cleared the event")
end

function operations.wait_event(world, me)
  world.api.wait_event(world.event)
  world:note(me, "has seen the event")
end

function operations.wait_condition(world, me)
  local condition = world.condition
  world.api.acquire(condition)
  world:note(me, "waits for the condition")
  local ok, err = world.api.catch(world.api.wait_condition, condition)
  world:note(me, "holds the condition: " .. (ok and "notified" or world.api.kind(err)))
  world.api.release(condition)
  if not ok then error(err, 0) end
end

function operations.notify(world, me, argument)
  local condition = world.condition
  world.api.acquire(condition)
  world.api.notify(condition, argument % 3 + 1)
  world.api.release(condition)
  world:note(me, "notified")
end

function operations.resolve(world, me, argument)
  local number = argument % #world.futures + 1
  local ok = world.api.catch(world.api.resolve, world.futures[number], number)
  world:note(me, ("resolves future %d: %s"):format(number, ok))
end

function operations.await_future(world, me, argument)
  local number = argument % #world.futures + 1
  world:note(me, "got from future " .. world.api.await(world.futures[number]))
end

operations["raise"] = function(_, me, argument)
  error(("error %d of #%d"):format(argument, me.number), 0)
end

function operations.catch(world, me, _, block)
  local ok, err = world:try(me, block)
  world:note(me, ok and "caught nothing" or "caught " .. world.api.kind(err))
end

function operations.finally(world, me, argument, block)
  local ok, err = world:try(me, block)
  world:note(me, "cleans up")
  operations.sleep(world, me, argument)
  if not ok then error(err, 0) end
end

function operations.timeout(world, me, argument, block)
  world.api.timeout(DELAYS[argument % #DELAYS + 1], world.run_block, world, me, block)
  world:note(me, "was in time")
end

function operations.move_on(world, me, argument, block)
  local ok = world.api.move_on_after(DELAYS[argument % #DELAYS + 1], world.run_block, world, me, block)
  world:note(me, "moved on: " .. tostring(ok))
end

function operations.gather(world, me, argument)
  local first = world:start(me, argument, world.api.spawn)
  local second = world:start(me, argument // 8, world.api.spawn)
  if not second then return end
  world:note(me, ("gathers %d and %d"):format(first.number, second.number))
  local one, two = world.api.gather(first.handle, second.handle)
  world:note(me, ("gathered %d and %d"):format(one, two))
end

function operations.group(world, me, _, block)
  local depth = #me.groups
  world.api.group(function(group)
    me.groups[depth + 1] = group
    local ok, err = world:try(me, block)
    world:note(me, "the body of the group ends" .. (ok and "" or " with " .. world.api.kind(err)))
    me.groups[depth + 1] = nil
    if not ok then error(err, 0) end
  end)
  world:note(me, "the group has ended")
end

local function unfinished(world)
  local list = {}
  for _, task in ipairs(world.tasks) do
    if not world.api.done(task.handle) then list[#list + 1] = task end
  end
  return list
end

local function check_items(world)
  for number, queue in ipairs(world.queues) do
    while true do
      local ok, item = world.api.catch(world.api.get_nowait, queue)
      if not ok then break end
      taken(world, item, "queue " .. number)
    end
  end
  for item, place in pairs(world.where) do
    if world.sure[item] and place ~= "the channel" then world:broken(("item %d of %s is lost"):format(item, place)) end
  end
end

-- run(program, api): in a task; the lines of what happened, and what was wrong, or nil.
function program.run(what, api)
  local world = setmetatable({ program = what, api = api, log = {}, tasks = {}, items = 0, where = {}, sure = {} }, World)
  world.circles = what.seed > 0 or what.cancel_at > 0
  world.locks = { { object = api.lock(), holders = 0, most = 1 }, { object = api.lock(), holders = 0, most = 1 } }
  world.semaphore = { object = api.semaphore(2), holders = 0, most = 2 }
  world.queues = { api.queue(1), api.queue(0) }
  world.event, world.condition, world.channel = api.event(), api.condition(), api.channel(1)
  world.futures = { api.future(), api.future() }
  world:start({ body = 0 }, 0, api.spawn)
  -- Whoever waits for ever is cancelled in the end, once for each wait that is left.
  for _ = 1, 200 do
    api.sleep(1000)
    local left = unfinished(world)
    if #left == 0 then break end
    for _, task in ipairs(left) do
      if not api.done(task.handle) then world:note(task, "is cancelled at last") end
      api.cancel(task.handle)
    end
  end
  if #unfinished(world) > 0 then world:broken("a task does not end") end
  for _, task in ipairs(world.tasks) do
    local ok, value = api.catch(api.await, task.handle)
    world:note(task, "result: " .. (ok and tostring(value) or api.kind(value)))
  end
  for number, lock in ipairs(world.locks) do
    if lock.holders > 0 or api.locked(lock.object) then world:broken(("lock %d is still held"):format(number)) end
  end
  if world.semaphore.holders > 0 or not api.whole(world.semaphore.object) then world:broken("a permit is lost") end
  if api.locked(world.condition) then world:broken("the condition is still held") end
  check_items(world)
  return table.concat(world.log, "\n"), world.problem
end

return program
