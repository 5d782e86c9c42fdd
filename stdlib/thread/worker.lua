-- Worker: a function in a thread of its own, and messages in both directions.
local core, use = ...

local async, native = use("async/init"), use("async/native")
local add_messages = use("worker_messages")
local TypeError = async.TypeError

local CAPACITY = 64 -- messages that may be on their way in one direction
local PATIENCE = 1  -- seconds after which what was told to end is stopped at every instruction

local Worker = { __name = "Worker" }
Worker.__index = Worker
add_messages(Worker)

local function name_of(target)
  if type(target) == "string" then return target end
  local info = debug.getinfo(target, "S")
  return ("%s:%d"):format(info.short_src, math.max(info.linedefined, 0))
end

-- What leaves the making of a worker after its thread was started.
local Unfinished = {
  __close = function(unfinished, err)
    if err == nil then return end
    unfinished.out:close()
    unfinished.inbox:close()
    core.interrupt(unfinished.pool, true)
  end,
}

-- Worker(target, ...): calls the function, or the one that the module of that name returns, with its own end of the
-- messages and the arguments.
local function new_worker(target, ...)
  if type(target) ~= "function" and type(target) ~= "string" then
    error(TypeError(("argument 1 of Worker must be a function or the name of a module, got %s"):format(
      native.type_name(target))), 2)
  end
  local name = name_of(target)
  local pool = core.pool(1, "Worker " .. name)
  local out, inbox = core.thread_channel(CAPACITY), core.thread_channel(CAPACITY)
  local unfinished <close> = setmetatable({ out = out, inbox = inbox, pool = pool }, Unfinished)
  local arguments = table.pack(...)
  arguments[arguments.n + 1], arguments[arguments.n + 2] = out, inbox
  local ended = core.start(pool, target, table.unpack(arguments, 1, arguments.n + 2))
  ended:add_done_callback(function()
    out:close()
    inbox:close()
  end)
  return setmetatable({ pool = pool, name = name, out = out, inbox = inbox, ended = ended }, Worker)
end

-- close(): no more messages are sent to it; what has been sent it still receives.
function Worker:close()
  self.out:close()
end

-- join(): waits for its end; what its function returned, or its error. Nothing when it was terminated.
function Worker:join()
  if not self.ended:done() then async.wait { self.ended } end
  if self.ended:cancelled() then return end
  return self.ended:result()
end

-- terminate(): its task is cancelled. Does not wait. Nothing more can be sent; but the channel to it stays open until
-- it has ended, or a worker that waits for a message could find it closed before it is cancelled, and end in order.
function Worker:terminate()
  if self.ended:done() or self.terminated then return end
  self.terminated = true
  self.out = core.thread_channel(1)
  self.out:close()
  core.interrupt(self.pool, false)
  local harder
  self.ended:add_done_callback(function()
    if harder then harder:cancel() end
  end)
  harder = async.get_running_loop():call_later(PATIENCE, core.interrupt, self.pool, true)
end

-- At the end of a block: lets it end, or makes it, when the block is left by an error.
function Worker:__close(err)
  if err ~= nil then
    self:terminate()
  else
    self:close()
  end
  self:join()
end

-- A worker that nobody has any more gets no more messages.
function Worker:__gc()
  self.out:close()
end

function Worker:__tostring()
  local ended = self.ended
  local state = not ended:done() and (self.terminated and "ending" or "running") or ended:cancelled() and "terminated"
    or ended:exception() and "failed" or "finished"
  return ("<Worker %s %s out=%d in=%d>"):format(self.name, state, #self.out, #self.inbox)
end

use("async/checked").checked(Worker, Worker)

return { Worker = new_worker }
