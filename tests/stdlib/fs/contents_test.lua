local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError

test("write, append and read give every byte back", function()
  local dir <close> = scratch.directory()
  local bytes = {}
  for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
  local data = table.concat(bytes)
  equal(fs.write(dir "f", data), 256)
  equal(fs.read(dir "f"), data)
  equal(fs.append(dir "f", "\0end"), 4)
  equal(fs.read(dir "f"), data .. "\0end")
  equal(fs.write(dir "f", ""), 0)
  equal(fs.read(dir "f"), "")
  equal(fs.append(dir "new", 12), 2)
  equal(fs.read(dir "new"), "12")
end)

test("a large file is read and written whole", function()
  local dir <close> = scratch.directory()
  local data = ("0123456789abcdef"):rep(4 << 16) .. "tail"
  fs.write(dir "big", data)
  check(fs.read(dir "big") == data)
  fs.append(dir "big", data)
  check(fs.read(dir "big") == data .. data)
end)

test("a file whose size is said to be 0 is read to its end", function()
  if not pcall(fs.stat, "/proc/self/status") then return end
  check(#fs.read("/proc/self/status") > 100)
  check(fs.read("/proc/self/status"):find("Name:"))
  equal(fs.read("/dev/null"), "")
end)

test("errors name the code, the path, the call and the number", function()
  local err = raises(OSError, fs.read, "/no/such/file")
  equal({ err.code, err.path, err.syscall, err.errno }, { "ENOENT", "/no/such/file", "open", 2 })
  equal(err.message, "ENOENT: no such file or directory, open '/no/such/file'")
  check(err.traceback:find("contents_test.lua"), err.traceback)
  equal(raises(OSError, fs.read, "/").code, "EISDIR")
  equal(raises(OSError, fs.write, "/", "x").code, "EISDIR")
  equal(raises(OSError, fs.append, "/dev/null/x", "x").code, "ENOTDIR")
  equal(raises(OSError, fs.read, "").code, "ENOENT")
  equal(raises(OSError, fs.read, ("x"):rep(5000)).code, "ENAMETOOLONG")
end)

test("a full device is ENOSPC", function()
  if not pcall(fs.stat, "/dev/full") then return end
  equal(raises(OSError, fs.write, "/dev/full", "x").code, "ENOSPC")
end)

test("wrong arguments are TypeErrors and ValueErrors that name them", function()
  equal(raises(TypeError, fs.read).message, "argument 1 (path) of fs.read must be a string, got no value")
  raises("path.*got nil", fs.read, nil)
  raises("path.*got number", fs.read, 42)
  raises("with a dot, not with a colon", fs.read, fs, "x")
  raises("ValueError: argument 1 %(path%) of fs.read has a zero byte in it, after 'a'", fs.read, "a\0b")
  raises("TypeError: argument 2 %(data%) of fs.write must be a string, got table", fs.write, "/tmp/x", {})
  raises("TypeError: argument 2 %(data%) of fs.append", fs.append, "/tmp/x")
  raises("TypeError: argument 2 %(options%) of fs.stat must be a table, got boolean", fs.stat, "/", true)
  raises("TypeError: fs.stat has no option 'folow'", fs.stat, "/", { folow = false })
  raises("TypeError: fs.stat has no option '1'", fs.stat, "/", { "follow" })
  raises("TypeError: option 'follow' of fs.stat must be true or false, got number", fs.stat, "/", { follow = 1 })
end)

test("1,000 reads at once are all answered, and leave no descriptor open", function()
  local dir <close> = scratch.directory()
  local before = scratch.descriptors()
  local tasks = {}
  for i = 1, 1000 do
    tasks[i] = async.spawn(function()
      local path = dir(tostring(i))
      fs.write(path, ("line %d\n"):format(i):rep(i))
      return fs.read(path)
    end)
  end
  local results = async.gather(tasks)
  for i = 1, 1000 do check(results[i] == ("line %d\n"):format(i):rep(i)) end
  equal(scratch.descriptors(), before)
end)

test("a file that grows while it is read is read at least as far as it was", function()
  local dir <close> = scratch.directory()
  fs.write(dir "log", "start\n")
  local writer = async.spawn(function()
    for _ = 1, 300 do fs.append(dir "log", ("x"):rep(1000) .. "\n") end
  end)
  local size = 0
  while not writer:done() do
    local text = fs.read(dir "log")
    check(#text >= size and text:sub(1, 6) == "start\n")
    size = #text
  end
  equal(#fs.read(dir "log"), 6 + 300 * 1001)
end)

test("what a cancelled task had begun to write is complete or was never begun", function()
  local dir <close> = scratch.directory()
  local data = ("x"):rep(8 << 20)
  for round = 1, 20 do
    fs.write(dir "f", "old")
    local task = async.spawn(function() fs.write(dir "f", data .. "!") end)
    async.sleep(0)
    if round % 2 == 0 then fs.stat("/") end
    task:cancel()
    collectgarbage()
    scratch.settle()
    local text = fs.read(dir "f")
    check(text == "old" or text == data .. "!", #text)
  end
end)

test("a cancelled read raises CancelledError and closes its descriptor", function()
  local before = scratch.descriptors()
  for _ = 1, 50 do
    local task = async.spawn(fs.read, "/etc/passwd")
    async.sleep(0)
    task:cancel()
    raises(async.CancelledError, await, task)
  end
  scratch.settle()
  equal(scratch.descriptors(), before)
end)

test("an endless file can be given up", { clock = "real" }, function()
  local before = scratch.descriptors()
  raises(async.TimeoutError, async.timeout, 0.05, fs.read, "/dev/zero")
  scratch.wait_for_descriptors(before)
end)

test("a FIFO that nobody writes to can be given up, and its thread is free again", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  if not os.execute("mkfifo " .. dir "p") then return end
  local before = scratch.descriptors()
  for _, operation in ipairs { fs.read, fs.write } do
    local tasks = {}
    for i = 1, 6 do tasks[i] = async.spawn(async.timeout, 0.05, operation, dir "p", "x") end -- the pool has 4 threads
    async.wait(tasks)
    for _, task in ipairs(tasks) do raises(async.TimeoutError, task.result, task) end
    equal(fs.stat("/").type, "directory")
    async.sleep(0.2)
    scratch.wait_for_descriptors(before)
  end
end)

test("a reader and a writer of a FIFO meet", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  if not os.execute("mkfifo " .. dir "p") then return end
  local data = ("through\n"):rep(100000)
  local reader = async.spawn(fs.read, dir "p")
  async.sleep(0.15)
  fs.write(dir "p", data)
  check(await(reader) == data)
end)

test("fs cannot be used where nothing can wait, and says so", function()
  raises("RuntimeError: fs.read: cannot wait inside.*sort", table.sort, { 1, 2 }, function() fs.read("/dev/null") end)
  local contexts = reports()
  async.get_running_loop():call_soon(function() fs.read("/dev/null") end)
  async.sleep(0)
  async.sleep(0)
  check(tostring(contexts[1].exception):find("fs.read: a callback of the loop cannot wait"))
end)
