-- Children, signals, isolates.
scenario("a child with pipes", { modules = { "process" }, clock = "real" }, function()
  local subprocess = async.subprocess
  local pipe = subprocess.PIPE
  local process <close> = async.create_subprocess_exec("cat", { stdin = pipe, stdout = pipe, stderr = subprocess.DEVNULL })
  local out = process:communicate("through\n")
  if out ~= "through\n" then error("not enough memory for the output", 0) end
  assert(process.returncode == 0 and tostring(process))
end)

scenario("a shell command, and one that fails", { modules = { "process" }, clock = "real" }, function()
  local result = async.subprocess.run("echo out; echo err >&2; exit 3", { capture = true })
  if result.stdout ~= "out\n" or result.stderr ~= "err\n" then error("not enough memory for the output", 0) end
  assert(result.returncode == 3)
  local ok, err = pcall(async.subprocess.run, "exit 4", { check = true })
  assert(not ok)
  if not async.is(err, async.CalledProcessError) then error(err, 0) end
  ok, err = pcall(async.create_subprocess_exec, "/nowhere/at/all")
  assert(not ok)
  if not async.is(err, async.OSError) then error(err, 0) end
end)

scenario("a child that is killed", { modules = { "process" }, clock = "real" }, function()
  local process <close> = async.create_subprocess_exec("sleep", "0.3", { cwd = "/", env = { PATH = os.getenv("PATH") } })
  local waiter = async.spawn(process.wait, process)
  async.sleep(0)
  process:kill()
  assert(await(waiter) == -9)
end)

scenario("signals", { modules = { "signal" }, clock = "real" }, function()
  local loop, came = async.get_running_loop(), async.Event()
  local removing <close> = setmetatable({}, { __close = function() loop:remove_signal_handler("SIGUSR1") end })
  loop:add_signal_handler("SIGUSR1", function() came:set() end)
  os.execute("kill -USR1 $PPID")
  if not pcall(async.timeout, 1, came.wait, came) then error("not enough memory for the handler", 0) end
end)

-- Its keeper may have had no memory for what it says, and has killed it then.
local function told_of_end(err)
  return tostring(err):find("process of the isolate", 1, true) and "not enough memory for the isolate" or err
end

scenario("an isolate", { modules = { "isolate" }, clock = "real" }, function()
  local done, problem = async.catch(function()
    local box <close> = neap.isolate.start({ confine = false, program = neap_binary })
    box:run("function add(a, b) return a + b, { a, b } end")
    local sum, both = box:call("add", 1, 2)
    assert(sum == 3 and both[2] == 2)
    local ok, err = pcall(box.run, box, "error('inside')")
    assert(not ok)
    if not tostring(err):find("inside") then error(err, 0) end
  end)
  if not done then error(told_of_end(problem), 0) end
end)
