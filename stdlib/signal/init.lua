-- The signal module: signals of the system, handled from the loop. Scripts know it as `loop:add_signal_handler`,
-- `loop:remove_signal_handler` and `async.signals`.
local core, use = ...

local async, native = use("async/init"), use("async/native")

-- By number: {watcher=, handler=, streams=}; a signal is watched while it has a handler or somebody iterates over it.
local watched = {}

local function deliver(entry)
  if entry.handler then entry.handler() end
  for stream in pairs(entry.streams) do stream:put_nowait(entry.name) end
end

local function entry_of(number)
  local entry = watched[number]
  if entry then return entry end
  entry = { streams = {}, name = core.name(number) or tostring(number), handler = false, watcher = false }
  local function on_signal() deliver(entry) end
  local before = native.essential(true) -- or there would be a watcher that nobody knows
  local ok, watcher = pcall(core.watch, number, on_signal)
  if ok then entry.watcher, watched[number] = watcher, entry end
  native.essential(before)
  if not ok then error(watcher, 0) end
  return entry
end

-- Nobody may be interested in it any more.
local function release(number)
  local entry = watched[number]
  if entry.handler or next(entry.streams) then return end
  watched[number] = nil
  entry.watcher:stop()
end

-- Each call has a copy of the context in which the handler was set; an error in it is reported as a callback's is.
local function add_handler(signal, fn, ...)
  local number = core.number(signal, "add_signal_handler")
  if type(fn) ~= "function" then
    error(async.TypeError(("argument 2 of add_signal_handler must be a function, got %s"):format(type(fn))), 3)
  end
  local arguments = table.pack(...)
  local context, loop = async.copy_context(), async.get_running_loop()
  local function handler()
    context:copy():run(loop.call_soon, loop, fn, table.unpack(arguments, 1, arguments.n))
  end
  entry_of(number).handler = handler
end

local function remove_handler(signal)
  local number = core.number(signal, "remove_signal_handler")
  local entry = watched[number]
  if not entry or not entry.handler then return false end
  entry.handler = false
  release(number)
  return true
end

-- What `signals` gives: the names of signals, as they arrive.
local Signals = { __name = "Signals" }
Signals.__index = Signals

function Signals:__call()
  local ok, name = async.catch(self.queue.get, self.queue)
  if ok then return name end
  if async.is(name, async.QueueShutDown) then return nil end
  error(name, 0)
end

-- close(): they are handled as before; a loop that waits for one ends.
function Signals:close()
  for _, number in ipairs(self.numbers) do
    watched[number].streams[self.queue] = nil
    release(number)
  end
  self.numbers = {}
  self.queue:shutdown(true)
end

Signals.__close = Signals.close

-- each(): for name in signals:each() do ... end, which closes it on the way out.
function Signals:each()
  return self, nil, nil, self
end

function Signals:__tostring()
  return ("<Signals %s>"):format(#self.numbers == 0 and "closed" or table.concat(self.names, " "))
end

use("async/checked").checked(Signals, Signals)

-- signals{"SIGTERM", ...}: an iterator over the names of those that arrive, from now on until it is closed.
local function signals(list)
  if type(list) ~= "table" or #list == 0 then
    error(async.TypeError(("signals takes a list of signals, such as {\"SIGTERM\"}, got %s")
      :format(type(list) == "table" and "an empty list" or type(list))), 2)
  end
  local numbers = {}
  for i, signal in ipairs(list) do numbers[i] = core.number(signal, "signals") end
  local self = setmetatable({ numbers = {}, names = {}, queue = async.Queue() }, Signals)
  for i, number in ipairs(numbers) do
    local ok, entry = async.catch(entry_of, number)
    if not ok then
      self:close()
      error(entry, 2)
    end
    entry.streams[self.queue] = true
    self.numbers[i], self.names[i] = number, entry.name
  end
  return self, nil, nil, self
end

return { signals = signals, add_handler = add_handler, remove_handler = remove_handler }
