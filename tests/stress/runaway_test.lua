-- Scripts that run away, each stopped by a limit that it cannot catch, whatever it does; and afterwards everything else
-- works as before. Without a sanitizer the time beyond the limit is bound as well, generously: the machine may be busy.
-- NEAP_RUNAWAY=1 prints it for each.
local STEP = { step = 0.02 }
local MEMORY = { memory = 16 << 20, step = 5 }
local TASKS = { tasks = 1000, step = 5 }
local WALL = { wall = 1, step = 5 }
local LATE = 10 -- seconds; Lua that cannot be stopped would compute for ever

local function spin() while true do end end

local show = os.getenv("NEAP_RUNAWAY")

-- runaway(name, limits, fn): fn is stopped by the first limit of the list.
local function runaway(name, limits, fn)
  local kind = limits == STEP and "step" or limits == MEMORY and "memory" or limits == TASKS and "tasks" or "wall"
  test(name .. " is stopped", function()
    local before = os.clock()
    local ok, err = pcall(async.limit, limits, fn)
    local took = os.clock() - before
    check(not ok, "it came to an end")
    check(async.is(err, async.LimitError), tostring(err))
    equal(err.limit, kind)
    if kind == "step" then took = took - err.value end
    if show then print(("%-60s %-7s %8.1f ms"):format(name, kind, took * 1000)) end
    if not sanitized then check(took < LATE, ("stopped %.3f s late"):format(took)) end
    async.sleep(0.01)
    equal(await(async.spawn(function() return ("x"):rep(3, ","), table.concat({ 1, 2 }) end)), "x,x,x")
    collectgarbage()
  end)
end

-- Loops.
runaway("an endless loop", STEP, spin)
runaway("an endless loop with goto", STEP, function() ::again:: goto again end)
runaway("an endless tail call", STEP, function()
  local function f() return f() end
  f()
end)
for name, protect in pairs { pcall = pcall, catch = async.catch, xpcall = function(f) return xpcall(f, spin) end } do
  runaway("a loop in " .. name .. " in a loop", STEP, function()
    while true do protect(spin) end
  end)
end
runaway("a message handler that loops", STEP, function() xpcall(error, spin, "x") end)
runaway("a message handler that fails for ever", STEP, function()
  local function handler() error("again") end
  while true do xpcall(error, handler, "x") end
end)
runaway("async.try with except and finally that loop", STEP, function()
  async.try(spin, async.except(spin), async.finally(spin))
end)
runaway("a for loop without end", STEP, function() for _ = 1, math.huge do end end)
runaway("an iterator without end", STEP, function() for _ in function() return 1 end do end end)

-- Handlers.
runaway("a __close that loops", STEP, function()
  local x <close> = setmetatable({}, { __close = spin })
  spin()
end)
runaway("a hundred __close that loop", STEP, function()
  local function deep(n)
    local x <close> = setmetatable({}, { __close = spin })
    if n > 0 then deep(n - 1) end
    spin()
  end
  deep(100)
end)
runaway("a __close that catches and goes on", STEP, function()
  local x <close> = setmetatable({}, { __close = function()
    while true do async.catch(spin) end
  end })
  spin()
end)
for _, event in ipairs { "__index", "__newindex", "__call", "__add", "__concat", "__eq", "__lt", "__le", "__len", "__unm" } do
  runaway("a metamethod " .. event .. " that loops", STEP, function()
    local a, b = setmetatable({}, { [event] = spin }), setmetatable({}, { [event] = spin })
    if event == "__index" then return a.x end
    if event == "__newindex" then a.x = 1 end
    if event == "__call" then return a() end
    if event == "__add" then return a + b end
    if event == "__concat" then return a .. b end
    if event == "__eq" then return a == b end
    if event == "__lt" then return a < b end
    if event == "__le" then return a <= b end
    if event == "__len" then return #a end
    return -a
  end)
end
runaway("a __tostring that loops", STEP, function() return tostring(setmetatable({}, { __tostring = spin })) end)
runaway("an error whose __tostring loops", STEP, function()
  local e = setmetatable({}, { __tostring = spin })
  pcall(error, e)
  print(e)
end)
runaway("a __pairs that loops", STEP, function() for _ in pairs(setmetatable({}, { __pairs = spin })) do end end)
runaway("a __gc that loops", STEP, function()
  while true do setmetatable({}, { __gc = spin }) end
end)
runaway("a __gc that was set after setmetatable", STEP, function()
  while true do
    local meta = { __gc = true }
    setmetatable({}, meta)
    meta.__gc = spin
  end
end)
runaway("a __gc that brings its object back", STEP, function()
  local meta = {}
  function meta.__gc(x) setmetatable(x, meta) end
  while true do setmetatable({}, meta) end
end)
runaway("a __gc that loops in collectgarbage", STEP, function()
  setmetatable({}, { __gc = spin })
  collectgarbage()
  spin()
end)

-- Callbacks of C functions.
runaway("a comparison that loops", STEP, function() table.sort({ 3, 2, 1 }, spin) end)
runaway("a comparison that is always true", STEP, function()
  while true do pcall(table.sort, { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, function() return true end) end
end)
runaway("gsub's function that loops", STEP, function() ("x"):gsub("x", spin) end)
runaway("load's function that loops", STEP, function() load(spin) end)
runaway("load's function without end, in a loop", STEP, function()
  while true do load(function() return " " end) end
end)
runaway("a require that loops", STEP, function()
  package.preload.runaway = spin
  local _ <close> = setmetatable({}, { __close = function() package.preload.runaway = nil end })
  pcall(require, "runaway")
end)

-- Long calls of C functions.
runaway("a pattern that takes exponential time", STEP, function()
  return ("a"):rep(200):find(("a-"):rep(50) .. "b")
end)
runaway("a pattern that backtracks, in gsub", STEP, function() return ("a"):rep(300):gsub((".-"):rep(40) .. "b", "") end)
runaway("a pattern that backtracks, in gmatch", STEP, function()
  for _ in ("a"):rep(300):gmatch((".*"):rep(40) .. "b") do end
end)
runaway("a pattern that backtracks, in match", STEP, function() return ("a"):rep(300):match("(.-)(.-)(.-)(.-)(.-)(.-)(.-)b") end)
runaway("%b in a long string, again and again", STEP, function() return ("("):rep(1 << 20):find("%b()") end)
runaway("a plain search in a loop", STEP, function()
  local text, what = ("a"):rep(1 << 20), ("a"):rep(1 << 10) .. "b"
  while true do text:find(what, 1, true) end
end)
runaway("rep of nothing, very often", STEP, function()
  while true do local _ = (""):rep(1 << 60) end
end)
local liar = { __len = function() return math.maxinteger - 1 end, __index = rawlen, __newindex = rawlen }
runaway("table.concat of a table that lies", STEP, function() return table.concat(setmetatable({}, { __len = liar.__len, __index = function() return "" end })) end)
runaway("table.concat of a table that lies in C", MEMORY, function() return table.concat(setmetatable({}, liar)) end)
runaway("table.insert into a table that lies", STEP, function() table.insert(setmetatable({}, liar), 1, 1) end)
runaway("table.remove from a table that lies", STEP, function() table.remove(setmetatable({}, liar), 1) end)
runaway("table.move over everything", STEP, function() table.move({}, 1, math.maxinteger - 1, 1, setmetatable({}, liar)) end)
runaway("table.move within nothing", STEP, function() table.move({}, 1, 1 << 60, 2) end)
runaway("a long list that is sorted", STEP, function()
  local list = {}
  for i = 1, 100000 do list[i] = (i * 7919) % 100003 end
  while true do
    table.sort(list)
    table.sort(list, function(a, b) return a > b end)
  end
end)
runaway("a long text that is compiled", STEP, function()
  local text = ("x = 1 "):rep(1 << 20)
  while true do load(text) end
end)
runaway("table.unpack in a loop", STEP, function()
  while true do pcall(table.unpack, {}, 1, 1e5) end
end)
runaway("collectgarbage in a loop", STEP, function()
  while true do collectgarbage() end
end)
runaway("string.format in a loop", STEP, function()
  while true do local _ = ("%99.99f"):format(1e300) end
end)
runaway("utf8.len of a long string", STEP, function()
  local text = ("ä"):rep(1 << 20)
  while true do utf8.len(text) end
end)

-- Coroutines.
runaway("coroutines in coroutines that loop", STEP, function()
  local function nest(n)
    if n == 0 then spin() end
    coroutine.wrap(nest)(n - 1)
  end
  nest(50)
end)
runaway("a coroutine that was made before and loops", STEP, (function()
  local co = coroutine.create(spin)
  return function()
    coroutine.resume(co)
    spin()
  end
end)())
runaway("endless coroutines", STEP, function()
  while true do coroutine.wrap(function() coroutine.yield() end)() end
end)
runaway("a tower of coroutines without end", STEP, function()
  local function up() return coroutine.wrap(up)() end
  while true do pcall(up) end
end)
runaway("resume in a loop", STEP, function()
  while true do coroutine.resume(coroutine.create(spin)) end
end)
runaway("coroutine.close of one that loops in __close", STEP, function()
  local co = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = spin })
    coroutine.yield()
  end)
  coroutine.resume(co)
  coroutine.close(co)
end)
runaway("a generator that loops", STEP, function() for _ in async.generator(spin)() do end end)
runaway("a generator that loops when it is closed", STEP, function()
  local g = async.generator(function()
    local x <close> = setmetatable({}, { __close = spin })
    coroutine.yield(1)
  end)()
  g:next()
  g:close()
end)

-- Memory.
runaway("a growing table", MEMORY, function()
  local list = {}
  while true do list[#list + 1] = #list end
end)
runaway("a growing tree of tables", MEMORY, function()
  local list
  while true do list = { list } end
end)
runaway("a growing table in pcall", MEMORY, function()
  local list = {}
  while true do pcall(function() while true do list[#list + 1] = {} end end) end
end)
runaway("a string that doubles", MEMORY, function()
  local text = "x"
  while true do
    local ok, longer = pcall(function() return text .. text end)
    text = ok and longer or { text }
    if not ok then
      local list = {}
      while true do list[#list + 1] = ("x"):rep(100000) .. #list end
    end
  end
end)
runaway("rep of a huge string, which is refused, in a loop", STEP, function()
  async.limit({ memory = 8 << 20 }, function()
    while true do
      local ok, err = pcall(string.rep, "x", 1 << 33)
      check(not ok and err:find("not enough memory"), err)
    end
  end)
end)
runaway("gsub that grows its text", MEMORY, function()
  local text = ("x"):rep(1000)
  while true do text = text:gsub("x", "xx") end
end)
runaway("table.concat that grows", MEMORY, function()
  local parts = setmetatable({}, { __index = function() return ("x"):rep(1000) end })
  return table.concat(parts, ",", 1, 1 << 40)
end)
runaway("closures without end", MEMORY, function()
  local last
  while true do
    local before = last
    last = function() return before end
  end
end)
runaway("endless coroutines that are kept", MEMORY, function()
  local list = {}
  while true do list[#list + 1] = coroutine.create(spin) end
end)
runaway("deep recursion that is kept alive", MEMORY, function()
  local kept = {}
  local function deep(n) return n > 0 and 1 + deep(n - 1) or coroutine.yield() end
  while true do
    local co = coroutine.wrap(deep)
    kept[#kept + 1] = co
    co(10000)
  end
end)
runaway("deep recursion, caught again and again", STEP, function()
  local function deep() return 1 + deep() end
  while true do pcall(deep) end
end)
runaway("deep recursion with a __close in each call", STEP, function()
  local function deep(n)
    local x <close> = setmetatable({}, { __close = spin })
    return n == 0 and spin() or 1 + deep(n - 1)
  end
  deep(3000)
end)
runaway("recursion through C, caught again and again", STEP, function()
  local function deep() return (("x"):gsub("x", deep)) end
  while true do pcall(deep) end
end)
runaway("a collector that is stopped", MEMORY, function()
  collectgarbage("stop")
  local list = {}
  while true do list[#list + 1] = {} end
end)

-- Tasks.
runaway("a task bomb", TASKS, function()
  local function bomb()
    while true do async.spawn(bomb) end
  end
  bomb()
end)
runaway("a million tasks that sleep", TASKS, function()
  for _ = 1, 1000000 do async.catch(async.spawn, async.sleep, 60) end
end)
runaway("a task that starts itself again", WALL, function()
  local function again()
    async.sleep(0.001)
    async.spawn(again)
  end
  again()
  async.sleep(60)
end)
runaway("a TaskGroup of tasks that start tasks", TASKS, function()
  local group <close> = async.TaskGroup()
  local function more()
    group:create_task(more)
    group:create_task(more)
    async.sleep(0)
  end
  group:create_task(more)
end)
runaway("a loop in a task of a TaskGroup", STEP, function()
  local group <close> = async.TaskGroup()
  group:create_task(spin)
end)
runaway("a loop around catch in a wait", WALL, function()
  while true do async.catch(async.sleep, 60) end
end)
runaway("a loop around shield", WALL, function()
  while true do async.catch(async.shield, async.spawn(async.sleep, 60)) end
end)
runaway("a task that is awaited in its own finally", WALL, function()
  local task = async.spawn(async.sleep, 60)
  async.try(function() await(task) end, async.finally(function() async.sleep(60) end))
end)
runaway("a callback that sets itself again", WALL, function()
  local loop = async.get_running_loop()
  local function again() loop:call_later(0.01, again) end
  again()
  async.sleep(60)
end)
runaway("a callback that loops", STEP, function()
  async.get_running_loop():call_soon(spin)
  async.sleep(60)
end)
runaway("an event that nobody sets", WALL, function() async.Event():wait() end)
runaway("a timeout in a loop", WALL, function()
  while true do pcall(async.timeout, 0.1, async.sleep, 60) end
end)
runaway("a limit within the limit, in a loop", STEP, function()
  while true do local inner <close> = async.limit { step = 1 } end
end)
runaway("debug.sethook, which is refused", STEP, function()
  while true do
    local ok, err = pcall(debug.sethook)
    check(not ok and async.is(err, async.RuntimeError), err)
  end
end)
runaway("a print of what loops, in a task that nobody awaits", STEP, function()
  async.spawn(function() return tostring(setmetatable({}, { __tostring = spin })) end)
  async.sleep(60)
end)
