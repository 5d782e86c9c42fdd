-- A Coroutine that nobody awaits: the call of an async function only describes; nothing has run. In
-- debug mode (neap --debug) neap says where it was made.
-- The way out: await it, or make it a task. A plain function runs when it is called and cannot be
-- forgotten so.
-- asyncio: RuntimeWarning: coroutine 'save' was never awaited.
local save = async(function(text)
  async.sleep(0.1)
  print("saved " .. text)
end)

async.run(function()
  save("the first") -- the mistake: nothing is saved
  collectgarbage() -- it is noticed when it is collected, or at the end

  await(save("the second")) -- right: here and now
  local task = async.create_task(save("the third")) -- right: beside what follows
  print("goes on")
  await(task)

  -- A Coroutine shows what has become of it.
  local fourth = save("the fourth")
  print(fourth)
  await(fourth)
  print(fourth)
  print(pcall(await, fourth)) -- it runs once
end, { debug = true })

-- Passing one as if it were its result is noticed where it is used.
local name = async(function() return "Ann" end)
print(pcall(function() return "hello " .. name() end))
print("hello " .. await(name()))

--[[ prints:
saved the second
goes on
saved the third
<Coroutine ...never_awaited.lua:6 not started>
saved the fourth
<Coroutine ...never_awaited.lua:6 used>
false	RuntimeError: cannot await a Coroutine twice; call the async function again, or make it a task
false	...never_awaited.lua:30: attempt to concatenate a Coroutine value
hello Ann
stderr:
neap: warning: the Coroutine made at ...never_awaited.lua:12 was never awaited
]]
