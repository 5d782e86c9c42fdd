-- What errors say: the value, the limit, and the way out.
test("a wrong value is called by the name of its class", function()
  local task = async.current_task()
  raises("TypeError: argument 1 of wait must be a list, got Task; write {x} for a single x", async.wait, task)
  raises("TypeError: the delay must be a number of seconds, got Future", async.sleep, async.Future())
  raises("TypeError: argument 2 of timeout must be a function, got Timeout", async.timeout, 1, async.timeout())
  raises("TypeError: a task is made of a function or a Coroutine, got Task, which runs already", async.spawn, task)
end)

test("an item of a list is named as such, an argument as such", function()
  raises("TypeError: argument 2 of gather is a number; pass a function", async.gather, print, 5)
  raises("TypeError: item 2 of gather's list is a number; pass a function", async.gather, { print, 5 })
  raises("TypeError: item 1 of wait's list is a string; pass a function", async.wait, { "x" })
  raises("TypeError: argument 1 of shield is nil, the result of a call that already ran", async.shield)
end)

test("an unknown option is answered with those that exist", function()
  raises("TypeError: create_task has no option 'nme', only context, eager, name", async.create_task, print, { nme = "x" })
end)

test("a timeout names its seconds, a deadline none", function()
  raises("^TimeoutError: timed out after 0.25 seconds$", async.timeout, 0.25, async.sleep, 1)
  raises("^TimeoutError: timed out after 2.0 seconds$", async.wait_for, async.sleep, 2, 9)
  raises("^TimeoutError: the deadline has passed$", async.timeout_at, 0, async.sleep, 1)
  raises("^TimeoutError: the deadline has passed$", async.with, async.timeout(5), function(scope)
    scope:reschedule(async.get_running_loop():time() + 1)
    async.sleep(9)
  end)
end)

test("a callback that is nil is asked for as a function", function()
  local loop = async.get_running_loop()
  local message = "TypeError: the callback must be a function, got nil; pass the function itself"
  raises(message, loop.call_soon, loop)
  raises(message, loop.call_later, loop, 1)
  raises(message, loop.call_at, loop, 1, nil)
end)

test("the context of a failed callback has its handle", function()
  local list = reports()
  local handle = async.get_running_loop():call_soon(error, "boom", 0)
  async.sleep(0)
  equal(list[1].handle, handle)
  equal(list[1].exception, "boom")
end)

test("fields of an error that are no table are refused by the class's name", function()
  raises("TypeError: argument 2 of ValueError must be a table of fields, got string", async.ValueError, "a", "b")
end)

test("an event loop cannot be closed while it runs, nor run when it is closed", function()
  local loop = async.new_event_loop()
  local function close() loop:close() end
  raises("RuntimeError: cannot close an event loop that runs", loop.run_until_complete, loop, close)
  check(not loop:is_closed())
  loop:close()
  raises("RuntimeError: the event loop is closed; make another", loop.run_until_complete, loop, print)
end)

test("slow_callback_duration is one setting for all loop objects", function()
  local loop <close> = async.new_event_loop()
  loop.slow_callback_duration = 0.5
  equal(async.get_running_loop().slow_callback_duration, 0.5)
  equal(loop.slow_callback_duration, 0.5)
end)

test("new_event_loop works in a callback", function()
  local loop
  async.get_running_loop():call_soon(function() loop = async.new_event_loop() end)
  async.sleep(0)
  loop:close()
end)
