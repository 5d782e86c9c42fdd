-- Isolate: a process that runs Lua code, and what is asked of it.
--
--   running ──> ended      (the process is reaped, and every call that waited has failed)
--
-- One task, the keeper, reads what the process says until it ends; it owns the process, so that this ends with the
-- loop.
--
-- Invariants
--  1. What comes from the process is not trusted: a message that makes no sense ends it.
--  2. A call that is given up has ended in the process, or the process has.
local core, use = ...

local async, codec, link = use("async/init"), use("codec"), use("link")
local check_options = use("net/options").check
local checked = use("async/checked").checked
local processes = use("process/create")
local signal_name = use("process/process").signal_name
local command_of = use("command")
local native = use("async/native")
local TypeError, ValueError, RuntimeError, LimitError =
  async.TypeError, async.ValueError, async.RuntimeError, async.LimitError

local MAX_MESSAGE = 64 << 20 -- bytes
local GRACE = 1              -- seconds that a call has to end when it is given up, and the process when it is closed
local MOST_CALLS = 1000      -- of functions of this side that are running for it at once

local Isolate = { __name = "Isolate" }
Isolate.__index = Isolate

local known = {
  sandbox = "any",
  confine = "boolean",
  limits = "table",
  arguments = "table",
  output = "function",
  directory = "string",
  program = "string",
  grace = "number",
  max_message = "count",
  debug = "boolean",
}

-- How it ended, for the calls that failed by that.
local function ending(isolate)
  local code = isolate.process.returncode
  if isolate.problem then return isolate.problem end
  local fields = { cause = isolate.link.failure }
  if isolate.closed then return RuntimeError("the isolate has been closed") end
  if code == nil or code >= 0 then
    return RuntimeError(("the process of the isolate has ended with status %s"):format(code or "?"), fields)
  end
  return RuntimeError(("the process of the isolate was killed by %s"):format(signal_name(-code) or -code), fields)
end

-- Sends a message. When that fails there is nobody to answer, and the process ends: false. Without memory nothing was
-- sent: false and the error.
local function send(isolate, ...)
  local sent, problem = pcall(isolate.link.send, isolate.link, ...)
  if sent then return true end
  if not async.is(problem, async.Error) then return false, problem end
  if async.is(problem, async.OSError) then isolate.link.failure = isolate.link.failure or problem end
  isolate.process:kill()
  return false
end

-- What the process says.

local messages = {}

local function check_message(holds)
  if not holds then error(RuntimeError("a message that makes no sense"), 0) end
end

local function take_values(text)
  check_message(type(text) == "string")
  local values = codec.decode(text)
  check_message(values)
  return values
end

function messages.answer(isolate, id, ok, text)
  local waiting = isolate.waiting[id]
  check_message(waiting and type(ok) == "boolean")
  waiting:set_result { ok = ok, values = take_values(text) }
  isolate.waiting[id] = nil -- not before: who is left is told of a failure by tell_end
end

-- A limit was exceeded: the process ends now.
function messages.over(isolate, text)
  local problem = take_values(text)[1]
  check_message(async.is(problem, LimitError))
  isolate.problem = problem
end

-- The process calls a function of this side.
function messages.call(isolate, id, name, text)
  local fn = type(name) == "string" and isolate.functions[name]
  check_message(fn and math.type(id) == "integer")
  local arguments = take_values(text)
  if isolate.serving == MOST_CALLS then
    error(RuntimeError(("more than %d calls of functions at once"):format(MOST_CALLS)), 0)
  end
  isolate.serving = isolate.serving + 1
  isolate.calls:spawn(function()
    local results = table.pack(pcall(fn, table.unpack(arguments, 1, arguments.n)))
    isolate.serving = isolate.serving - 1
    local fine, answer = pcall(isolate.link.encode, isolate.link, "result %d of " .. name,
      table.unpack(results, 2, results.n))
    if not fine then results[1], answer = false, isolate.link:encode("error", answer) end
    if not send(isolate, "answer", id, results[1], answer) then isolate.process:kill() end -- who waits for it must not for ever
  end)
end

local function read_messages(isolate)
  for message in function() return isolate.link:receive() end do
    local handle = messages[message[1]]
    check_message(handle)
    handle(isolate, table.unpack(message, 2, message.n))
  end
end

local function copy_output(stream, name, output)
  for text in function() return stream:read(1 << 16) end do output(name, text) end
end

-- What is done when the process has ended: nobody waits for an answer any more.
local Ending = {}

local function tell_end(isolate)
  native.essential(true) -- or somebody would wait for ever
  isolate.link:abort()
  local problem = ending(isolate)
  for id, waiting in pairs(isolate.waiting) do
    isolate.waiting[id] = nil
    waiting:set_result { ok = false, values = { problem } }
  end
end

function Ending:__close()
  tell_end(self.isolate)
end

Ending.__essential = true -- as a callback of the keeper, too
Ending.__call = Ending.__close

-- The keeper.
local function keep(isolate)
  local at_end <close> = setmetatable({ isolate = isolate }, Ending)
  local process <close> = isolate.process
  local outputs <close> = async.TaskGroup()
  for _, name in ipairs { "stdout", "stderr" } do
    if process[name] then outputs:spawn(copy_output, process[name], name, isolate.output) end
  end
  local calls <close> = async.TaskGroup()
  isolate.calls = calls
  local ok, problem = pcall(read_messages, isolate)
  calls:cancel()
  if not ok then
    isolate.problem = RuntimeError("the process of the isolate was killed, because it sent "
      .. (async.is(problem, async.Error) and problem.message or tostring(problem)))
    process:kill()
  elseif not async.move_on_after(isolate.grace, process.wait, process) then
    process:kill()
  end
  process:wait()
end

-- Asking.

-- What leaves a request before it is answered: it is told to end, and waited for; what does not end is killed.
local Request = {}

function Request:__close()
  local isolate, id = self.isolate, self.id
  local waiting = isolate.waiting[id]
  if waiting == nil then return end
  local told = async.move_on_after(isolate.grace, function()
    async.wait { send(isolate, "cancel", id) and waiting or isolate.keeper }
  end)
  if told then return end
  isolate.problem = isolate.problem or RuntimeError(("the process of the isolate was killed: a call that was given up had not ended "
    .. "after %g seconds"):format(isolate.grace))
  isolate.process:kill()
  async.wait { isolate.keeper }
end

-- Waits for the answer to a request.
local function await_answer(waiting)
  async.wait { waiting }
  local answer = waiting:result()
  if answer.ok then return table.unpack(answer.values, 1, answer.values.n) end
  error(answer.values[1], 0)
end

-- Sends a message of this kind with a new number, and waits for its answer; for a method to return at once, so that
-- errors are its caller's.
local function ask(isolate, kind, ...)
  if isolate.closed or isolate.keeper:done() then error(ending(isolate), 2) end
  local id = isolate.asked + 1
  isolate.asked = id
  local waiting = async.Future()
  isolate.waiting[id] = waiting
  local request <close> = setmetatable({ isolate = isolate, id = id }, Request)
  local sent, problem = send(isolate, kind, id, ...)
  if problem ~= nil then
    isolate.waiting[id] = nil
    error(problem, 0)
  end
  if not sent then async.wait { isolate.keeper } end
  return await_answer(waiting)
end

-- A request to run, call, get or set something. `place` is what messages call the first value of `...`.
local function request(isolate, kind, place, ...)
  local fine, text = pcall(isolate.link.encode, isolate.link, place, ...)
  if not fine then error(text, 2) end
  return ask(isolate, "request", kind, text)
end

local function check_name(name, method)
  if type(name) ~= "string" then
    error(TypeError(("argument 1 (name) of %s must be a string, got %s"):format(method, native.type_name(name))), 3)
  end
  if not name:find("^[^.]+[^.]*$") and not name:find("^[^.]+%.[^.].*[^.]$") and not name:find("^[^.]+%.[^.]$") then
    error(ValueError(("argument 1 (name) of %s must be the name of a global or 'table.name', got %q"):format(method, name)), 3)
  end
end

-- Methods.

-- run(code, name, ...): what the chunk returns.
function Isolate:run(code, name, ...)
  if type(code) ~= "string" then
    error(TypeError(("argument 1 (code) of Isolate:run must be a string, got %s"):format(native.type_name(code))), 2)
  end
  if name ~= nil and type(name) ~= "string" then
    error(TypeError(("argument 2 (name) of Isolate:run must be a string, got %s"):format(native.type_name(name))), 2)
  end
  return request(self, "run", "argument %d of Isolate:run", code, name or "=(isolate)", ...)
end

-- run_file(path, ...): the same of a file that this side reads.
function Isolate:run_file(path, ...)
  if type(path) ~= "string" then
    error(TypeError(("argument 1 (path) of Isolate:run_file must be a string, got %s"):format(native.type_name(path))), 2)
  end
  local read, code = pcall(use("fs/init").read, path)
  if not read then error(code, 2) end
  code = code:gsub("^#[^\n]*", "", 1)
  return request(self, "run", "argument %d of Isolate:run_file", code, "@" .. path, ...)
end

-- call(name, ...): what the function of that name returns there.
function Isolate:call(name, ...)
  check_name(name, "Isolate:call")
  return request(self, "call", "argument %d of Isolate:call", name, ...)
end

function Isolate:get(name)
  check_name(name, "Isolate:get")
  return request(self, "get", "argument %d of Isolate:get", name)
end

-- set(name, value): a function becomes one there that calls it here.
function Isolate:set(name, value)
  check_name(name, "Isolate:set")
  if type(value) ~= "function" then return request(self, "set", "argument %d of Isolate:set", name, value) end
  self.functions[name] = value
  return ask(self, "expose", name)
end

function Isolate:running()
  return not self.closed and not self.keeper:done()
end

local function end_in_order(isolate)
  pcall(isolate.link.send, isolate.link, "close") -- unless there is nobody any more
  async.wait { isolate.keeper }
end

-- close(): tells it to end, and waits until it has; what does not end in time is killed.
function Isolate:close()
  if not self.closed and not self.keeper:done() then
    self.closed = true
    if not async.move_on_after(self.grace, end_in_order, self) then self.process:kill() end
  end
  async.wait { self.keeper }
end

-- kill(): kills it. Does not wait.
function Isolate:kill()
  if self.keeper:done() then return end
  self.closed = true
  self.process:kill()
end

-- terminate(): kills it, and waits until it has ended.
function Isolate:terminate()
  self:kill()
  async.wait { self.keeper }
end

function Isolate:__close(err)
  if err ~= nil then self:terminate() else self:close() end
end

function Isolate:__tostring()
  local state = self:running() and "running" or self.keeper:done() and "ended" or "closing"
  return ("<Isolate of process %d %s>"):format(self.process.pid, state)
end

checked(Isolate, Isolate)

-- Starting one.

-- Raises at the caller of `start` what is wrong with the options.
local function check(options)
  check_options(options, known, "isolate.start")
  local sandbox = options.sandbox
  if sandbox ~= nil and type(sandbox) ~= "boolean" and type(sandbox) ~= "table" then
    error(TypeError(("the option 'sandbox' of isolate.start must be a table or a boolean, got %s"):format(type(sandbox))), 3)
  end
  if options.grace and not (options.grace > 0 and options.grace < math.huge) then
    error(ValueError(("the option 'grace' of isolate.start must be positive, got %s"):format(options.grace)), 3)
  end
  if options.max_message and options.max_message > 0xffffffff then
    error(ValueError(("the option 'max_message' of isolate.start must be at most %d, got %d"):format(0xffffffff,
      options.max_message)), 3)
  end
  local fine, problem = pcall(async.limit, options.limits or {})
  if not fine then error(problem, 3) end
  for i, argument in ipairs(options.arguments or {}) do
    if type(argument) ~= "string" then
      error(TypeError(("argument %d in the option 'arguments' of isolate.start must be a string, got %s"):format(i,
        native.type_name(argument))), 3)
    end
  end
end

-- The process, and this side's end of the connection.
local function launch(options, command, environment)
  local ours, theirs = core.pair()
  local both <close> = setmetatable({}, { __close = function(_, err)
    theirs:abort()
    if err ~= nil then ours:abort() end
  end })
  local pipe = options.output and processes.PIPE or nil
  command[#command + 1] =
    { stdin = theirs, stdout = pipe, stderr = pipe, env = environment, start_new_session = true }
  return processes.create_subprocess_exec(table.unpack(command)), ours
end

-- Tells it what it has to know, and waits until it is there.
local function begin(isolate, options)
  local text = isolate.link:encode("the options", {
    limits = options.limits,
    arguments = options.arguments or {},
    max_message = isolate.link.most,
  })
  ask(isolate, "begin", link.PROTOCOL, text)
end

-- What leaves `start` before the isolate is there.
local Unfinished = { __close = function(unfinished, err) if err ~= nil then unfinished.isolate:terminate() end end }

-- start(options): an Isolate, once its process runs and has said so.
local function start(options)
  options = options or {}
  check(options)
  local fine, command, environment = pcall(command_of, options)
  if not fine then error(command, 2) end
  local started, process, ours = pcall(launch, options, command, environment)
  if not started then error(process, 2) end
  local isolate = setmetatable({
    process = process,
    pid = process.pid,
    link = link.open(ours, options.max_message or MAX_MESSAGE),
    grace = options.grace or GRACE,
    output = options.output,
    functions = {},
    waiting = {},
    asked = 0,
    serving = 0,
  }, Isolate)
  isolate.keeper = async.create_task(function() return keep(isolate) end, { name = "isolate " .. process.pid })
  -- Without memory `keep` may not have begun.
  isolate.keeper:add_done_callback(setmetatable({ isolate = isolate }, Ending))
  local unfinished <close> = setmetatable({ isolate = isolate }, Unfinished)
  begin(isolate, options)
  return isolate
end

return { start = start }
