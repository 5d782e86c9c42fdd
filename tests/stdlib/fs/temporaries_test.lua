local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError

test("tempfile makes a file that is removed when it is closed", function()
  local dir <close> = scratch.directory()
  local file, path = fs.tempfile { dir = dir.path, prefix = "pre-", suffix = ".txt" }
  check(path:match("/pre%-%w+%.txt$") and fs.dirname(path) == dir.path, path)
  file:write("bytes"):seek("set")
  equal(file:read("a"), "bytes")
  equal(("%o"):format(fs.stat(path).mode), "600")
  equal(file:close(), true)
  equal(fs.list(dir.path), {})
end)

test("a tempfile is removed at the end of its block, also by an error and by a cancellation", function()
  local dir <close> = scratch.directory()
  do
    local file <close>, path = fs.tempfile { dir = dir.path }
    file:write("x")
    check(fs.exists(path))
  end
  equal(fs.list(dir.path), {})
  pcall(function()
    local file <close> = fs.tempfile { dir = dir.path }
    error("no")
  end)
  equal(fs.list(dir.path), {})
  local made = async.Event()
  local task = async.spawn(function()
    local file <close> = fs.tempfile { dir = dir.path }
    made:set()
    async.sleep(10)
  end)
  made:wait()
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(fs.list(dir.path), {})
end)

test("a tempfile that was renamed is kept, and what took its name too", function()
  local dir <close> = scratch.directory()
  do
    local file <close>, path = fs.tempfile { dir = dir.path }
    file:write("result"):flush()
    fs.rename(path, dir "kept")
    fs.write(path, "somebody else's")
  end
  equal(#fs.list(dir.path), 2)
  equal(fs.read(dir "kept"), "result")
end)

test("a tempfile that is collected is removed", function()
  local dir <close> = scratch.directory()
  fs.tempfile { dir = dir.path }
  scratch.settle()
  equal(fs.list(dir.path), {})
end)

test("a tempfile or tempdir whose making is cancelled leaves nothing", function()
  local dir <close> = scratch.directory()
  for _ = 1, 20 do
    for _, make in ipairs { fs.tempfile, fs.tempdir } do
      local task = async.spawn(make, { dir = dir.path })
      async.sleep(0)
      task:cancel()
      raises(async.CancelledError, await, task)
    end
  end
  scratch.settle()
  equal(fs.list(dir.path), {})
  equal(async.open_handles(), {})
end)

test("tempdir makes a directory that is removed with everything in it", function()
  local dir <close> = scratch.directory()
  local path
  do
    local temporary <close> = fs.tempdir { dir = dir.path, prefix = "a", suffix = "z" }
    path = temporary.path
    check(path:match("/a%w+z$"), path)
    equal(("%o"):format(fs.stat(path).mode), "700")
    fs.mkdir(path .. "/b/c", { parents = true })
    fs.write(path .. "/b/f", "")
    equal(tostring(temporary), ("<TempDir '%s'>"):format(path))
    equal(async.open_handles()[1].description, ("TempDir '%s'"):format(path))
    equal(async.open_handles()[1].kind, "directory")
  end
  equal(fs.list(dir.path), {})
  equal(async.open_handles(), {})
end)

test("a tempdir may be closed twice, and be gone before", function()
  local dir <close> = scratch.directory()
  local temporary = fs.tempdir { dir = dir.path }
  fs.remove(temporary.path)
  equal(temporary:close(), true)
  equal(temporary:close(), true)
  equal(tostring(temporary), ("<TempDir '%s' removed>"):format(temporary.path))
end)

test("a tempdir is removed by a task that was cancelled, which does not wait for it", function()
  local dir <close> = scratch.directory()
  local task = async.spawn(function()
    local temporary <close> = fs.tempdir { dir = dir.path }
    fs.write(temporary.path .. "/f", "")
    async.current_task():cancel()
  end)
  raises(async.CancelledError, await, task)
  scratch.settle() -- the task has not waited for its end
  equal(fs.list(dir.path), {})
end)

test("a tempdir that is collected is removed", function()
  local dir <close> = scratch.directory()
  fs.write(fs.tempdir { dir = dir.path }.path .. "/f", "")
  scratch.settle()
  equal(fs.list(dir.path), {})
end)

test("many temporary names do not collide", function()
  local dir <close> = scratch.directory()
  local tasks = {}
  for i = 1, 200 do tasks[i] = async.spawn(fs.tempfile, { dir = dir.path }) end
  local files = async.gather(tasks)
  equal(#fs.list(dir.path), 200)
  for _, file in ipairs(files) do (type(file) == "table" and file[1] or file):close() end
  equal(fs.list(dir.path), {})
end)

test("temporaries refuse wrong options, and a directory that is not there", function()
  local err = raises(OSError, fs.tempfile, { dir = "/nowhere" })
  equal({ err.code, err.syscall }, { "ENOENT", "open" })
  check(err.path:find("^/nowhere/%w+$"), err.path)
  equal(raises(OSError, fs.tempdir, { dir = "/nowhere" }).syscall, "mkdir")
  check(misuse(ValueError, fs.tempfile, { prefix = "a/b" }).message:find("option 'prefix' of fs.tempfile", 1, true))
  misuse(ValueError, fs.tempdir, { suffix = "a\0" })
  misuse(TypeError, fs.tempdir, { dir = 1 })
  misuse(TypeError, fs.tempfile, { mode = "w" })
  misuse(TypeError, fs.tempfile, "/tmp")
end)

test("lines reads a file line by line and closes it at the end, and when the loop is left", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "one\ntwo\n\nfour")
  local list = {}
  for line in fs.lines(dir "f") do list[#list + 1] = line end
  equal(list, { "one", "two", "", "four" })
  equal(async.open_handles(), {})
  for _ in fs.lines(dir "f") do break end
  equal(async.open_handles(), {})
  pcall(function()
    for _ in fs.lines(dir "f") do error("no") end
  end)
  equal(async.open_handles(), {})
end)

test("lines takes the formats of read, and refuses others", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "12 ab\n34 cd\n")
  local list = {}
  for number, rest in fs.lines(dir "f", "n", "L") do list[#list + 1] = { number, rest } end
  equal(list, { { 12, " ab\n" }, { 34, " cd\n" } })
  raises(ValueError, fs.lines, dir "f", "x")
  equal(async.open_handles(), {})
  equal(raises(OSError, fs.lines, dir "gone").code, "ENOENT")
  misuse(TypeError, fs.lines, 12)
end)
