-- as_completed: results in the order in which they come.
-- A loop that handles the fastest first. Each step gives a task, and awaiting it gives its
-- result or raises its error, so that one failure can be dealt with and the loop goes on. Use
-- it for a list of calls whose answers are handled one by one; gather when all are needed
-- together.
-- asyncio: asyncio.as_completed; here the tasks given are the tasks handed out.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function download(name, seconds, problem)
  return async.create_task(function()
    async.sleep(seconds)
    if problem then error(async.ValueError(problem)) end
    return name .. " has " .. math.tointeger(seconds * 1000) .. " bytes"
  end, { name = name })
end

local tasks = {
  download("big", 0.4),
  download("broken", 0.2, "checksum differs"),
  download("small", 0.1),
}
for task in async.as_completed(tasks) do
  local ok, result = pcall(await, task)
  note(task:get_name(), ok, result)
end

-- With a timeout for all together: what is late is still running, and is cancelled here.
begun = loop:time()
tasks = { download("x", 0.1), download("y", 9) }
print(pcall(function()
  for task in async.as_completed(tasks, { timeout = 0.5 }) do note(await(task)) end
end))
for _, task in ipairs(tasks) do task:cancel() end    -- of one that is done it changes nothing
async.wait(tasks)

-- Leaving the loop early leaves the tasks running too: a TaskGroup around it ends them.
begun = loop:time()
do
  local group <close> = async.TaskGroup()
  local mirrors = {}
  for i = 1, 3 do mirrors[i] = group:spawn(async.sleep, i / 10, "mirror " .. i) end
  for task in async.as_completed(mirrors) do
    note("first", await(task))
    break
  end
  group:cancel()
end
note("the others have ended")

--[[ prints:
0.1 s	small	true	small has 100 bytes
0.2 s	broken	false	ValueError: checksum differs
0.4 s	big	true	big has 400 bytes
0.1 s	x has 100 bytes
false	TimeoutError: 1 of 2 have not completed in time
0.1 s	first	mirror 1
0.1 s	the others have ended
]]
