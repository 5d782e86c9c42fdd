-- capture_call_graph, format_call_graph, print_call_graph and format_tasks.
local function here() return debug.getinfo(2, "l").currentline end

-- The texts below with "FILE" for this file, so that they can be compared; paths depend on the machine.
local file = debug.getinfo(1, "S").short_src

local function plain(text)
  return (text:gsub(file:gsub("%p", "%%%0"), "FILE"))
end

-- A task that is called `name` and runs fn(...).
local function start(name, fn, ...)
  local args = table.pack(...)
  return async.create_task(function()
    fn(table.unpack(args, 1, args.n))
    return 1 -- no tail call
  end, { name = name })
end

local CALL = here() - 5 -- the line of the call in `start`

local function stop(...)
  for _, task in ipairs { ... } do task:cancel() end
  async.wait { ... }
end

local function names(list)
  local result = {}
  for i, node in ipairs(list) do result[i] = node.future:get_name() end
  return result
end

-- capture_call_graph.

test("the graph of a future has the tasks that await it, and those that await them", function()
  local future = async.Future()
  local inner = start("inner", await, future)
  local outer = start("outer", await, inner)
  async.sleep(0)
  local graph = async.capture_call_graph(future)
  equal(graph.future, future)
  equal(graph.call_stack, {})
  equal(names(graph.awaited_by), { "inner" })
  equal(names(graph.awaited_by[1].awaited_by), { "outer" })
  equal(graph.awaited_by[1].awaited_by[1].awaited_by, {})
  future:set_result()
  await(outer)
end)

test("a frame has its file, its line and its name, innermost first", function()
  local task, line = start("t", function() async.sleep(1) return 1 end), here()
  async.sleep(0)
  local stack = async.capture_call_graph(task).call_stack
  equal(stack[1], { file = "[C]", name = "async.sleep" })
  equal(stack[2], { file = file, line = line, name = "fn" })
  equal(stack[3].line, CALL)
  check(stack[3].name:find("^function <.*callgraph_test.lua:%d+>$"), stack[3].name)
  await(task)
end)

test("limit is the number of frames, 50 without it", function()
  local function descend(depth)
    if depth > 0 then
      descend(depth - 1)
      return 1
    end
    async.sleep(1)
    return 1
  end
  local task = start("deep", descend, 1000)
  async.sleep(0)
  equal(#async.capture_call_graph(task, { limit = 3 }).call_stack, 3)
  equal(#async.capture_call_graph(task, { limit = 0 }).call_stack, 0)
  check(#async.capture_call_graph(task).call_stack <= 50)
  check(#async.capture_call_graph(task).call_stack > 20)
  await(task)
end)

test("without a future it is the graph of the current task", function()
  local graph, line = async.capture_call_graph(), here()
  equal(graph.future, async.current_task())
  equal(graph.call_stack[1].line, line)
  local task
  task = async.spawn(function() graph = async.capture_call_graph() end)
  await(task)
  equal(graph.future, task)
  equal(graph.awaited_by[1].future, async.current_task())
end)

test("in a callback of the loop there is no current task, and no graph", function()
  local captured, text = "unset", nil
  async.get_running_loop():call_soon(function()
    captured, text = async.capture_call_graph(), async.format_call_graph()
  end)
  async.sleep(0)
  equal(captured, nil)
  equal(text, "")
end)

test("who waits for several is found: gather, wait, as_completed, shield, wait_for", function()
  for _, fn in ipairs {
    function(future) async.gather(future, future) end,
    function(future) async.wait { future } end,
    function(future) for _ in async.as_completed { future } do break end end,
    function(future) async.shield(future) end,
    function(future) async.wait_for(future, 5) end,
  } do
    local future = async.Future()
    local task = start("waiter", fn, future)
    async.sleep(0)
    equal(names(async.capture_call_graph(future).awaited_by), { "waiter" })
    future:set_result()
    await(task)
  end
end)

test("the children of a task group are awaited by the task that opened it", function()
  local child
  local owner = start("owner", function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(async.sleep, 5)
    async.sleep(1)
  end)
  async.sleep(0.5)
  equal(names(async.capture_call_graph(child).awaited_by), { "owner" })
  async.sleep(1)
  equal(names(async.capture_call_graph(child).awaited_by), { "owner" })
  await(owner)
end)

test("done callbacks of a script are nobody who waits", function()
  local future = async.Future()
  future:add_done_callback(print)
  future:add_done_callback(setmetatable({}, { __call = function() end }))
  future:remove_done_callback(print)
  equal(async.capture_call_graph(future).awaited_by, {})
  future:set_result()
end)

test("a waiter that was cancelled is not in the graph any more", function()
  local future = async.Future()
  local first, second = start("first", async.shield, future), start("second", async.shield, future)
  async.sleep(0)
  equal(names(async.capture_call_graph(future).awaited_by), { "first", "second" })
  first:cancel()
  equal(names(async.capture_call_graph(future).awaited_by), { "second" })
  stop(first, second)
end)

test("the graph of a done task is that task alone", function()
  local task = async.spawn(error, "boom")
  async.wait { task }
  equal(async.capture_call_graph(task), { future = task, call_stack = {}, awaited_by = {} })
  equal(task:exception(), "boom")
end)

test("a task that is reached in two ways is the same table twice", function()
  local future = async.Future()
  local a, b = start("a", await, future), start("b", await, future)
  local both = start("both", async.gather, a, b)
  async.sleep(0)
  local graph = async.capture_call_graph(future)
  check(rawequal(graph.awaited_by[1].awaited_by[1], graph.awaited_by[2].awaited_by[1]))
  future:set_result()
  await(both)
end)

test("two tasks that await each other have a graph with a circle", function()
  local a, b
  a = start("a", function() await(b) end)
  b = start("b", function() await(a) end)
  async.sleep(0)
  local graph = async.capture_call_graph(a)
  check(rawequal(graph.awaited_by[1].awaited_by[1], graph))
  local lines = plain(async.format_call_graph(a))
  check(lines:find("\n%s+%* <Task name='a' [^\n]*%(see above%)$"), lines)
  stop(a, b)
end)

-- As text.

test("the text is laid out as Python's", function()
  local line
  local inner = start("inner", function()
    line = here() + 1
    async.sleep(1)
  end)
  local outer = start("outer", await, inner)
  async.sleep(0)
  local expected = ([[
* <Task name='inner' waiting in sleep at FILE:LINE>
  + Call stack:
  |   [C]: in function 'async.sleep'
  |   FILE:LINE: in local 'fn'
  |   FILE:CALL: in function <FILE:FIRST>
  + Awaited by:
    * <Task name='outer' waiting in await at FILE:CALL>
      + Call stack:
      |   [C]: in function 'await'
      |   FILE:CALL: in function <FILE:FIRST>]]):gsub("LINE", line):gsub("CALL", CALL):gsub("FIRST", CALL - 1)
  local text = plain(async.format_call_graph(inner)):gsub("upvalue 'fn'", "local 'fn'")
  equal(text, expected)
  await(outer)
end)

test("a chain of 100,000 tasks is captured whole, and its text is cut", function()
  local first = async.Future()
  local last = first
  for _ = 1, 100000 do last = async.spawn(await, last) end
  async.sleep(0)
  local length, node = 0, async.capture_call_graph(first, { limit = 0 })
  while node do
    length = length + 1
    node = node.awaited_by[1]
  end
  equal(length, 100001)
  local text = async.format_call_graph(first)
  check(#text < 50000, #text)
  check(text:find("... and 99971 more$"), text:sub(-100))
  first:set_result()
  await(last)
end)

test("100,000 waiters of one future are counted, and 25 shown", function()
  local future, tasks = async.Future(), {}
  for i = 1, 100000 do tasks[i] = async.spawn(await, future) end
  async.sleep(0)
  local text = async.format_call_graph(future)
  local _, shown = text:gsub("%* <Task", "")
  equal(shown, 25)
  check(text:find("\n%s+... and 99975 more$"), text:sub(-100))
  future:set_result()
  async.wait(tasks)
end)

test("print_call_graph writes to a file", function()
  local written = {}
  local out = { write = function(_, ...) for _, text in ipairs { ... } do written[#written + 1] = text end end }
  local future = async.Future()
  async.print_call_graph(future, { file = out })
  equal(table.concat(written), "* <Future pending>\n")
end)

test("wrong arguments are refused", function()
  for _, fn in ipairs { async.capture_call_graph, async.format_call_graph, async.print_call_graph } do
    misuse(async.TypeError, fn, 1)
    misuse(async.TypeError, fn, function() end)
    misuse(async.TypeError, fn, nil, { depth = 1 })
    misuse(async.ValueError, fn, nil, { limit = 1.5 })
    misuse(async.ValueError, fn, nil, { limit = -1 })
    misuse(async.ValueError, fn, nil, { limit = "all" })
  end
  misuse(async.TypeError, async.print_call_graph, nil, { file = {} })
  misuse(async.TypeError, async.print_call_graph, nil, { file = 1 })
end)

-- format_tasks.

test("format_tasks shows each task below the one that waits for it", function()
  local lock = async.Lock()
  lock:acquire()
  local line = here() + 1
  local low = start("low", function() lock:acquire() end)
  local middle = start("middle", await, low)
  local top = start("top", async.gather, middle, async.spawn(await, async.Future()))
  async.sleep(0)
  local text = plain(async.format_tasks())
  local lines = {}
  for each in text:gmatch("[^\n]+") do lines[#lines + 1] = each end
  equal(lines[1], "5 tasks")
  check(lines[2]:find("^%+%- <Task name='main' running> at FILE:%d+$"), lines[2])
  check(lines[3]:find("^%+%- <Task name='top' waiting on <2 of 2 futures> at FILE:%d+>$"), lines[3])
  check(lines[4]:find("^|  %+%- <Task name='middle' waiting in await at FILE:%d+>$"), lines[4])
  check(lines[5]:find("^|  |  %+%- <Task name='low' waiting on <Lock locked by 'main' waiting=1> at FILE:" .. line .. ">"), lines[5])
  check(lines[6]:find("^|  %+%- <Task name='Task%-%d+' waiting in await at FILE:%d+> for <Future pending>$"), lines[6])
  lock:release()
  stop(top, middle)
end)

test("format_tasks tells where a ready task goes on", function()
  local line
  local task = async.create_task(function()
    line = here() + 1
    async.sleep(0)
  end, { name = "napping", eager = true })
  local text = plain(async.format_tasks())
  check(text:find(("'napping' ready> at FILE:%d"):format(line), 1, true), text)
  await(task)
end)

test("a task that two await is shown below the first, and named below the second", function()
  local shared = start("shared", await, async.Future())
  local one, two = start("one", async.shield, shared), start("two", async.shield, shared)
  async.sleep(0)
  local text = async.format_tasks()
  check(text:find("'one'[^\n]*\n|  %+%- <Task name='shared'[^\n]*\n%+%- <Task name='two'[^\n]*\n|  %+%- 'shared' %(see above%)"), text)
  stop(one, two, shared)
end)

test("tasks that await each other in a circle are shown once", function()
  local tasks = {}
  for i = 1, 3 do tasks[i] = start("c" .. i, function() await(tasks[i % 3 + 1]) end) end
  async.sleep(0)
  local text = async.format_tasks()
  check(text:find("4 tasks\n[^\n]*\n%+%- <Task name='c1'[^\n]*\n|  %+%- <Task name='c2'[^\n]*\n|  |  %+%- <Task name='c3'[^\n]*"
    .. "\n|  |  |  %+%- 'c1' %(see above%)$"), text)
  stop(table.unpack(tasks))
end)

test("format_tasks of 100,000 tasks shows the first ones, and counts the rest", function()
  local future, tasks = async.Future(), {}
  for i = 1, 100000 do tasks[i] = async.spawn(await, future) end
  async.sleep(0)
  local text = async.format_tasks()
  check(text:find("^100001 tasks\n"), text:sub(1, 40))
  check(text:find("\n%+%- ... and 99976 more$"), text:sub(-100))
  future:set_result()
  async.wait(tasks)
end)

test("format_tasks shows a main task that waits in async.run", { clock = "virtual" }, function()
  local text
  async.run(function() text = async.format_tasks() end)
  check(text:find("^2 tasks\n%+%- <Task name='main' waiting[^\n]*\n|  %+%- <Task name='Task%-2' running> at "), text)
end)
