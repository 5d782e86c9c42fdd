local function recorder(order, fields)
  local meta = {}
  for name, fn in pairs(fields) do
    meta[name] = function(self, ...)
      order[#order + 1] = name
      return fn(self, ...)
    end
  end
  return setmetatable({}, meta)
end

test("with calls fn with what __enter returned, and leaves by __exit", function()
  local order = {}
  local manager = recorder(order, {
    __enter = function() return "resource" end,
    __exit = function(_, err) equal(err, nil) end,
  })
  equal({ async.with(manager, function(...)
    order[#order + 1] = "body"
    return ..., "more"
  end) }, { "resource", "more" })
  equal(order, { "__enter", "body", "__exit" })
end)

test("without __enter fn gets the manager; without __exit it is left by __close", function()
  local order = {}
  local manager = recorder(order, { __close = function(_, err) equal(err, nil) end })
  equal(async.with(manager, function(m) return m end), manager)
  equal(order, { "__close" })
end)

test("__exit is preferred to __close, and gets the error", function()
  for _, err in ipairs { "text", 42, {}, false, async.ValueError("v") } do
    local order, got = {}, nil
    local manager = recorder(order, {
      __exit = function(_, e) got = e end,
      __close = function() end,
    })
    local ok, raised = pcall(async.with, manager, function() error(err, 0) end)
    check(not ok and rawequal(raised, err) and rawequal(got, err))
    equal(order, { "__exit" })
  end
end)

test("__exit that returns true swallows the error, and with returns nothing", function()
  local manager = setmetatable({}, { __exit = function(_, err) return err == "mine" end })
  equal(select("#", async.with(manager, function() error("mine", 0) end)), 0)
  raises("^other$", async.with, manager, function() error("other", 0) end)
  equal(async.with(manager, function() return "r" end), "r")
end)

test("what __exit returns is ignored when there was no error", function()
  equal({ async.with(setmetatable({}, { __exit = function() return true end }), function() return 1, 2 end) }, { 1, 2 })
end)

test("an error in __enter is raised, and nothing else is called", function()
  local order = {}
  local manager = recorder(order, { __enter = function() error("enter", 0) end, __exit = function() end })
  raises("^enter$", async.with, manager, function() order[#order + 1] = "body" end)
  equal(order, { "__enter" })
end)

test("an error in __exit or __close replaces that of the body", function()
  for _, name in ipairs { "__exit", "__close" } do
    local manager = setmetatable({}, { [name] = function() error("leaving", 0) end })
    raises("^leaving$", async.with, manager, function() error("body", 0) end)
    raises("^leaving$", async.with, manager, function() end)
  end
end)

test("enter, body and exit may wait, and the body runs in the calling task", function()
  local manager = setmetatable({}, {
    __enter = function() return async.sleep(1, "r") end,
    __exit = function() async.sleep(1) end,
  })
  local task = async.current_task()
  equal(elapsed(function()
    async.with(manager, function(r)
      equal({ r, async.current_task() }, { "r", task })
      async.sleep(1)
    end)
  end), 3.0)
end)

test("a cancellation reaches __exit as the error, which may wait, and passes on", function()
  local got
  local manager = setmetatable({}, { __exit = function(_, err)
    got = err
    async.sleep(2)
  end })
  local task = async.spawn(async.with, manager, function() async.sleep(math.huge) end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel("c")
    raises(async.CancelledError, await, task)
  end), 2.0)
  equal(got.message, "c")
end)

test("__exit may swallow a cancellation, as Python's __aexit__", function()
  local manager = setmetatable({}, { __exit = function(_, err) return async.is(err, async.CancelledError) end })
  local task = async.spawn(function()
    async.with(manager, function() async.sleep(math.huge) end)
    return "went on"
  end)
  async.sleep(0)
  task:cancel()
  equal(await(task), "went on")
end)

test("a generator's yields pass through with", function()
  local left = 0
  local manager = setmetatable({}, { __exit = function() left = left + 1 end })
  local generator = coroutine.wrap(function()
    async.with(manager, function()
      for i = 1, 3 do
        async.sleep(1)
        coroutine.yield(i)
      end
    end)
    return "end"
  end)
  equal({ generator(), generator(), generator(), generator() }, { 1, 2, 3, "end" })
  equal(left, 1)
end)

test("with in a generator that is closed leaves once", function()
  for _, name in ipairs { "__exit", "__close" } do
    local left = 0
    local manager = setmetatable({}, { [name] = function()
      async.sleep(1)
      left = left + 1
    end })
    local generator = coroutine.create(function()
      async.with(manager, function() coroutine.yield(1) end)
    end)
    coroutine.resume(generator)
    equal(coroutine.close(generator), true)
    equal(left, 1)
  end
end)

test("with refuses what is no context manager and no function", function()
  for _, manager in ipairs { {}, 5, "x", print, setmetatable({}, {}) } do
    raises("TypeError: argument 1 of with must be a context manager", async.with, manager, print)
  end
  raises(async.TypeError, async.with)
  raises("TypeError: argument 2 of with must be a function", async.with, async.timeout(nil))
end)

test("files are context managers, as every value with __close", function()
  local file = io.tmpfile()
  async.with(file, function(f) equal(f, file) end)
  equal(io.type(file), "closed file")
end)
