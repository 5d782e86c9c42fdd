-- io.popen and os.execute suspend the task: the commands here end when another task has done something.
local real = { clock = "real" }

-- local gate <close> = new_gate(): `gate.wait` is a shell command that ends after gate.open().
local function new_gate()
  local path = os.tmpname()
  os.remove(path)
  local gate = { wait = ("while [ ! -e '%s' ]; do sleep 0.01; done"):format(path) }
  function gate.open() io.open(path, "w"):close() end
  return setmetatable(gate, { __close = function() os.remove(path) end })
end

local function soon(fn)
  return async.spawn(function()
    async.sleep(0.02)
    fn()
  end)
end

-- Waits until the process is gone: a zombie would be there for ever.
local function wait_until_gone(pid)
  async.timeout(10, function()
    while os.execute("kill -0 " .. pid .. " 2>/dev/null") do async.sleep(0.01) end
  end)
end

test("os.execute waits for the command while other tasks go on", real, function()
  local gate <close> = new_gate()
  soon(gate.open)
  equal({ os.execute(gate.wait .. "; exit 3") }, { nil, "exit", 3 })
end)

test("many commands run at once", real, function()
  local gate <close> = new_gate()
  local tasks = {}
  for i = 1, 20 do tasks[i] = async.spawn(os.execute, gate.wait .. "; exit " .. i) end
  async.sleep(0.02)
  gate.open()
  for i, task in ipairs(tasks) do equal({ await(task) }, { nil, "exit", i }) end
end)

test("os.execute that is cancelled tells the command to end, and reaps it", real, function()
  local path = os.tmpname()
  local task = async.spawn(os.execute, ("echo $$ > '%s'; exec sleep 60"):format(path))
  local pid
  async.timeout(10, function()
    repeat
      async.sleep(0.01)
      pid = io.open(path):read("n")
    until pid
  end)
  os.remove(path)
  task:cancel()
  async.wait { task }
  check(task:cancelled())
  wait_until_gone(pid)
end)

test("a cancel request that is pending takes effect before the command is run", function()
  local path = os.tmpname()
  local task = async.spawn(function()
    async.current_task():cancel()
    os.execute(("echo run > '%s'"):format(path))
  end)
  async.wait { task }
  check(task:cancelled())
  equal(io.open(path):read("a"), "")
  os.remove(path)
end)

test("reading from a command waits while other tasks go on", real, function()
  local gate <close> = new_gate()
  local command <close> = io.popen("printf par; " .. gate.wait .. "; echo tial; echo 12")
  soon(gate.open)
  equal({ command:read("l", "n") }, { "partial", 12 })
end)

test("the lines of a command come as it prints them", real, function()
  local gate <close> = new_gate()
  local seen = {}
  local command <close> = io.popen("echo one; " .. gate.wait .. "; echo two")
  for line in command:lines() do
    seen[#seen + 1] = line
    if line == "one" then gate.open() end
  end
  equal(seen, { "one", "two" })
end)

test("close waits for the end of the command while other tasks go on", real, function()
  local gate <close> = new_gate()
  local command = io.popen("exec >&-; " .. gate.wait .. "; exit 5")
  soon(gate.open)
  equal({ command:close() }, { nil, "exit", 5 })
  equal(io.type(command), "closed file")
end)

test("a write that the command does not take yet waits while other tasks go on", real, function()
  local gate <close> = new_gate()
  local path = os.tmpname()
  local command = io.popen(("%s; wc -c > '%s'"):format(gate.wait, path), "w")
  soon(gate.open)
  equal(command:write(("x"):rep(1000000)), command)
  equal({ command:close() }, { true, "exit", 0 })
  equal(io.open(path):read("n"), 1000000)
  os.remove(path)
end)

test("close writes what is left, also when it does not fit into the pipe", real, function()
  local gate <close> = new_gate()
  local path = os.tmpname()
  local command = io.popen(("%s; wc -c > '%s'"):format(gate.wait, path), "w")
  local writer = async.spawn(command.write, command, ("x"):rep(300001))
  async.sleep(0.02)
  writer:cancel()
  soon(gate.open)
  equal({ command:close() }, { true, "exit", 0 })
  equal(io.open(path):read("n"), 300001, "a cancelled write has been made")
  os.remove(path)
end)

test("a cancelled read has taken nothing", real, function()
  local gate <close> = new_gate()
  local command <close> = io.popen("printf 'one par'; " .. gate.wait .. "; echo tial")
  raises(async.TimeoutError, async.timeout, 0.1, command.read, command, 3, "l")
  gate.open()
  equal(command:read("l"), "one partial")
end)

test("tasks that read from one file have their turns in order", real, function()
  local gate <close> = new_gate()
  local command <close> = io.popen(gate.wait .. "; echo a; echo b; echo c; echo d")
  local order = {}
  local tasks = {}
  for i = 1, 4 do
    tasks[i] = async.spawn(function()
      local line = command:read()
      order[#order + 1] = i .. line
    end)
  end
  async.sleep(0.02)
  tasks[1]:cancel()
  tasks[3]:cancel()
  gate.open()
  async.wait(tasks)
  equal(order, { "2a", "4b" })
  equal(command:read("a"), "c\nd\n")
end)

test("a file that another task closes is an error for those who read from it", real, function()
  local gate <close> = new_gate()
  local command = io.popen(gate.wait)
  local first, second = async.spawn(command.read, command), async.spawn(command.read, command)
  async.sleep(0.02)
  gate.open()
  command:close()
  raises("attempt to use a closed file", await, first)
  raises("attempt to use a closed file", await, second)
end)

test("a close that is cancelled reaps the command all the same", real, function()
  local gate <close> = new_gate()
  local command = io.popen("echo $$; exec >&-; " .. gate.wait)
  local pid = command:read("n")
  raises(async.TimeoutError, async.timeout, 0.02, command.close, command)
  gate.open()
  wait_until_gone(pid)
end)

test("a command that the script has forgotten is reaped", real, function()
  local gate <close> = new_gate()
  local pid = io.popen("echo $$; exec >&-; " .. gate.wait):read("n")
  collectgarbage()
  collectgarbage()
  gate.open()
  wait_until_gone(pid)
end)

test("writing to a command that has ended raises EPIPE", real, function()
  local command = io.popen("exit 3", "w")
  command:setvbuf("no")
  local err = raises(async.ConnectionError, function()
    while true do
      command:write("x")
      async.sleep(0.01)
    end
  end)
  equal(err.code, "EPIPE")
  equal({ command:close() }, { nil, "exit", 3 })
end)

test("reading what is there already lets others run now and then", function()
  local command <close> = io.popen("yes 2>&1 | head -n 500")
  local turns, task = 0, nil
  task = async.spawn(function()
    while true do
      turns = turns + 1
      async.sleep(0)
    end
  end)
  for _ in command:lines() do end
  check(turns >= 7, turns)
  task:cancel()
end)

test("a callback of the loop may run commands, which block then", function()
  local loop, done = async.get_running_loop(), async.Future()
  loop:call_soon(function()
    local command = io.popen("echo x; exit 4")
    done:set_result { command:read("L"), select(3, command:close()), select(3, os.execute("exit 6")) }
  end)
  equal(await(done), { "x\n", 4, 6 })
end)

test("a command that cannot be read as asked says so at the caller's line", function()
  local command <close> = io.popen("echo x")
  raises("awaited_test.lua:%d+: bad argument #1 to 'read' %(invalid format%)", function()
    local value = command:read("x")
    return value
  end)
  equal(command:read(), "x")
end)
