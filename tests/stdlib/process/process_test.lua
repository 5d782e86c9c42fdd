local subprocess = async.subprocess
local PIPE, DEVNULL, STDOUT = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT

local function capture(args, options)
  options = options or {}
  options.capture = true
  return subprocess.run(args, options)
end

local function shell(command, options)
  return async.create_subprocess_shell(command, options)
end

local real = { clock = "real" }

test("communicate writes the input, reads both outputs and gives the return code", function()
  local process <close> = shell("cat; echo err >&2; exit 7", { stdin = PIPE, stdout = PIPE, stderr = PIPE })
  equal({ process:communicate("in") }, { "in", "err\n" })
  equal(process.returncode, 7)
  check(tostring(process):match("^<Process %d+ '/bin/sh' returncode=7>$"))
end)

test("what is no pipe is nil, and communicate gives nil for it", function()
  local process <close> = async.create_subprocess_exec("true", { stdout = PIPE, stderr = DEVNULL })
  equal({ process.stdin, process.stderr }, {})
  local out, err = process:communicate()
  equal({ out, err }, { "" })
end)

test("communicate of more than any pipe holds, in all directions", function()
  local size = 3000000
  local process <close> = shell("tee /dev/stderr", { stdin = PIPE, stdout = PIPE, stderr = PIPE })
  local out, err = process:communicate(("x"):rep(size))
  equal({ #out, #err }, { size, size })
end)

test("all of a large output is one string of its bytes, and counts as memory until it is collected", function()
  local lines = ("a line of output\n"):rep(200000)
  local process <close> = shell("cat", { stdin = PIPE, stdout = PIPE })
  local before = collectgarbage("count")
  local out = process:communicate(lines)
  check(out == lines)
  check(collectgarbage("count") - before > #lines / 1024)
  out = nil
  collectgarbage()
  check(collectgarbage("count") - before < 100)
end)

test("what is left of a large output after a line is read as it is", function()
  local rest = ("x"):rep(1000000) .. "\n"
  local process <close> = shell("echo first; cat", { stdin = PIPE, stdout = PIPE })
  equal(process.stdout:readline(), "first\n")
  equal(process:communicate(rest) == rest, true)
  check(process.stdout:is_closing())
end)

test("a child that closes its stdin early is no failure", function()
  local process <close> = shell("exec <&-; echo done", { stdin = PIPE, stdout = PIPE })
  equal(process:communicate(("x"):rep(1000000)), "done\n")
end)

test("a write to a child that has ended raises EPIPE, and kills nobody", function()
  local process <close> = async.create_subprocess_exec("true", { stdin = PIPE })
  process:wait()
  local err = raises(async.ConnectionError, process.stdin.write, process.stdin, "x")
  equal(err.code, "EPIPE")
end)

test("the return code is the exit status, also over 127, or minus the signal", function()
  for _, status in ipairs { 0, 1, 127, 128, 200, 255 } do
    equal(subprocess.run("exit " .. status).returncode, status)
  end
  equal(subprocess.run("kill -KILL $$").returncode, -9)
  equal(subprocess.run("kill -TERM $$").returncode, -15)
end)

test("stderr can go where stdout goes", function()
  equal(capture("echo a; echo b >&2; echo c", { stderr = STDOUT }).stdout, "a\nb\nc\n")
end)

test("a Stream can be a child's standard stream", function()
  local first <close> = shell("echo hello", { stdout = PIPE })
  local second <close> = async.create_subprocess_exec("tr", "a-z", "A-Z", { stdin = first.stdout, stdout = PIPE })
  first.stdout:close()
  equal(second:communicate(), "HELLO\n")
end)

test("a Stream that has nothing yet blocks the child that reads it", real, function()
  local first <close> = shell("sleep 0.05; echo late", { stdout = PIPE })
  local second <close> = async.create_subprocess_exec("cat", { stdin = first.stdout, stdout = PIPE })
  first.stdout:close()
  equal(second:communicate(), "late\n")
end)

test("lines arrive while the child runs", real, function()
  local process <close> = shell("echo one; read x; echo two $x", { stdin = PIPE, stdout = PIPE })
  equal(process.stdout:readline(), "one\n")
  equal(process.returncode, nil)
  process.stdin:write("three\n")
  equal(process.stdout:readline(), "two three\n")
  equal(process.stdout:readline(), nil)
  equal(process:wait(), 0)
end)

test("the limit is that of its pipes", function()
  local process <close> = shell("echo long line", { stdout = PIPE, limit = 4 })
  raises(async.LimitOverrunError, process.stdout.readline, process.stdout)
  misuse(async.ValueError, async.create_subprocess_exec, "ls", { limit = 0 })
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { limit = 1.5 })
end)

test("cwd and env are the child's", function()
  equal(capture("pwd", { cwd = "/" }).stdout, "/\n")
  equal(capture({ "/usr/bin/env" }, { env = { ONE = "1", TWO = 2 } }).stdout, "ONE=1\nTWO=2\n")
  equal(capture({ "/usr/bin/env" }, { env = {} }).stdout, "")
end)

test("what cannot be started is an OSError that names it", function()
  local err = raises(async.OSError, async.create_subprocess_exec, "no-such-program")
  equal({ err.code, err.path, err.syscall }, { "ENOENT", "no-such-program", "spawn" })
  err = raises(async.OSError, subprocess.run, { "true" }, { cwd = "/nonexistent" })
  equal({ err.code, err.path, err.syscall }, { "ENOENT", "/nonexistent", "chdir" })
  equal(raises(async.OSError, subprocess.run, { "true" }, { cwd = "/dev/null" }).code, "ENOTDIR")
  equal(raises(async.PermissionError, subprocess.run, { "/etc/passwd" }).code, "EACCES")
end)

test("a failed start leaves no descriptor behind", function()
  local function count() return #neap.fs.list("/proc/self/fd") end
  pcall(subprocess.run, { "no-such-program" }, { capture = true, input = "x" })
  async.sleep(0)
  local before = count()
  for _ = 1, 20 do pcall(subprocess.run, { "no-such-program" }, { capture = true, input = "x" }) end
  async.sleep(0)
  equal(count(), before)
end)

test("arguments are passed as they are", function()
  local odd = { "", " ", "a b", "*", "$HOME", "'\"", "\n", "ü", "\xff" }
  local out = capture { "printf", "[%s]", table.unpack(odd) }.stdout
  equal(out, "[" .. table.concat(odd, "][") .. "]")
  equal(capture({ "echo", 1, 2.5 }).stdout, "1 2.5\n")
end)

test("wrong arguments are errors at the caller's line", function()
  misuse(async.TypeError, async.create_subprocess_exec)
  misuse(async.TypeError, async.create_subprocess_exec, {})
  misuse(async.TypeError, async.create_subprocess_exec, "ls", true)
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { stdio = PIPE })
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { stdout = "pipe" })
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { stdout = STDOUT })
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { cwd = 1 })
  misuse(async.TypeError, async.create_subprocess_exec, "ls", { env = { A = {} } })
  misuse(async.ValueError, async.create_subprocess_exec, "ls", "a\0b")
  misuse(async.ValueError, async.create_subprocess_exec, "ls", { env = { A = "\0" } })
  misuse(async.TypeError, async.create_subprocess_shell, { "ls" })
  misuse(async.TypeError, async.create_subprocess_shell, "ls", "options")
  misuse(async.TypeError, subprocess.run, {})
  misuse(async.TypeError, subprocess.run, 5)
  misuse(async.TypeError, subprocess.run, "ls", { input = 5 })
  local process <close> = async.create_subprocess_exec("true")
  misuse(async.ValueError, process.communicate, process, "input")
  misuse(async.ValueError, process.send_signal, process, "SIGNOTHING")
  misuse(async.TypeError, process.send_signal, process, {})
end)

test("run with check raises CalledProcessError with the result", function()
  local err = raises(async.CalledProcessError, capture, "echo out; echo why >&2; exit 3", { check = true })
  equal({ err.returncode, err.stdout, err.stderr, err.args }, { 3, "out\n", "why\n", "echo out; echo why >&2; exit 3" })
  check(err.message:find("returned 3: why", 1, true), err.message)
  err = raises(async.CalledProcessError, subprocess.run, "kill -TERM $$", { check = true })
  check(err.message:find("killed by SIGTERM", 1, true), err.message)
end)

test("run with a timeout kills the child, and reaps it", real, function()
  raises(async.TimeoutError, subprocess.run, { "sleep", "60" }, { timeout = 0.02 })
  equal(capture("ps -o stat= --ppid $PPID | grep -c Z").stdout, "0\n")
end)

test("run that is cancelled kills the child first", real, function()
  local file = os.tmpname()
  local task = async.spawn(subprocess.run, "echo $$ > " .. file .. "; exec sleep 60")
  while (neap.fs.read(file)):match("%d+\n") == nil do async.sleep(0.005) end
  task:cancel()
  async.wait { task }
  check(task:cancelled())
  local pid = neap.fs.read(file):match("%d+")
  equal(subprocess.run("kill -0 " .. pid .. " 2>/dev/null").returncode, 1)
  neap.fs.remove(file)
end)

test("communicate that is cancelled leaves the process to its owner", real, function()
  local process <close> = shell("read x; exit 5", { stdin = PIPE, stdout = PIPE })
  equal((async.move_on_after(0.02, function()
    return process.stdout:read("a")
  end)), false)
  equal(process.returncode, nil)
  process.stdin:write("\n")
  equal(process:wait(), 5)
end)

test("a <close> variable kills and reaps", function()
  local kept
  do
    local process <close> = async.create_subprocess_exec("sleep", "60", { stdout = PIPE })
    kept = process
  end
  equal({ kept.returncode, kept.stdout:is_closing() }, { -9, true })
end)

test("a <close> variable with a grace asks first", real, function()
  local kept
  do
    local process <close> = shell("trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.01; done",
      { stdout = PIPE, grace = 10 })
    process.stdout:readline()
    kept = process
  end
  equal(kept.returncode, 4)
end)

test("stop kills a child that ignores SIGTERM", real, function()
  local process <close> = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", { stdout = PIPE })
  process.stdout:readline()
  equal(process:stop(0.05), -9)
end)

test("signals go to the whole group of a child that has its own", real, function()
  local process <close> = shell("sleep 60 & echo $!; wait", { stdout = PIPE, process_group = true })
  process.stdout:readline()
  process:kill()
  process:wait()
  equal(process.stdout:read("a"), "") -- the grandchild held the pipe
end)

test("wait does not wait for a pipe that a grandchild holds", real, function()
  local process <close> = shell("sleep 60 & echo $!", { stdout = PIPE })
  local grandchild = process.stdout:readline()
  equal(process:wait(), 0)
  subprocess.run("kill " .. grandchild)
  equal(process.stdout:read("a"), "")
end)

test("several tasks can wait for one process; a cancelled one leaves the others", real, function()
  local process <close> = shell("read x", { stdin = PIPE })
  local tasks = {}
  for i = 1, 3 do tasks[i] = async.spawn(process.wait, process) end
  async.sleep(0)
  tasks[2]:cancel()
  process.stdin:close()
  async.wait(tasks)
  equal({ tasks[1]:result(), tasks[2]:cancelled(), tasks[3]:result() }, { 1, true, 1 })
end)

test("signals to a process that has ended are false", function()
  local process <close> = async.create_subprocess_exec("true")
  process:wait()
  equal({ process:terminate(), process:kill(), process:send_signal(0) }, { false, false, false })
end)

test("the child has the three standard descriptors, no blocked signal, and SIGPIPE's default", function()
  local held <close> = io.open("/dev/null") -- C's files stay open over exec
  local out = capture("ls /proc/self/fd | wc -l; grep -E 'SigBlk|SigIgn' /proc/self/status").stdout
  local count, blocked, ignored = out:match("(%d+)%s+SigBlk:%s+(%x+)%s+SigIgn:%s+(%x+)")
  equal({ tonumber(count), tonumber(blocked, 16) }, { 4, 0 }) -- and the one that ls reads
  equal(tonumber(ignored, 16) >> 12 & 1, 0)
end)

test("three hundred children at once, and no zombie", function()
  local tasks = {}
  for i = 1, 300 do tasks[i] = async.spawn(subprocess.run, { "sh", "-c", "exit " .. i % 100 }) end
  local results = async.gather(tasks)
  for i = 1, 300 do equal(results[i].returncode, i % 100) end
  equal(capture("ps -o stat= --ppid $PPID | grep -c Z").stdout, "0\n")
end)

test("a process that is forgotten is reaped all the same", real, function()
  shell("exit 1")
  collectgarbage()
  collectgarbage()
  local zombies
  for _ = 1, 200 do
    async.sleep(0.01)
    zombies = capture("ps -o stat= --ppid $PPID | grep -c Z").stdout
    if zombies == "0\n" then break end
  end
  equal(zombies, "0\n")
end)

-- For each suspension in it, fn() runs once in a task whose k-th wait is answered by a cancel request.
local function cancelled_at_each_wait(fn)
  local runs = 0
  repeat
    runs = runs + 1
    local cancelled = async.run(function()
      local task = async.spawn(fn)
      async.wait { task }
      return task:cancelled()
    end, { cancel_at = runs })
  until not cancelled
  return runs
end

test("run, cancelled at each of its waits, leaves no child, no descriptor and no task", real, function()
  local function descriptors() return #neap.fs.list("/proc/self/fd") end
  capture("true")
  local before
  local runs = cancelled_at_each_wait(function()
    before = before or descriptors()
    capture({ "sh", "-c", "cat; echo err >&2" }, { input = ("x"):rep(200000) })
  end)
  check(runs >= 3, runs)
  equal(async.open_handles(), {})
  equal(capture("ps -o stat= --ppid $PPID | grep -c Z").stdout, "0\n")
  for _ = 1, 100 do
    if descriptors() == before then break end
    async.sleep(0.01)
  end
  equal(descriptors(), before)
end)

test("a <close> variable reaps its process wherever its task is cancelled", real, function()
  local pids = {}
  cancelled_at_each_wait(function()
    local process <close> = shell("echo ready; exec sleep 60", { stdout = PIPE })
    pids[#pids + 1] = process.pid
    process.stdout:readline()
    async.sleep(0)
  end)
  check(#pids >= 3)
  local function is_there(pid) return subprocess.run("kill -0 " .. pid, { stderr = DEVNULL }).returncode == 0 end
  for _, pid in ipairs(pids) do
    -- A cancellation of the wait in __close leaves a child that was killed, but may not have ended yet.
    for _ = 1, 200 do
      if not is_there(pid) then break end
      async.sleep(0.01)
    end
    check(not is_there(pid), pid)
  end
end)
