local log
local function manager(name, fields)
  local meta = {
    __enter = function()
      log[#log + 1] = "enter " .. name
      return name:upper()
    end,
    __exit = function(_, err) log[#log + 1] = ("exit %s: %s"):format(name, err) end,
  }
  for key, fn in pairs(fields or {}) do meta[key] = fn end
  return setmetatable({}, meta)
end

local function note(text) log[#log + 1] = text end

local function failing(err)
  return function() error(err, 0) end
end

test("everything ends in reverse order, at the end of the block", function()
  log = {}
  do
    local stack <close> = async.ExitStack()
    equal(stack:enter(manager("a")), "A")
    equal(stack:callback(note, "callback"), note)
    stack:enter(manager("b"))
    note("body")
  end
  equal(log, { "enter a", "enter b", "body", "exit b: nil", "callback", "exit a: nil" })
end)

test("close ends everything now, and leaves the stack empty and usable", function()
  log = {}
  local stack <close> = async.ExitStack()
  stack:callback(note, 1)
  equal(tostring(stack), "<ExitStack of 1>")
  equal(select("#", stack:close()), 0)
  stack:close()
  equal(log, { 1 })
  stack:callback(note, 2)
  stack:close()
  equal(log, { 1, 2 })
end)

test("callbacks get their arguments, nils too, and their results mean nothing", function()
  local got
  local stack = async.ExitStack()
  stack:callback(function(...)
    got = table.pack(...)
    return true
  end, 1, nil, "x", nil)
  raises("^body$", async.with, stack, failing("body"))
  equal(got, { 1, nil, "x", n = 4 })
end)

test("the body's error reaches every exit and goes on", function()
  log = {}
  raises("^body$", async.with, async.ExitStack(), function(stack)
    stack:enter(manager("a"))
    stack:push(function(err) note("function: " .. err) end)
    error("body", 0)
  end)
  equal(log, { "enter a", "function: body", "exit a: body" })
end)

test("an exit that swallows hides the error from those before it", function()
  log = {}
  equal(select("#", async.with(async.ExitStack(), function(stack)
    stack:enter(manager("a"))
    stack:enter(manager("quiet", { __exit = function() return true end }))
    stack:enter(manager("b"))
    error("body", 0)
  end)), 0)
  equal({ log[4], log[5] }, { "exit b: body", "exit a: nil" })
end)

test("an error in an exit does not stop the others; the last error wins and keeps the earlier as cause", function()
  log = {}
  local body, first, last = async.ValueError("body"), async.ValueError("first"), async.ValueError("last")
  local err = raises("last", async.with, async.ExitStack(), function(stack)
    stack:callback(note, "end")
    stack:callback(failing(last))
    stack:callback(note, "between")
    stack:callback(failing(first))
    error(body)
  end)
  check(err == last and err.cause == first and first.cause == body)
  equal(log, { "between", "end" })
end)

test("a string raised after another error comes as an Error that keeps both", function()
  local err = raises(async.Error, async.with, async.ExitStack(), function(stack)
    stack:callback(failing("last"))
    error("body", 0)
  end)
  equal({ err.value, err.cause }, { "last", "body" })
  raises("^only$", async.with, async.ExitStack(), function(stack) stack:callback(failing("only")) end)
end)

test("an error that has a cause gets the earlier one at the end of its chain", function()
  local root = async.ValueError("root")
  local err = raises("last", async.with, async.ExitStack(), function(stack)
    stack:callback(failing(async.ValueError("last", { cause = root })))
    error("body", 0)
  end)
  check(err.cause == root and root.cause == "body")
end)

test("an exit that raises the body's own error again makes no circle", function()
  local body = async.ValueError("body")
  local err = raises("wrapped", async.with, async.ExitStack(), function(stack)
    stack:push(function(e) error(e, 0) end)
    stack:push(function(e) error(async.ValueError("wrapped", { cause = e })) end)
    error(body)
  end)
  equal(err.message, "wrapped")
  check(err.cause == body and body.cause == nil)
end)

test("an error in an exit may be swallowed by an earlier one", function()
  equal(select("#", async.with(async.ExitStack(), function(stack)
    stack:push(function(err) return err == "exit" end)
    stack:callback(failing("exit"))
  end)), 0)
end)

test("with <close> the body's error goes on though it was swallowed, one of an exit does not", function()
  raises("^body$", function()
    local stack <close> = async.ExitStack()
    stack:push(function() return true end)
    error("body", 0)
  end)
  local stack = async.ExitStack()
  stack:push(function() return true end)
  stack:callback(failing("exit"))
  stack:close()
end)

test("pop_all moves everything to another stack", function()
  log = {}
  local kept
  do
    local stack <close> = async.ExitStack()
    stack:callback(note, 1)
    stack:callback(note, 2)
    kept = stack:pop_all()
  end
  equal(log, {})
  kept:close()
  equal(log, { 2, 1 })
end)

test("a manager whose enter fails is not left, and those before it are", function()
  log = {}
  raises("^enter$", async.with, async.ExitStack(), function(stack)
    stack:enter(manager("a"))
    stack:enter(manager("bad", { __enter = failing("enter") }))
  end)
  equal(log, { "enter a", "exit a: enter" })
end)

test("push leaves what was entered already, by __exit or __close, and returns it", function()
  log = {}
  local lock = async.Lock():acquire()
  local stack <close> = async.ExitStack()
  equal(stack:push(lock), lock)
  local m = manager("a")
  stack:push(m)
  stack:close()
  check(not lock:locked())
  equal(log, { "exit a: nil" })
end)

test("exits may wait; a cancellation meanwhile ends the one that waits and no other", function()
  log = {}
  local task = async.spawn(function()
    local stack <close> = async.ExitStack()
    for i = 1, 3 do
      stack:callback(function()
        async.sleep(1)
        note(i)
      end)
    end
  end)
  async.sleep(1.5)
  equal(elapsed(function()
    task:cancel("c")
    equal(raises(async.CancelledError, await, task).message, "c")
  end), 1.0)
  equal(log, { 3, 1 })
end)

test("a cancellation of the body passes, after all exits", function()
  log = {}
  local task = async.spawn(async.with, async.ExitStack(), function(stack)
    stack:callback(async.sleep, 1)
    stack:enter(manager("a"))
    async.sleep(9)
  end)
  async.sleep(1)
  task:cancel("c")
  raises(async.CancelledError, await, task)
  equal(log[2], "exit a: CancelledError: c")
end)

test("a stack in a generator that is closed ends everything, also after an exit that raises the close again", function()
  log = {}
  local g = async.generator(function()
    local stack <close> = async.ExitStack()
    stack:callback(note, "last")
    stack:push(function(err) error(err, 0) end)
    stack:callback(note, "first")
    coroutine.yield(1)
  end)()
  g:next()
  g:close()
  equal(log, { "first", "last" })
end)

test("context managers of contextmanager and closing can be entered", function()
  log = {}
  local managed = async.contextmanager(function()
    coroutine.yield("resource")
    note("left")
  end)
  local stack = async.ExitStack()
  equal(stack:enter(managed()), "resource")
  stack:enter(async.closing("x", note))
  stack:close()
  equal(log, { "x", "left" })
end)

test("10,000 exits end in little time", function()
  local n = 0
  local stack = async.ExitStack()
  for _ = 1, 10000 do stack:callback(function() n = n + 1 end) end
  stack:close()
  equal(n, 10000)
end)

test("enter, push and callback name what they cannot take", function()
  local stack = async.ExitStack()
  misuse(async.TypeError, stack.enter, stack, {})
  misuse(async.TypeError, stack.enter, stack, nil)
  misuse(async.TypeError, stack.push, stack, 5)
  misuse(async.TypeError, stack.callback, stack, nil)
end)
