-- neap arguments.lua SOURCE_DIRECTORY GROUP [long], in a directory of its own.
--
-- Calls every function and method of a group of modules with values that are traps, at every position up to the fifth,
-- and from places where calls are odd: a coroutine that is no task, a callback, a finalizer, a comparator of
-- table.sort, and when the loop is closed. What is raised is an error object of the library's placed here, or what the
-- trap itself raises, which says "mine"; nothing crashes, and everything has an end. The shapes of
-- tests/stress/misuse_test.lua are for the functions of async; this is for the other modules, and for other values.
local source, group, long = arg[1], arg[2], arg[3] == "long"

local function mine() error("mine") end

local function dead()
  local co = coroutine.create(function() end)
  coroutine.resume(co)
  return co
end

local function closed_stream()
  local stream = async.open_connection("127.0.0.1", _G.port)
  stream:close()
  return stream
end

local function finished()
  local task = async.spawn(function() end)
  await(task)
  return task
end

local function nested(depth)
  local top = {}
  local at = top
  for _ = 1, depth do
    at[1] = {}
    at = at[1]
  end
  return top
end

local function closed_file()
  local file = io.open("/dev/null")
  file:close()
  return file
end

print = function() end -- of the samples, and as a value

local megabyte = ("x"):rep(1 << 20)

-- Made anew for each call, by name.
local traps = {
  { "nil", function() return nil end },
  { "NaN", function() return 0 / 0 end },
  { "inf", function() return math.huge end },
  { "-inf", function() return -math.huge end },
  { "-1", function() return -1 end },
  { "minimum", function() return math.mininteger end },
  { "maximum", function() return math.maxinteger end },
  { "2^53", function() return 2 ^ 53 end },
  { "2^63", function() return 2 ^ 63 end },
  { "integer as float", function() return 3.0 end },
  { "fraction", function() return 0.5 end },
  { "zero", function() return 0 end },
  { "false", function() return false end },
  { "empty string", function() return "" end },
  { "zero byte", function() return "a\0b" end },
  { "megabyte", function() return megabyte end },
  { "number as string", function() return "10" end },
  { "no UTF-8", function() return "\xff\xfe" end },
  { "format", function() return "%s%d%n" end },
  { "deep table", function() return nested(5000) end },
  { "cycle", function()
    local t = {}
    t[1], t.self = t, t
    return t
  end },
  { "proxy of itself", function()
    return setmetatable({}, { __index = function(t, key) if type(key) == "string" then return t end end })
  end },
  { "raising metamethods", function()
    return setmetatable({}, { __index = mine, __newindex = mine, __len = mine, __tostring = mine, __call = mine,
      __eq = mine, __lt = mine, __concat = mine, __pairs = mine, __close = mine, __gc = mine, __name = "mine" })
  end },
  { "waiting metamethods", function()
    local function wait() async.sleep(0) end
    return setmetatable({}, { __index = wait, __newindex = wait, __len = wait, __tostring = wait, __call = wait,
      __close = wait, __gc = wait })
  end },
  { "hidden metatable", function() return setmetatable({}, { __metatable = 1 }) end },
  { "waiting function", function() return function() async.sleep(0) end end },
  { "raising function", function() return mine end },
  { "raising nil", function() return function() error() end end },
  { "C function", function() return string.rep end },
  { "dead coroutine", dead },
  { "running coroutine", function() return (coroutine.running()) end },
  { "other coroutine", function() return coroutine.create(mine) end },
  { "wrapped", function() return coroutine.wrap(mine) end },
  { "closed stream", closed_stream },
  { "finished task", finished },
  { "sleeping task", function() return async.spawn(async.sleep, 1) end },
  { "closed file", closed_file },
  { "loop", function() return async.get_running_loop() end },
  { "class", function() return async.ValueError end },
  { "module", function() return async end },
  { "globals", function() return _G end },
}

local function nothing() end

-- What stands before the value.
local before = {
  {}, { "x" }, { 1 }, { nothing }, { {} },
  { "x", "y" }, { "x", 1 }, { 1, nothing }, { nothing, {} }, { {}, nothing },
  { "x", "y", "z" }, { nothing, "127.0.0.1", 0 }, { 1, 2, 3 },
  { "x", "y", "z", {} }, { nothing, 1, 2, {} },
}

-- Whether an error is right; `given`, what the call was made with, may be raised again.
local function is_ours(err, given)
  for i = 1, given.n do
    local value = given[i]
    if rawequal(value, err) then return true end
    if type(value) == "string" and type(err) == "string" and err:find(value, 1, true) then return true end
  end
  if err == nil or err ~= err or type(err) == "number" then return true end -- what a trap raises, or is
  if not (async.is(err, async.Error) or async.is(err, async.CancelledError)) then
    return type(err) == "string" and (err:find("mine", 1, true) or err:find("bad argument", 1, true))
  end
  local text = tostring(err)
  if text:find("mine", 1, true) or async.is(err, async.TimeoutError) or async.is(err, async.CancelledError)
    or async.is(err, async.ExceptionGroup) then return true end
  if text:find("attempt to", 1, true) then return false end
  local first, second = (err.traceback or ""):match("^%s*([^\n]*)\n?([^\n]*)")
  if first:find("%[C%]: in ") then first = second end -- an error of the system's, in a function of C++
  return first == "" or first:find("arguments.lua:", 1, true) ~= nil
end

local problems, calls, told = 0, 0, {}
local stock = group == "lua" or group == "compat" -- whose errors are Lua's and LuaSocket's own texts

local function problem(name, what, err)
  local trace = async.is(err, async.Error) and err.traceback or ""
  local where = tostring(err):gsub("0x%x+", "") .. trace:match("^[^\n]*")
  problems = problems + 1
  if told[name .. where] then return end
  told[name .. where] = true
  io.stdout:write(("%s(%s): %s\n%s\n"):format(name, what, tostring(err):sub(1, 300), trace:sub(1, 600)))
end

local function close(value)
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__close") then async.catch(meta.__close, value) end
end

local function attempt(fn, ...)
  local arguments = table.pack(...)
  return async.catch(function()
    close((fn(table.unpack(arguments, 1, arguments.n))))
  end)
end

local patience = 0.05

local function try(name, what, fn, ...)
  calls = calls + 1
  local arguments = table.pack(...)
  local ok, err = async.catch(async.timeout, patience, function()
    local fine, why = await(async.spawn(attempt, fn, table.unpack(arguments, 1, arguments.n)))
    if not fine then error(why, 0) end
  end)
  if not ok and not stock and not is_ours(err, arguments) then problem(name, what, err) end
end

local function tidy()
  for _, task in ipairs(async.all_tasks()) do
    if task ~= async.current_task() and task:get_name() ~= "main" then
      task:cancel()
      async.catch(async.wait, { task }, { timeout = patience })
    end
  end
end

-- Each at a time when it is odd. Anything may be raised; what counts is that nothing crashes or hangs.
local places = {
  ["a coroutine"] = function(fn) coroutine.wrap(function() async.catch(fn, 1, "x", {}) end)() end,
  ["a callback"] = function(fn)
    local called = async.Event()
    async.get_running_loop():call_soon(function()
      called:set()
      fn(1, "x", {})
    end)
    called:wait()
  end,
  ["a finalizer"] = function(fn)
    setmetatable({}, { __gc = function() pcall(fn, 1, "x", {}) end })
    collectgarbage()
  end,
  ["a comparator"] = function(fn)
    pcall(table.sort, { 3, 1, 2 }, function() return fn(1, "x", {}) end)
  end,
  ["an __index"] = function(fn)
    local t = setmetatable({}, { __index = function() return fn(1, "x", {}) end })
    return t.x
  end,
}

local number = 0

-- `receiver(visit)` gives the object whose method fn is; none for a function.
local function sweep(name, fn, receiver)
  io.stderr:write(name, "\n")
  local step = name:find("^Watch:") and 61 or 11 -- the system takes long to end a watch
  for _, left in ipairs { "x", "y", "z", "10" } do os.remove(left) end -- a file that has become huge takes its time
  for i, trap in ipairs(traps) do
    for j, first in ipairs(before) do
      number = number + 1
      if long or j == 1 and not receiver or (i * 7 + j + number) % step == 0 then
        local what = table.concat({ #first .. " before (" .. j .. ")", trap[1] }, ", ")
        local arguments = table.pack(table.unpack(first))
        arguments[#first + 1] = trap[2]()
        if receiver then
          async.catch(receiver, function(object)
            try(name, what, fn, object, table.unpack(arguments, 1, #first + 1))
          end)
        else
          try(name, what, fn, table.unpack(arguments, 1, #first + 1))
        end
      end
    end
    if receiver then try(name .. " of another", trap[1], fn, trap[2]()) end
  end
  for place, call in pairs(places) do
    io.stderr:write(name, " in ", place, "\n")
    calls = calls + 1
    async.catch(async.timeout, patience, call, fn)
    if receiver then
      async.catch(receiver, function(object)
        async.catch(async.timeout, patience, call, function(...) return fn(object, ...) end)
      end)
    end
  end
  tidy()
end

local function methods_of(object)
  local meta = getmetatable(object)
  local index = type(meta) == "table" and meta.__index
  local found = {}
  for name, method in pairs(type(index) == "table" and index or type(object) == "table" and object or {}) do
    if type(method) == "function" and type(name) == "string" and name:sub(1, 2) ~= "__" then found[name] = method end
  end
  return found
end

local function samples(module) return assert(loadfile(source .. "/tests/stdlib/" .. module .. "/samples.lua"))() end

-- What ends or changes the process, and what takes long and is the same as another.
local left_out = {
  ["io.stdin"] = true, ["io.read"] = true, ["io.lines"] = true, ["io.output"] = true, ["io.input"] = true,
  ["io.close"] = true, ["async.run"] = true, ["async.new_event_loop"] = true, ["async.print_call_graph"] = true,
  ["permissions.narrow"] = true, ["permissions.revoke"] = true, ["Task:print_stack"] = true,
  ["test.explore"] = true,
  ["Tcp:setfd"] = true, ["Udp:setfd"] = true, -- which then close any descriptor of the process
  ["Isolate:run"] = true, -- the errors of the code that it compiles are the code's
}
local classes_left_out = { Loop = true, EventLoop = true, Isolate = true, Socket = true, Dns = true, Object = true }

local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local function sweep_functions(prefix, functions)
  for _, name in ipairs(sorted(functions)) do
    local fn = functions[name]
    local is_class = type(fn) == "table" and tostring(fn):find("^<class ")
    if (type(fn) == "function" or is_class) and not left_out[prefix .. name] then
      sweep(prefix .. name, function(...) return fn(...) end)
    end
  end
end

local function sweep_classes(list)
  for _, class in ipairs(sorted(list)) do
    local visit = list[class]
    if not classes_left_out[class] then
      local methods
      visit(function(object) methods = methods_of(object) end)
      for _, name in ipairs(sorted(methods)) do
        if not left_out[class .. ":" .. name] then sweep(class .. ":" .. name, methods[name], visit) end
      end
    end
  end
end

local function only(list, ...)
  local chosen = {}
  for _, name in ipairs { ... } do chosen[name] = list[name] end
  return chosen
end

local groups = {}

function groups.fs()
  sweep_functions("fs.", neap.fs)
  sweep_classes(samples("fs"))
end

function groups.patterns()
  sweep_functions("patterns.", neap.patterns)
  sweep_classes(samples("patterns"))
end

function groups.net()
  sweep_functions("async.", only(async, "open_connection", "open_unix_connection", "open_udp", "start_server",
    "start_unix_server", "getaddrinfo", "create_subprocess_exec", "create_subprocess_shell", "signals"))
  sweep_functions("subprocess.", only(async.subprocess, "run"))
  sweep_classes(only(samples("async"), "UdpSocket", "Server"))
  sweep_classes(samples("signal"))
  sweep_classes({ Stream = function(visit)
    local stream <close> = async.open_connection("127.0.0.1", _G.port)
    visit(stream)
  end })
end

function groups.process()
  sweep_classes({ Process = function(visit)
    local process <close> = async.create_subprocess_exec("true")
    process:wait()
    visit(process)
  end })
  sweep_functions("permissions.", neap.permissions)
  sweep_functions("isolate.", neap.isolate)
  local box <close> = neap.isolate.start { confine = false }
  for _, name in ipairs { "run_file", "call", "get", "set" } do
    sweep("Isolate:" .. name, function(...) return box[name](box, ...) end)
  end
end

function groups.test()
  sweep_functions("test.", neap.test) -- outside of a test file
end

function groups.async()
  sweep_functions("async.", async)
end

function groups.classes()
  local list = samples("async")
  for name in pairs { UdpSocket = 1, Server = 1, Stream = 1, Worker = 1, ThreadPoolExecutor = 1 } do list[name] = nil end
  sweep_classes(list)
end

function groups.compat()
  sweep_functions("socket.", neap.compat.socket)
  sweep_classes(samples("compat"))
end

function groups.lua()
  sweep_functions("coroutine.", coroutine)
  sweep_functions("", only(_G, "pcall", "xpcall", "error", "require", "load", "loadfile", "dofile", "print", "await",
    "tostring", "setmetatable", "select", "next", "ipairs", "pairs", "warn"))
  sweep_functions("io.", only(io, "open", "popen", "type", "tmpfile"))
  sweep_functions("os.", only(os, "execute", "getenv", "remove", "rename", "setlocale", "date", "time", "tmpname"))
  local file = { File = function(visit)
    local file <close> = io.open("/dev/null", "r+")
    visit(file)
  end }
  sweep_classes(file)
end

local function main()
  async.get_running_loop():set_exception_handler(function() end)
  local server <close> = async.start_server(function(stream) stream:read("a") end, "127.0.0.1", 0)
  _G.port = server:address().port
  groups[group]()
  tidy()
  server:close_clients()
end

local report = function() io.stdout:write(("%s: %d calls, %d problems\n"):format(group, calls, problems)) end
async.run(main, { clock = "virtual" })
-- When the loop is closed: the state closes these.
local kept = setmetatable({}, { __gc = function()
  for _, name in ipairs(sorted(async)) do
    if type(async[name]) == "function" and not left_out["async." .. name] then pcall(async[name], 1, "x", {}) end
  end
  pcall(neap.fs.read, "x")
  pcall(async.spawn, async.sleep, 1)
end })
report()
os.exit(problems == 0 and kept ~= nil, true)
