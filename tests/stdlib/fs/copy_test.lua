local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError = async.OSError, async.TypeError, async.ValueError

local function mode(path) return ("%o"):format(fs.stat(path).mode) end

-- Everything below a directory, as text: path, type, permission bits and contents.
local function picture(top)
  local list = {}
  for path, entry in fs.walk(top, { stat = true }) do
    local contents = entry.type == "file" and fs.read(path) or entry.type == "link" and fs.readlink(path) or ""
    list[#list + 1] = ("%s %s %o %s"):format(path:sub(#top + 1), entry.type, entry.mode, contents)
  end
  return list
end

local function make_tree(top)
  fs.mkdir(top .. "/d/inner", { parents = true })
  fs.mkdir(top .. "/empty", { mode = "700" })
  fs.write(top .. "/a", "1")
  fs.write(top .. "/d/two\nlines", "22")
  fs.write(top .. "/d/inner/\xFF", "333")
  fs.symlink("../a", top .. "/d/link")
  fs.symlink("gone", top .. "/broken")
  fs.chmod(top .. "/a", "751")
end

test("copy copies the bytes and the permission bits", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "bytes\0more")
  fs.chmod(dir "a", "640")
  equal(fs.copy(dir "a", dir "b"), true)
  equal(fs.read(dir "b"), "bytes\0more")
  equal(mode(dir "b"), "640")
  equal(fs.list(dir.path), { "a", "b" })
end)

test("copy replaces a file unless told otherwise", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "new")
  fs.write(dir "b", "much longer than before")
  local err = raises(OSError, fs.copy, dir "a", dir "b", { overwrite = false })
  equal({ err.code, err.path, err.target }, { "EEXIST", dir "a", dir "b" })
  equal(fs.read(dir "b"), "much longer than before")
  fs.copy(dir "a", dir "b")
  equal(fs.read(dir "b"), "new")
end)

test("copy keeps the times when asked to", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "x")
  fs.utime(dir "a", { mtime = 1000.5, atime = 2000.5 })
  fs.copy(dir "a", dir "b")
  check(fs.stat(dir "b").mtime > 1000000)
  fs.utime(dir "a", { atime = 2000.5 })
  fs.copy(dir "a", dir "c", { times = true })
  equal(fs.stat(dir "c").mtime, 1000.5)
  equal(fs.stat(dir "c").atime, 2000.5)
end)

test("a file copied to itself, by whatever name, is EINVAL and stays", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "kept")
  fs.symlink("a", dir "l")
  fs.link(dir "a", dir "h")
  for _, to in ipairs { "a", "l", "h" } do equal(raises(OSError, fs.copy, dir "a", dir(to)).code, "EINVAL") end
  equal(fs.read(dir "a"), "kept")
end)

test("copy refuses a directory without recursive, and what is no regular file", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "d")
  fs.write(dir "f", "")
  scratch.shell("mkfifo " .. dir "p")
  equal(raises(OSError, fs.copy, dir "d", dir "e").code, "EISDIR")
  equal(raises(OSError, fs.copy, dir "f", dir "d").code, "EISDIR")
  equal(raises(OSError, fs.copy, dir "p", dir "e").code, "EINVAL")
  equal(raises(OSError, fs.copy, dir "gone", dir "e").code, "ENOENT")
  equal(raises(OSError, fs.copy, dir "f", dir "gone/e").code, "ENOENT")
  equal(fs.exists(dir "e"), false)
end)

test("copy of a link copies what it leads to, or the link", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "x")
  fs.symlink("a", dir "l")
  fs.copy(dir "l", dir "file")
  equal(fs.stat(dir "file", { follow = false }).type, "file")
  fs.copy(dir "l", dir "link", { follow = false })
  equal(fs.readlink(dir "link"), "a")
end)

test("a large file is copied whole, also between file systems", function()
  local dir <close> = scratch.directory()
  local data = ("0123456789abcdef"):rep(3 << 16) .. "end"
  fs.write(dir "a", data)
  fs.copy(dir "a", dir "b")
  check(fs.read(dir "b") == data)
  if not pcall(fs.stat, "/dev/shm") then return print("no second file system here: not tested") end
  do
    local other <close> = fs.tempdir { dir = "/dev/shm" }
    fs.copy(dir "a", other.path .. "/c")
    check(fs.read(other.path .. "/c") == data)
  end
end)

test("a file whose size is said to be 0 is copied to its end", function()
  local dir <close> = scratch.directory()
  if not pcall(fs.stat, "/proc/version") then return print("no /proc here: not tested") end
  fs.copy("/proc/version", dir "v")
  equal(fs.read(dir "v"), fs.read("/proc/version"))
end)

test("copy with recursive copies a tree with everything in it", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  equal(fs.copy(dir "from", dir "to", { recursive = true }), true)
  equal(picture(dir "to"), picture(dir "from"))
  fs.copy(dir "from/", dir "again/", { recursive = true, times = true })
  equal(picture(dir "again"), picture(dir "from"))
  equal(fs.stat(dir "again/d").mtime, fs.stat(dir "from/d").mtime)
end)

test("copy of a tree goes into a directory that is there, unless told otherwise", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  fs.mkdir(dir "to/d", { parents = true })
  fs.write(dir "to/d/kept", "")
  fs.write(dir "to/a", "old")
  equal(raises(OSError, fs.copy, dir "from", dir "to", { recursive = true, overwrite = false }).code, "EEXIST")
  for _ = 1, 2 do fs.copy(dir "from", dir "to", { recursive = true }) end
  equal(fs.read(dir "to/a"), "1")
  equal(fs.exists(dir "to/d/kept"), true)
end)

test("copy of a tree that follows links copies what they lead to, and no circle", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  fs.copy(dir "from", dir "to", { recursive = true, follow = true })
  equal(fs.stat(dir "to/d/link", { follow = false }).type, "file")
  equal(fs.readlink(dir "to/broken"), "gone")
  fs.symlink("..", dir "from/d/up")
  local err = raises(OSError, fs.copy, dir "from", dir "other", { recursive = true, follow = true })
  equal({ err.code, err.path }, { "ELOOP", dir "from/d/up" })
end)

test("a tree is not copied into itself", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  fs.symlink("from", dir "alias")
  local before = picture(dir "from")
  for _, to in ipairs { "from", "from/x", "from/d/x", "alias/d/x", "from/d/../x" } do
    equal(raises(OSError, fs.copy, dir "from", dir(to), { recursive = true }).code, "EINVAL", to)
  end
  equal(picture(dir "from"), before)
  fs.copy(dir "from", dir "from2", { recursive = true })
end)

test("a copy is not led out of its tree by a link that is there", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  fs.mkdir(dir "outside")
  fs.mkdir(dir "to")
  fs.symlink("../outside", dir "to/d")
  equal(raises(OSError, fs.copy, dir "from", dir "to", { recursive = true }).target, dir "to/d")
  equal(fs.list(dir "outside"), {})
end)

test("the error of a copy in a tree names the entry", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "from/d", { parents = true })
  scratch.shell("mkfifo " .. dir "from/d/p")
  local err = raises(OSError, fs.copy, dir "from", dir "to", { recursive = true })
  equal({ err.code, err.path, err.target }, { "EINVAL", dir "from/d/p", dir "to/d/p" })
end)

test("10,000 files are copied, found, and removed", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "from")
  scratch.shell(("cd '%s' && i=0 && while [ $i -lt 10000 ]; do : > f$i; i=$((i+1)); done"):format(dir "from"))
  fs.copy(dir "from", dir "to", { recursive = true })
  equal(fs.list(dir "to"), fs.list(dir "from"))
  equal(#fs.list(dir "to"), 10000)
  fs.remove(dir "to", { recursive = true })
  equal(fs.exists(dir "to"), false)
end)

test("a copy that is cancelled leaves no file that it has begun", function()
  local dir <close> = scratch.directory()
  fs.write(dir "big", "")
  fs.truncate(dir "big", 1 << 30)
  local other = pcall(fs.stat, "/dev/shm") and fs.tempdir { dir = "/dev/shm" } or fs.tempdir {}
  local goal <close> = other
  for _ = 1, 5 do
    local task = async.spawn(fs.copy, dir "big", goal.path .. "/copy")
    async.sleep(0)
    task:cancel()
    raises(async.CancelledError, await, task)
  end
  scratch.settle()
  equal(fs.list(goal.path), {})
end)

test("move renames, and between file systems copies with times and removes", function()
  local dir <close> = scratch.directory()
  make_tree(dir "from")
  local before = picture(dir "from")
  equal(fs.move(dir "from", dir "to"), true)
  equal(picture(dir "to"), before)
  if not pcall(fs.stat, "/dev/shm") then return print("no second file system here: not tested") end
  local other <close> = fs.tempdir { dir = "/dev/shm" }
  local time = fs.stat(dir "to/d").mtime
  fs.write(other.path .. "/file", "replaced")
  fs.move(dir "to", other.path .. "/there")
  equal(picture(other.path .. "/there"), before)
  equal(fs.stat(other.path .. "/there/d").mtime, time)
  equal(fs.list(dir.path), {})
  fs.write(dir "f", "new")
  fs.move(dir "f", other.path .. "/file")
  equal(fs.read(other.path .. "/file"), "new")
  equal(fs.list(other.path), { "file", "there" })
end)

test("a move between file systems that fails leaves both sides as they were", function()
  local dir <close> = scratch.directory()
  if not pcall(fs.stat, "/dev/shm") then return print("no second file system here: not tested") end
  local other <close> = fs.tempdir { dir = "/dev/shm" }
  fs.mkdir(dir "d")
  fs.write(dir "d/f", "")
  fs.write(other.path .. "/file", "")
  equal(raises(OSError, fs.move, dir "d", other.path .. "/file").code, "ENOTDIR")
  scratch.shell("mkfifo " .. dir "d/p")
  equal(raises(OSError, fs.move, dir "d", other.path .. "/there").path, dir "d/p")
  equal(fs.list(other.path), { "file" })
  equal(fs.list(dir "d"), { "f", "p" })
end)

test("copy and move refuse wrong arguments by name", function()
  check(misuse(TypeError, fs.copy, "a").message:find("argument 2 (to) of fs.copy", 1, true))
  check(misuse(TypeError, fs.copy, "a", "b", { recurse = true }).message:find("fs.copy has no option 'recurse'", 1, true))
  misuse(TypeError, fs.copy, "a", "b", { overwrite = 1 })
  misuse(ValueError, fs.move, "a\0", "b")
  misuse(TypeError, fs.move, "a", nil)
end)
