-- get_stack, print_stack and get_coro: where a task is.
local function here() return debug.getinfo(2, "l").currentline end

local function wait_long() async.sleep(60) end

test("get_stack of a waiting task begins where it waits", function()
  local task = async.spawn(function()
    wait_long()
    return 1 -- no tail call
  end)
  equal(task:get_stack(), {})
  async.sleep(0)
  local frames = task:get_stack()
  check(frames[1]:find("sleep", 1, true), frames[1])
  check(frames[2]:find("stack_test.lua:4: in upvalue 'wait_long'", 1, true), frames[2])
  equal(#task:get_stack(1), 1)
  task:cancel()
  async.wait { task }
  equal(task:get_stack(), {})
end)

test("get_stack goes through a coroutine that waits to the task that resumed it", function()
  local line
  local task = async.spawn(function()
    local generator = coroutine.wrap(wait_long)
    line = here() + 1
    generator()
    return 1
  end)
  async.sleep(0)
  local text = table.concat(task:get_stack(), "\n")
  check(text:find("stack_test.lua:4:", 1, true) and text:find("stack_test.lua:" .. line, 1, true), text)
  await(task)
end)

test("get_stack of the current task is where it calls", function()
  local frames, line = async.current_task():get_stack(), here()
  check(table.concat(frames, "\n"):find("stack_test.lua:" .. line, 1, true), table.concat(frames, "\n"))
end)

test("get_stack of the current task works inside a coroutine", function()
  local frames = coroutine.wrap(function() return (async.current_task():get_stack()) end)()
  check(#frames > 1, #frames)
end)

test("get_stack of a failed task is the place of its error", function()
  local line
  local task = async.spawn(function()
    line = here() + 1
    error(async.ValueError("boom"))
  end)
  async.wait { task }
  check(task:exception():is(async.ValueError))
  check(table.concat(task:get_stack(), "\n"):find("stack_test.lua:" .. line, 1, true))
end)

test("an eager task may ask where its creator is", function()
  local creator, frames = async.current_task(), nil
  await(async.create_task(function() frames = creator:get_stack() end, { eager = true }))
  check(table.concat(frames, "\n"):find("stack_test.lua", 1, true), table.concat(frames, "\n"))
end)

test("get_coro is the task's coroutine until it is done, and can be looked at alone", function()
  local task = async.spawn(wait_long)
  async.sleep(0)
  local coro = task:get_coro()
  equal(coroutine.status(coro), "normal")
  check(debug.traceback(coro):find("stack_test.lua:4:", 1, true))
  equal({ coroutine.resume(coro) }, { false, "cannot resume the coroutine of a task" })
  equal(async.current_task():get_coro(), (coroutine.running()))
  await(task)
  equal(task:get_coro(), nil)
end)
