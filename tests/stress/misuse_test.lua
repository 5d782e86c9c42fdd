-- Wrong arguments of every kind, at each place of every function and method: whatever is raised is an error object of
-- the library's, placed at the caller. What the arguments themselves raise says "mine".

local samples = assert(loadfile(debug.getinfo(1, "S").source:match("^@(.*)stress/") .. "stdlib/async/samples.lua"))()

local MineError = async.class("mine")

-- As an iterator it ends.
local function giver()
  local left = 2
  return function()
    left = left - 1
    return left >= 0 and 1 or nil
  end
end

-- Made anew for each call, for a call may change them.
local kinds = {
  function() return nil end,
  function() return true end,
  function() return -1 end,
  function() return 2.5 end,
  function() return 0 / 0 end,
  function() return math.huge end,
  function() return math.maxinteger end,
  function() return "x" end,
  function() return {} end,
  function() return { 1 } end,
  function() return { n = "x" } end,
  function() return { n = -1 } end,
  function() return { n = math.maxinteger } end,
  function() return { [{}] = 1 } end,
  giver,
  function() return function() error("mine") end end,
  function() return function() async.sleep(0.1) end end,
  function() return coroutine.create(print) end,
  function() return io.stderr end,
  function() return async.Future() end,
  function() return async.Lock() end,
  function() return async.Queue() end,
  function() return async.Channel() end,
  function() return (async.generator(function() coroutine.yield(1) end)()) end,
  function() return MineError end,
  function() return async.ValueError("mine") end,
  function() return async.on_timeout(1) end,
  function()
    local function fail() error("mine") end
    return setmetatable({}, { __index = fail, __tostring = fail, __len = fail, __name = 5 })
  end,
}

-- Each gives the arguments of a call around a wrong value.
local shapes = {
  function(value) return table.pack(value) end,
  function(value) return table.pack(0.1, value) end,
  function(value) return table.pack("x", value) end,
  function(value) return table.pack(giver(), value) end,
  function(value) return table.pack({ giver() }, value) end,
  function(value) return table.pack(0.1, giver(), value) end,
  function(value) return table.pack({ 1, 2 }, giver(), value) end,
  function(value) return table.pack(value, value) end,
}

local function is_ours(err, arguments)
  for i = 1, arguments.n do
    if rawequal(arguments[i], err) or err ~= err then return true end
  end
  if not (async.is(err, async.Error) or async.is(err, async.CancelledError)) then
    return type(err) == "string" and err:find("mine", 1, true)
  end
  local text = tostring(err)
  if text:find("mine", 1, true) or async.is(err, async.TimeoutError) or async.is(err, async.CancelledError) then return true end
  if text:find("attempt to", 1, true) or text:find("bad argument", 1, true) then return false end
  return err.traceback:match("^%s*[^\n]*"):find("misuse_test.lua:", 1, true)
end

local function show(err)
  local at = type(err) == "table" and rawget(err, "traceback")
  return ("%s: %s%s"):format(async.is(err, async.Error) and "an error object" or "a " .. type(err), tostring(err),
    at and "\n" .. at or "")
end

-- A scope that is left open has a timer.
local function close(value)
  local meta = getmetatable(value)
  if type(meta) == "table" and meta.__close then async.catch(meta.__close, value) end
end

local function attempt(fn, arguments)
  return async.catch(function()
    close((fn(table.unpack(arguments, 1, arguments.n))))
  end)
end

local patience = 1 -- seconds that a call may wait

-- Calls fn with the arguments in a task that may wait so long. What is wrong goes to the list.
local function try(problems, name, fn, arguments)
  local ok, err = async.catch(async.timeout, patience, function()
    local fine, problem = await(async.spawn(attempt, fn, arguments))
    if not fine then error(problem, 0) end
  end)
  if ok or is_ours(err, arguments) then return end
  problems[#problems + 1] = ("%s, argument kinds %s: %s"):format(name, arguments.kinds, show(err))
end

-- `receiver(visit)` gives the object whose method fn is; none for a function.
local function sweep(problems, name, fn, receiver)
  local function call(arguments, what)
    arguments.kinds = what
    if receiver == nil then return try(problems, name, fn, arguments) end
    async.catch(receiver, function(object) -- which may raise what the method did to the object
      table.insert(arguments, 1, object)
      arguments.n = arguments.n + 1
      try(problems, name, fn, arguments)
    end)
  end
  call(table.pack(), "none")
  for i, make in ipairs(kinds) do
    for j, shape in ipairs(shapes) do call(shape(make()), ("%d in shape %d"):format(i, j)) end
    if receiver then try(problems, name .. " of another object", fn, { make(), n = 1, kinds = i }) end
  end
end

local function check_none(problems)
  for _, task in ipairs(async.all_tasks()) do
    if task ~= async.current_task() then
      task:cancel()
      async.catch(await, task)
    end
  end
  check(#problems == 0, #problems .. " problems, such as\n" .. table.concat(problems, "\n", 1, math.min(3, #problems)))
end

local function sweep_test(name, run, options)
  test(name .. " refuses wrong arguments by errors of the library, at the caller", options or {}, function()
    local problems = {}
    reports() -- what the arguments left behind raise
    run(problems)
    check_none(problems)
  end)
end

local left_out = { run = true, new_event_loop = true, print_call_graph = true, Worker = true } -- they run loops, print, and run on

-- Values that happen to be right would start programs, and open sockets.
local function touches_the_world(name)
  return name:find("^open_[cu]") or name:find("^start_") or name:find("^create_subprocess") or name == "getaddrinfo"
end

for name, fn in pairs(async) do
  local swept = type(fn) == "function" or tostring(fn):find("^<class ")
  if swept and not left_out[name] and not touches_the_world(name) then
    sweep_test("async." .. name, function(problems) sweep(problems, name, function(...) return async[name](...) end) end)
  end
end

-- The methods by name, metamethods left out.
local function methods_of(object)
  local found, index = {}, getmetatable(object).__index
  if type(index) == "function" then return { wait = object.wait, reset = object.reset, abort = object.abort } end
  for name, method in pairs(index) do
    if type(method) == "function" and name:sub(1, 2) ~= "__" then found[name] = method end
  end
  return found
end

local left_out_classes = {
  Loop = true, EventLoop = true, -- their methods change the loop that the tests run in
  Process = true, -- the world's
  Worker = true, ThreadPoolExecutor = true, -- below
}

for class, visit in pairs(samples) do
  if not left_out_classes[class] then
    sweep_test("each method of " .. class, function(problems)
      local methods
      visit(function(object) methods = methods_of(object) end)
      for name, method in pairs(methods) do
        if name ~= "print_stack" then sweep(problems, class .. ":" .. name, method, visit) end
      end
    end)
  end
end

-- Threads take long to start: a new object is made when a call has ended the last one. A call in a thread needs real
-- time.
local function sweep_threads(class, make, has_ended)
  sweep_test("each method of " .. class, function(problems)
    patience = 0.02
    local object = make()
    local function visit(call)
      if has_ended(object) then
        close(object) -- waits for its threads
        object = make()
      end
      call(object)
    end
    for name, method in pairs(methods_of(object)) do sweep(problems, class .. ":" .. name, method, visit) end
    close(object)
    patience = 1
  end, { clock = "real" })
end

sweep_threads("ThreadPoolExecutor", function() return async.ThreadPoolExecutor(2) end,
  function(executor) return tostring(executor):find("shut down", 1, true) end)

sweep_threads("Worker", function() return async.Worker(function(parent) for m in parent do parent:try_send(m) end end) end,
  function(worker) return not (tostring(worker):find(" running ", 1, true) and worker:try_send(1)) end)
