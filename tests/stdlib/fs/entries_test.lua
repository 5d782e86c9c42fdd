local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError

test("stat tells what is known of a file", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "12345")
  local stat = fs.stat(dir "f")
  equal(stat.type, "file")
  equal(stat.size, 5)
  equal(stat.nlink, 1)
  check(math.type(stat.size) == "integer" and math.type(stat.mtime) == "float")
  check(math.abs(stat.mtime - os.time()) < 100)
  for _, name in ipairs { "mode", "uid", "gid", "ino", "dev", "atime", "ctime" } do check(stat[name], name) end
  scratch.shell("chmod 640 " .. dir "f")
  equal(fs.stat(dir "f").mode, tonumber("640", 8))
  equal(fs.stat("/dev/null").type, "char")
  equal(fs.stat(dir.path).type, "directory")
end)

test("stat follows links unless told otherwise", function()
  local dir <close> = scratch.directory()
  scratch.shell(("ln -s /etc '%s' && ln -s nowhere '%s'"):format(dir "link", dir "broken"))
  equal(fs.stat(dir "link").type, "directory")
  equal(fs.stat(dir "link", { follow = false }).type, "link")
  equal(raises(OSError, fs.stat, dir "broken").syscall, "stat")
  equal(fs.stat(dir "broken", { follow = false }).size, 7)
end)

test("mkdir makes one directory, or all that are missing", function()
  local dir <close> = scratch.directory()
  equal(fs.mkdir(dir "a"), true)
  equal(raises(OSError, fs.mkdir, dir "a").code, "EEXIST")
  equal(fs.mkdir(dir "a", { exist_ok = true }), true)
  equal(raises(OSError, fs.mkdir, dir "b/c").code, "ENOENT")
  fs.mkdir(dir "b//c/d///", { parents = true })
  equal(fs.stat(dir "b/c/d").type, "directory")
  equal(raises(OSError, fs.mkdir, dir "b/c/d", { parents = true }).code, "EEXIST")
  fs.mkdir(dir "b/c/d", { parents = true, exist_ok = true })
  fs.write(dir "file", "")
  equal(raises(OSError, fs.mkdir, dir "file", { exist_ok = true }).code, "EEXIST")
  equal(raises(OSError, fs.mkdir, dir "file/x/y", { parents = true }).code, "ENOTDIR")
end)

test("mkdir takes permission bits as an integer or an octal string", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "a", { mode = "700" })
  equal(("%o"):format(fs.stat(dir "a").mode), "700")
  fs.mkdir(dir "b", { mode = 320 })
  equal(("%o"):format(fs.stat(dir "b").mode), "500")
  for _, mode in ipairs { "", "abc", "8", "77777", -1, 4096, 1.5 } do
    raises("ValueError: option 'mode' of fs.mkdir must be permission bits", fs.mkdir, dir "c", { mode = mode })
  end
  raises(TypeError, fs.mkdir, dir "c", { mode = {} })
end)

test("many tasks that make the same directories do not get in each other's way", function()
  local dir <close> = scratch.directory()
  local tasks = {}
  for i = 1, 50 do
    tasks[i] = async.spawn(fs.mkdir, dir "a/b/c/d/e/f", { parents = true, exist_ok = true })
  end
  async.gather(tasks)
  equal(fs.stat(dir "a/b/c/d/e/f").type, "directory")
end)

test("remove takes files, links and empty directories", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  fs.mkdir(dir "d")
  scratch.shell(("ln -s d '%s'"):format(dir "link"))
  equal(fs.remove(dir "link"), true)
  equal(fs.stat(dir "d").type, "directory")
  equal(fs.remove(dir "f"), true)
  equal(fs.remove(dir "d"), true)
  equal(raises(OSError, fs.remove, dir "d").code, "ENOENT")
  fs.mkdir(dir "full/x", { parents = true })
  equal(raises(OSError, fs.remove, dir "full").code, "ENOTEMPTY")
end)

test("remove takes a tree, and not what its links lead to", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "kept")
  fs.write(dir "kept/f", "still here")
  fs.mkdir(dir "tree/a/b/c", { parents = true })
  for i = 1, 200 do fs.write(dir("tree/a/b/" .. i), "") end
  scratch.shell(("ln -s '%s' '%s' && mkfifo '%s'"):format(dir "kept", dir "tree/a/link", dir "tree/p"))
  equal(fs.remove(dir "tree", { recursive = true }), true)
  equal(fs.list(dir.path), { "kept" })
  equal(fs.read(dir "kept/f"), "still here")
  scratch.shell(("ln -s kept '%s'"):format(dir "alias"))
  fs.remove(dir "alias", { recursive = true })
  equal(fs.list(dir "kept"), { "f" })
  equal(raises(OSError, fs.remove, dir "tree", { recursive = true }).code, "ENOENT")
end)

test("remove takes a tree deeper than any path may be long, with few descriptors", function()
  local dir <close> = scratch.directory()
  scratch.shell(("cd '%s' && i=0; while [ $i -lt 120 ]; do mkdir %s; cd -P %s; i=$((i+1)); done"):format(dir.path,
    ("d"):rep(100), ("d"):rep(100)))
  local before = scratch.descriptors()
  fs.remove(dir(("d"):rep(100)), { recursive = true })
  equal(fs.list(dir.path), {})
  equal(scratch.descriptors(), before)
end)

test("rename replaces what is there", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "new")
  fs.write(dir "b", "old")
  equal(fs.rename(dir "a", dir "b"), true)
  equal(fs.read(dir "b"), "new")
  local err = raises(OSError, fs.rename, dir "gone", dir "c")
  equal({ err.code, err.path, err.target, err.syscall }, { "ENOENT", dir "gone", dir "c", "rename" })
  check(err.message:find(("rename '%s' -> '%s'"):format(dir "gone", dir "c"), 1, true), err.message)
  raises("argument 2 %(to%) of fs.rename", fs.rename, dir "b")
end)

test("what the user may not do is a PermissionError", function()
  -- A directory of /proc refuses even root.
  if not pcall(fs.stat, "/proc/self") then return end
  local err = raises(OSError, fs.mkdir, "/proc/self/x")
  check(err.code == "ENOENT" or async.is(err, async.PermissionError), tostring(err))
  if fs.stat("/proc/self").uid == 0 then return end
  equal(raises(async.PermissionError, fs.write, "/etc/passwd", "").code, "EACCES")
end)

test("each operation can be cancelled, and leaves no descriptor open", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "tree/a/b", { parents = true })
  fs.write(dir "f", "x")
  scratch.settle()
  local before = scratch.descriptors()
  local operations = {
    function() fs.read(dir "f") end,
    function() fs.write(dir "g", "x") end,
    function() fs.append(dir "g", "x") end,
    function() fs.stat(dir "f") end,
    function() fs.list(dir.path) end,
    function() for _ in fs.walk(dir.path) do end end,
    function() fs.mkdir(dir "m", { exist_ok = true }) end,
    function() fs.remove(dir "tree", { recursive = true }) end,
    function() fs.rename(dir "f", dir "f") end,
    function() local file <close> = fs.open(dir "f") end,
  }
  for _, operation in ipairs(operations) do
    for _ = 1, 20 do
      local task = async.spawn(operation)
      async.sleep(0)
      task:cancel()
      raises(async.CancelledError, await, task)
    end
  end
  scratch.settle()
  equal(scratch.descriptors(), before)
end)
