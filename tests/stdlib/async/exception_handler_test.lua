local loop = async.get_running_loop()

-- Sets a handler and returns the list of what it was called with.
local function handler()
  local calls = {}
  loop:set_exception_handler(function(...) calls[#calls + 1] = table.pack(...) end)
  return calls
end

test("the handler gets the loop and a context", function()
  local calls = handler()
  local problem = async.ValueError("v")
  local handle = loop:call_soon(error, problem)
  async.sleep(0)
  equal(#calls, 1)
  equal({ calls[1].n, calls[1][1] }, { 2, loop })
  local context = calls[1][2]
  equal(context.exception, problem)
  equal(context.handle, handle)
  equal(type(context.message), "string")
end)

test("errors of any type in callbacks are reported, nil among them", function()
  local calls = handler()
  for _, err in ipairs { "text", 42, false, {}, print, async.CancelledError("c"), async.Error("e") } do
    loop:call_soon(error, err, 0)
    async.sleep(0)
    check(rawequal(calls[#calls][2].exception, err))
  end
  equal(#calls, 7)
  loop:call_soon(error)
  async.sleep(0)
  equal(#calls, 8)
  equal(calls[8][2].exception, nil)
  check(calls[8][2].message)
end)

test("call_exception_handler calls it with any context", function()
  local calls = handler()
  local context = { message = "m", extra = 1 }
  loop:call_exception_handler(context)
  equal(calls[1][2], context)
  raises(async.TypeError, loop.call_exception_handler, loop, "m")
  raises(async.TypeError, loop.call_exception_handler, loop)
end)

test("the handler must be a function or nil", function()
  raises(async.TypeError, loop.set_exception_handler, loop, 5)
  raises(async.TypeError, loop.set_exception_handler, loop, {})
  loop:set_exception_handler(nil)
  loop:set_exception_handler()
end)

test("the last handler set counts", function()
  local first = handler()
  local second = handler()
  loop:call_soon(error, "x")
  async.sleep(0)
  equal({ #first, #second }, { 0, 1 })
end)

test("a handler may spawn tasks, cancel, set another handler and report again", function()
  local seen, spawned = {}, nil
  loop:set_exception_handler(function(_, context)
    seen[#seen + 1] = context.message
    spawned = async.spawn(async.sleep, 1, "spawned")
    loop:set_exception_handler(function(_, inner) seen[#seen + 1] = inner.message end)
    loop:call_exception_handler { message = "again" }
  end)
  loop:call_exception_handler { message = "first" }
  equal(seen, { "first", "again" })
  equal(await(spawned), "spawned")
end)

test("a reported task tells which it was, with its traceback", function()
  local calls = handler()
  async.create_task(function()
    local function fails() error("deep") end
    fails()
  end, { name = "reported" })
  async.sleep(0)
  collectgarbage()
  async.sleep(0)
  local context = calls[1][2]
  equal(context.task:get_name(), "reported")
  check(context.task:done())
  check(context.traceback:find("exception_handler_test.lua:", 1, true), context.traceback)
  check(context.traceback:find("fails", 1, true), context.traceback)
end)

test("several failed tasks collected at once are each reported once", function()
  local calls = handler()
  for i = 1, 10 do async.spawn(error, i, 0) end
  async.sleep(0)
  collectgarbage()
  collectgarbage()
  async.sleep(0)
  local sum = 0
  for _, call in ipairs(calls) do sum = sum + call[2].exception end
  equal({ #calls, sum }, { 10, 55 })
end)

test("a failed task that was reported can still be asked for its error", function()
  local calls = handler()
  async.spawn(error, "x", 0)
  async.sleep(0)
  collectgarbage()
  async.sleep(0)
  local task = calls[1][2].task
  equal(task:exception(), "x")
  calls[1] = nil
  collectgarbage()
  async.sleep(0)
  equal(#calls, 0)
end)

-- Between the marking of a cycle and its finalizers, a dead future is in no list.
test("an error that nobody asks for is reported at the end of a run, however far the collector is", function()
  local list = reports()
  for steps = 1, 60 do
    async.run(function()
      async.Future():set_exception("lost")
      for _ = 1, steps do
        collectgarbage("step")
        list.last = {} -- the collector's step goes on while something is allocated
      end
    end)
    equal(#list, steps)
  end
end)
