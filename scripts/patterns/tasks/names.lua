-- Naming tasks, and seeing which there are.
-- A name stands in error reports, in the tree of tasks and in tostring(task), so give one to
-- tasks that live long. async.all_tasks lists what is not done; format_tasks shows who waits
-- for whom and where. In a program that hangs, that tree is the first thing to look at.
-- asyncio: create_task(name=), Task.get_name, current_task, all_tasks.

local function download(url)
  local task = async.current_task()
  task:set_name("download " .. url)            -- a name can be set by the task itself
  async.sleep(0.2)
  return #url
end

local first = async.create_task(function() return download("/a") end, { name = "first" })
local unnamed = async.spawn(async.sleep, 0.1)
print(first:get_name(), unnamed:get_name(), async.current_task():get_name())

async.sleep(0)                                 -- now they have begun
print(first:get_name())

-- What is running: oldest first, the current task included.
for i, task in ipairs(async.all_tasks()) do print(i, task) end

-- The same as a tree: who waits for whom, and at which line.
local function wait_for_both() return async.gather(first, unnamed) end
local both = async.create_task(wait_for_both, { name = "both" })
async.sleep(0)
print(async.format_tasks())

-- By name: the library keeps no register, but a loop over the list is one.
local function find(name)
  for _, task in ipairs(async.all_tasks()) do
    if task:get_name() == name then return task end
  end
end
print(find("both") == both, (find("nobody")))

await(both)
print(#async.all_tasks())

--[[ prints:
first	Task-3	main
download /a
1	<Task name='main' running>
2	<Task name='download /a' waiting in sleep at scripts/patterns/tasks/names.lua:10>
3	<Task name='Task-3' waiting in sleep at scripts/patterns/tasks/names.lua:15>
4 tasks
+- <Task name='main' running> at scripts/patterns/tasks/names.lua:28
+- <Task name='both' waiting on <2 of 2 futures> at scripts/patterns/tasks/names.lua:26>
|  +- <Task name='download /a' waiting in sleep at scripts/patterns/tasks/names.lua:10>
|  +- <Task name='Task-3' waiting in sleep at scripts/patterns/tasks/names.lua:15>
true	nil
1
]]
