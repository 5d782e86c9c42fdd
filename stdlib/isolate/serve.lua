-- The inside of an isolate: what a process that was started with --isolate runs. It does what its parent asks for until
-- that closes the connection.
--
-- The script's code runs in tasks below a limit of their own (async.limit), so that what serves survives a limit long
-- enough to tell that it was exceeded; then the process ends.
local core, use = ...

local async, codec, link = use("async/init"), use("codec"), use("link")

local OVER_LIMIT = 124

-- The value of "name" or "table.name" among the script's globals, and the table that holds it. A table on the way that
-- is not there is made, when asked to.
local function find(name, make)
  local holder, last = _G, name
  for part in name:gmatch("([^.]*)%.") do
    if holder[part] == nil and make then holder[part] = {} end
    holder = holder[part]
    last = name:match("[^.]*$")
    if holder == nil then return nil end
  end
  return holder[last], holder, last
end

local requests = {}

function requests.run(code, name, ...)
  local chunk, problem = load(code, name, "t")
  if not chunk then error(problem, 0) end
  return chunk(...)
end

function requests.call(name, ...)
  local fn = find(name)
  if fn == nil then error(async.TypeError(("there is no function '%s' in the isolate"):format(name)), 0) end
  return fn(...)
end

function requests.get(name)
  return (find(name))
end

function requests.set(name, value)
  local _, holder, last = find(name, true)
  holder[last] = value
end

local GONE = async.RuntimeError("there is nobody any more whose function could be called")

-- A function of the parent's, under that name here.
local function expose(served, name)
  requests.set(name, function(...)
    if served.alone then error(GONE, 2) end
    local id = served.calls + 1
    served.calls = id
    local text = served.link:encode("argument %d of " .. name, ...)
    local answer = async.Future()
    served.waiting[id] = answer
    served.link:send("call", id, name, text)
    local given <close> = setmetatable({}, { __close = function() served.waiting[id] = nil end })
    local values = await(answer)
    if values[1] then return table.unpack(values, 2, values.n) end
    error(values[2], 0)
  end)
end

-- The answer to a request: what the function returned, or its error.
local function answer(served, id, fn, ...)
  local results = table.pack(async.catch(fn, ...))
  served.running[id] = nil
  local fine, text = pcall(served.link.encode, served.link, "result %d", table.unpack(results, 2, results.n))
  if not results[1] and not fine then
    fine, text = true, served.link:encode("error", async.Error(tostring(results[2])))
  end
  served.link:send("answer", id, results[1] and fine, fine and text or served.link:encode("error", text))
end

local handle = {}

function handle.request(served, id, kind, text)
  local values = codec.decode(text)
  served.work:put { id = id, fn = requests[kind], values = values }
end

function handle.expose(served, id, name)
  served.work:put { id = id, fn = expose, values = table.pack(served, name) }
end

function handle.cancel(served, id)
  local task = served.running[id]
  if task then task:cancel() end
end

function handle.answer(served, id, ok, text)
  local waiting = served.waiting[id]
  if waiting == nil then return end
  local values = codec.decode(text)
  waiting:set_result(table.pack(ok, table.unpack(values, 1, values.n)))
end

-- Has requests done in tasks, as they come.
local function work(served)
  for request in served.work:items() do
    local values = request.values
    served.running[request.id] = async.spawn(answer, served, request.id, request.fn, table.unpack(values, 1, values.n))
  end
end

-- Reads until it is to end, or nobody is there any more.
local function read_requests(served)
  for message in function() return served.link:receive() end do
    if message[1] == "close" then served.closing:set() end
    local handler = handle[message[1]]
    if handler then handler(served, table.unpack(message, 2, message.n)) end
  end
  served.alone = true
  served.closing:set()
  for _, waiting in pairs(served.waiting) do waiting:set_result { false, GONE, n = 2 } end
end

-- Ends what the script has running, cleanup included, while its calls are answered still.
local function end_tasks(own)
  local tasks = {}
  for _, task in ipairs(async.all_tasks()) do
    if not own[task] then
      task:cancel()
      tasks[#tasks + 1] = task
    end
  end
  if #tasks > 0 then async.wait(tasks) end
end

-- The settings of the parent, and their number; nil when it has gone, or is another version of neap.
local function begin(parent)
  local fine, message = pcall(parent.receive, parent)
  if not fine then error("--isolate is what neap.isolate starts, which would not send " .. message.message, 0) end
  if message == nil then return nil end
  local kind, id, protocol, text = table.unpack(message, 1, message.n)
  if kind == "begin" and protocol == link.PROTOCOL then return codec.decode(text)[1], id end
  local problem = async.RuntimeError("the program of the isolate is of another version of neap")
  parent:send("answer", id, false, parent:encode("error", problem))
  return nil
end

-- serve(fd): the connection is the descriptor. Ends the process when a limit was exceeded.
return function(fd)
  local parent = link.open(core.adopt(fd), link.SMALL)
  local settings, id = begin(parent)
  if settings == nil then return end
  parent.most = settings.max_message
  for i, argument in ipairs(settings.arguments) do arg[i] = argument end
  local served = { link = parent, work = async.Queue(), running = {}, waiting = {}, calls = 0, closing = async.Event() }
  local worker = async.spawn(function()
    if settings.limits == nil then return work(served) end
    return async.limit(settings.limits, work, served)
  end)
  parent:send("answer", id, true, "")
  local reader = async.spawn(read_requests, served)
  local closing = async.spawn(served.closing.wait, served.closing)
  async.wait({ worker, closing }, { return_when = async.FIRST_COMPLETED })
  if worker:done() then
    parent:send("over", parent:encode("error", worker:exception()))
    parent:finish()
    os.exit(OVER_LIMIT, true)
  end
  end_tasks { [worker] = true, [reader] = true, [closing] = true, [async.current_task()] = true }
end
