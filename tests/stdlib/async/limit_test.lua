local function spin() while true do end end

-- limited(limits, fn): the LimitError by which async.limit ends.
local function limited(kind, limits, fn, ...)
  local ok, err = pcall(async.limit, limits, fn, ...)
  check(not ok, "the limit was not exceeded")
  check(async.is(err, async.LimitError), tostring(err))
  equal(err.limit, kind)
  equal(err.value, limits[kind])
  async.sleep(0.006) -- then nothing of it is left
  return err
end

test("limit(limits, fn, ...) gives what fn returns within its limits", function()
  equal({ async.limit({ wall = 2, step = 5, memory = 1e7, tasks = 2, handles = 2 }, function(...)
    async.sleep(1)
    return ...
  end, "a", nil, "c") }, { "a", nil, "c" })
end)

test("wall: LimitError comes at the limit, on the loop's clock", function()
  equal(elapsed(function() pcall(async.limit, { wall = 2.5 }, async.sleep, 60) end), 2.5)
  limited("wall", { wall = 2.5 }, async.sleep, 60)
end)

test("wall: tasks that were started inside end too, and those outside do not", function()
  local outside, inside = async.spawn(async.sleep, 9, "outside"), nil
  limited("wall", { wall = 1 }, function()
    inside = async.spawn(function() await(async.spawn(async.sleep, 60)) end)
    async.sleep(60)
  end)
  local ok, err = pcall(await, inside)
  check(not ok and async.is(err, async.LimitError), err)
  equal(await(outside), "outside")
end)

test("wall: catching it in a loop is of no use", function()
  limited("wall", { wall = 1 }, function()
    while true do async.catch(async.sleep, 60) end
  end)
end)

test("a shielded wait inside ends too", function()
  limited("wall", { wall = 1 }, function() async.shield(async.spawn(async.sleep, 60)) end)
end)

test("the cleanup of what was stopped may wait for 5 ms", function()
  local log = {}
  local function cleaning(seconds)
    return setmetatable({}, { __close = function()
      async.sleep(seconds)
      log[#log + 1] = seconds
    end })
  end
  equal(elapsed(function()
    limited("wall", { wall = 1 }, function()
      local long <close> = cleaning(0.01)
      local short <close> = cleaning(0.002)
      async.sleep(60)
    end)
  end), 1.011)
  equal(log, { 0.002 })
end)

test("step: a loop ends, also one around pcall, catch and xpcall", function()
  limited("step", { step = 0.01 }, spin)
  for _, protect in ipairs { pcall, async.catch, function(fn) xpcall(fn, spin) end } do
    limited("step", { step = 0.01 }, function()
      while true do protect(spin) end
    end)
  end
end)

test("step: a loop in a task that was started inside ends its limit's code", function()
  limited("step", { step = 0.01 }, function()
    async.spawn(spin)
    async.sleep(60)
  end)
end)

test("step: what waits between its steps may take longer all together", function()
  async.limit({ step = 0.5 }, function()
    for _ = 1, 100 do
      for _ = 1, 1000 do end
      async.sleep(0)
    end
  end)
end)

test("memory: a growing table ends, garbage does not", function()
  local limits = { memory = 4 << 20 }
  limited("memory", limits, function()
    local list = {}
    while true do list[#list + 1] = { #list } end
  end)
  async.limit(limits, function()
    for i = 1, 300000 do local _ = { i, i } end
  end)
end)

test("memory: what the tasks of a group hold is counted together", function()
  limited("memory", { memory = 4 << 20 }, function()
    local function hold()
      local list = {}
      for i = 1, 10000 do list[i] = {} end
      async.sleep(60)
    end
    for _ = 1, 100 do async.spawn(hold) end
    async.sleep(60)
  end)
end)

test("tasks: one task too many ends them all", function()
  local made = 0
  local err = limited("tasks", { tasks = 10 }, function()
    while true do
      async.catch(async.spawn, async.sleep, 60)
      made = made + 1
    end
  end)
  equal(made, 10)
  equal(err.used, 11)
end)

test("tasks: those that are done do not count", function()
  async.limit({ tasks = 2 }, function()
    for _ = 1, 100 do await(async.spawn(async.sleep, 0)) end
  end)
end)

test("handles: one open file too many ends the code", function()
  local fs = require "neap.fs"
  local err = limited("handles", { handles = 3 }, function()
    local files = {}
    while true do files[#files + 1] = fs.open("/dev/null") end
  end)
  equal(err.used, 4)
  collectgarbage()
end)

test("limits nest, and the tighter one is met", function()
  local inner
  async.limit({ wall = 60 }, function()
    inner = limited("wall", { wall = 1 }, async.sleep, 30)
  end)
  equal(inner.value, 1)
  limited("wall", { wall = 1 }, function() async.limit({ wall = 60 }, async.sleep, 30) end)
end)

test("the limit around is met by code that catches the limit inside", function()
  local inside = 0
  limited("wall", { wall = 2.5 }, function()
    while true do
      pcall(async.limit, { wall = 1 }, async.sleep, 60)
      inside = inside + 1
    end
  end)
  equal(inside, 2)
end)

test("a scope with <close> raises at the end of the block, and pcall catches it outside", function()
  local ok, err = pcall(function()
    local scope <close> = async.limit { wall = 1 }
    async.sleep(60)
  end)
  check(not ok and async.is(err, async.LimitError), err)
  async.sleep(1)
end)

test("a scope works with async.with and says what is used", function()
  local scope = async.limit { tasks = 5 }
  async.with(scope, function()
    async.spawn(async.sleep, 1)
    equal(scope:used().tasks, 1)
    check(scope:used().memory > 0)
  end)
  async.sleep(2)
  equal(scope:used().tasks, 0)
  equal(tostring(scope), "<Limit left tasks=5>")
end)

test("a task that outlives the block keeps its limits", function()
  local task = async.limit({ wall = 5 }, async.spawn, async.sleep, 60)
  equal(elapsed(function()
    local ok, err = pcall(await, task)
    check(not ok and async.is(err, async.LimitError), err)
  end), 5.0)
end)

test("callbacks that the code inside has set belong to it", function()
  limited("step", { step = 0.01 }, function()
    async.get_running_loop():call_soon(spin)
    async.sleep(60)
  end)
  local ran = false
  limited("wall", { wall = 1 }, function()
    async.get_running_loop():call_later(2, function() ran = true end)
    async.sleep(60)
  end)
  async.sleep(5)
  check(not ran)
end)

test("a lock that the stopped code held is free again", function()
  local lock = async.Lock()
  limited("wall", { wall = 1 }, function()
    async.spawn(function()
      local held <close> = lock:acquire()
      local slow <close> = setmetatable({}, { __close = function() async.sleep(60) end })
      async.sleep(60)
    end)
    async.sleep(60)
  end)
  async.sleep(1)
  check(not lock:locked())
end)

test("wrong limits are refused at the caller's line", function()
  misuse(async.TypeError, async.limit, 5)
  misuse(async.ValueError, async.limit, { wall = 0 })
  misuse(async.ValueError, async.limit, { tasks = 1.5 })
  misuse(async.ValueError, async.limit, { time = 1 })
  misuse(async.TypeError, async.limit, { memory = "lots" })
  misuse(async.TypeError, async.limit, { wall = 1 }, 5)
end)
