-- Who waits for whom: when a program stands still, or is slow and nobody knows why, ask it.
-- format_tasks shows all tasks as a tree, print_call_graph one task and who awaits it, with their
-- call stacks.
-- Use it in a handler, at the prompt, or from outside: with `neap --debug`, SIGUSR1 prints the tree
-- of all tasks.
-- asyncio: print_call_graph, and `python -m asyncio pstree PID` (3.14).
local lock = async.Lock()

local function update(name)
  local held <close> = lock:acquire()
  async.sleep(0.5)
  return name
end

local function start_update(name)
  return async.create_task(function()
    local result = update(name) -- `return update(name)` is a tail call, of which no line is left
    return result
  end, { name = name })
end

local users, orders = start_update("users"), start_update("orders")
local import = async.create_task(function()
  local both = async.gather(users, orders)
  return #both
end, { name = "import" })
async.sleep(0.1)

-- From above: every task below the one that waits for it, what it waits for, and where.
print(async.format_tasks())

-- A single task: its state, and its stack, innermost line first.
print(orders)
for _, line in ipairs(orders:get_stack()) do print("  " .. line) end

-- From below: one task, and the tasks that wait for it.
async.print_call_graph(orders)
print(await(import))

--[[ prints:
4 tasks
+- <Task name='main' running> at ...call_graph.lua:30
+- <Task name='import' waiting on <2 of 2 futures> at ...call_graph.lua:24>
|  +- <Task name='users' waiting in sleep at ...call_graph.lua:11>
|  +- <Task name='orders' waiting on <Lock locked by 'users' waiting=1> at ...call_graph.lua:10>
<Task name='orders' waiting on <Lock locked by 'users' waiting=1> at ...call_graph.lua:10>
  [C]: in method 'acquire'
  ...call_graph.lua:10: in upvalue 'update'
  ...call_graph.lua:17: in function <...call_graph.lua:16>
2
stderr:
* <Task name='orders' waiting on <Lock locked by 'users' waiting=1> at ...call_graph.lua:10>
  + Call stack:
  |   [C]: in method 'acquire'
  |   ...call_graph.lua:10: in upvalue 'update'
  |   ...call_graph.lua:17: in function <...call_graph.lua:16>
  + Awaited by:
    * <Task name='import' waiting on <2 of 2 futures> at ...call_graph.lua:24>
      + Call stack:
      |   ...call_graph.lua:24: in function <...call_graph.lua:23>
]]
