-- Async functions: a call that is described now and run later.
-- async(fn) makes a function that, when called, gives a Coroutine: what to call, and with what. It
-- runs when it is awaited or made a task, once. Use it where calls are handed around (gather,
-- create_task, timeouts); a plain function that waits needs none of this, it is simply called.
-- asyncio: async def, coroutine objects, await.

local greet = async(function(name, seconds)
  print("greeting " .. name)
  async.sleep(seconds)
  return "hello " .. name, #name
end)

local call = greet("ann", 0.1)    -- nothing has run yet
print(tostring(call):match("^<Coroutine"))
print("before await")
print(await(call))                -- runs it here, in this task; all its results come back

-- It is one call, not a function: it can be awaited once.
local ok, err = pcall(await, call)
print(ok, async.is(err, async.RuntimeError))

-- As a task it runs beside this one.
local task = async.create_task(greet("bob", 0.1))
print("the task has not begun")   -- it first runs when this task waits
print((await(task)))

-- A plain function may wait just as well: calling it runs it.
local function plain(name)
  async.sleep(0.1)
  return "plain " .. name
end
print(plain("eve"))

-- The mistake: a Coroutine that nobody awaits runs never. `neap --debug` tells where it was made.
greet("nobody", 0.1)
print("nobody was not greeted")

--[[ prints:
<Coroutine
before await
greeting ann
hello ann	3
false	true
the task has not begun
greeting bob
hello bob
plain eve
nobody was not greeted
]]
