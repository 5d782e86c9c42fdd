-- exit: 1
-- An error that nobody receives: a task is started, fails, and nobody awaits it. neap reports it
-- when the task is collected, or at the end of the program, whose exit status is then 1.
-- The way out: await the task, keep it in a TaskGroup, or look at its error in a done callback.
-- asyncio: Task exception was never retrieved.
local function refresh(name)
  async.sleep(0.1)
  error(async.ValueError("cannot refresh " .. name))
end

-- The mistake: started and forgotten. The report names the task, the error and where it was made.
async.create_task(function() refresh("prices") end, { name = "refresh prices" })
async.sleep(0.2)
collectgarbage() -- it is noticed when it is collected, or at the end
async.sleep(0)

-- Right: awaited somewhere.
local task = async.spawn(refresh, "names")
print(pcall(await, task))

-- Right: a group, whose block raises what its tasks do.
print(pcall(function()
  local group <close> = async.TaskGroup()
  group:spawn(refresh, "pictures")
end))

-- Right: somebody looks at it when it is done.
async.spawn(refresh, "links"):add_done_callback(function(done)
  if not done:cancelled() and done:exception() then print("log:", done:exception()) end
end)
async.sleep(0.2)

-- For a program that only wants to write them elsewhere: one handler for all of them.
local loop = async.get_running_loop()
loop:set_exception_handler(function(_, context) print("handler:", context.message) end)
async.spawn(refresh, "mail")
async.sleep(0.2)
collectgarbage()
async.sleep(0)
loop:set_exception_handler(nil)

--[[ prints:
false	ValueError: cannot refresh names
false	ExceptionGroup: 1 error in a TaskGroup
log:	ValueError: cannot refresh links
handler:	Task exception was never retrieved
stderr:
neap: Task exception was never retrieved: task 'refresh prices', created at ...lost_error.lua:12
ValueError: cannot refresh prices
   8 | error(async.ValueError("cannot refresh " .. name))
stack traceback:
	...lost_error.lua:8: in upvalue 'refresh'
	...lost_error.lua:12: in function <...lost_error.lua:12>
]]
