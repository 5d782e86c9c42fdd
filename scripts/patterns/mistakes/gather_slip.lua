-- The slip of everybody who comes from Python: gather(async.sleep(1), queue:get()). A call that
-- waits has waited before gather is called, so nothing runs at once. neap says so when what it gets
-- cannot be awaited.
-- The way out: pass functions, tasks, or calls of async functions, which have not run yet.
-- asyncio: there the call makes a coroutine, and the opposite slip is the common one.
local loop = async.get_running_loop()
local begun = loop:time()
local function took() return ("%.1f s"):format(loop:time() - begun) end

-- The mistake: two waits, one after the other, and then an error.
print(pcall(function() return async.gather(async.sleep(0.2), async.sleep(0.2)) end))
print(took())

-- Other results are refused as well.
local function load(name) return async.sleep(0.1, "text of " .. name) end
print(pcall(function() return async.gather(load("a"), load("b")) end))

-- The same slip elsewhere.
print(pcall(function() return async.wait_for(load("a"), 1) end))
print(pcall(function() return async.create_task(load("a")) end))

-- Right: functions that are called later ...
begun = loop:time()
print(table.concat(async.gather(
  function() return load("a") end,
  function() return load("b") end
), ", "), took())

-- ... tasks ...
begun = loop:time()
print(table.concat(async.gather(async.spawn(load, "a"), async.spawn(load, "b")), ", "), took())

-- ... an async function, whose call describes and does not run ...
begun = loop:time()
local load_later = async(load)
print(table.concat(async.gather(load_later("a"), load_later("b")), ", "), took())

-- ... or, for one function and many arguments, map.
begun = loop:time()
print(table.concat(async.map({ "a", "b" }, load), ", "), took())

--[[ prints:
false	TypeError: argument 1 of gather is nil, the result of a call that already ran; pass a function or a task
0.4 s
false	TypeError: argument 1 of gather is a string; pass a function, a Coroutine, a Task or a Future
false	TypeError: argument 1 of wait_for is a string; pass a function, a Coroutine, a Task or a Future
false	TypeError: a task is made of a function or a Coroutine, got string
text of a, text of b	0.1 s
text of a, text of b	0.1 s
text of a, text of b	0.1 s
text of a, text of b	0.1 s
]]
