local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError = async.OSError, async.TypeError, async.ValueError

local function mode(path) return ("%o"):format(fs.stat(path).mode) end

test("chmod sets the permission bits", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  equal(fs.chmod(dir "f", "640"), true)
  equal(mode(dir "f"), "640")
  fs.chmod(dir "f", 493)
  equal(mode(dir "f"), "755")
  fs.chmod(dir.path, "1700")
  equal(mode(dir.path), "1700")
  equal(raises(OSError, fs.chmod, dir "gone", "644").syscall, "chmod")
  for _, wrong in ipairs { "", "9", "77777", -1, 4096, 1.5, "+x" } do
    check(misuse(ValueError, fs.chmod, dir "f", wrong).message:find("argument 2 (mode) of fs.chmod", 1, true))
  end
  misuse(TypeError, fs.chmod, dir "f")
end)

test("chown leaves the id that is not given", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  local before = fs.stat(dir "f")
  equal(fs.chown(dir "f"), true)
  fs.chown(dir "f", before.uid, before.gid)
  if before.uid == 0 then
    fs.chown(dir "f", 12)
    equal({ fs.stat(dir "f").uid, fs.stat(dir "f").gid }, { 12, before.gid })
    fs.chown(dir "f", nil, 34)
    equal({ fs.stat(dir "f").uid, fs.stat(dir "f").gid }, { 12, 34 })
    fs.symlink("f", dir "l")
    fs.chown(dir "l", 56, nil, { follow = false })
    equal({ fs.stat(dir "f").uid, fs.stat(dir "l", { follow = false }).uid }, { 12, 56 })
  end
  for _, wrong in ipairs { -1, 1 << 32, 0.5 } do misuse(ValueError, fs.chown, dir "f", wrong) end
  misuse(TypeError, fs.chown, dir "f", "root")
end)

test("utime sets times with their fractions, leaves the other, and sets both to now without any", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  fs.utime(dir "f", { mtime = 1000000000.25, atime = 5 })
  equal({ fs.stat(dir "f").mtime, fs.stat(dir "f").atime }, { 1000000000.25, 5.0 })
  fs.utime(dir "f", { mtime = -1.5 })
  equal({ fs.stat(dir "f").mtime, fs.stat(dir "f").atime }, { -1.5, 5.0 })
  equal(fs.utime(dir "f"), true)
  check(math.abs(fs.stat(dir "f").mtime - os.time()) < 100)
  fs.symlink("f", dir "l")
  fs.utime(dir "l", { mtime = 7, follow = false })
  equal(fs.stat(dir "l", { follow = false }).mtime, 7.0)
  check(fs.stat(dir "l").mtime > 7)
end)

test("utime gives a time of stat back exactly", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  for _ = 1, 200 do
    local time = os.time() + math.random()
    fs.utime(dir "f", { mtime = time })
    local got = fs.stat(dir "f").mtime
    fs.utime(dir "f", { mtime = got })
    equal(fs.stat(dir "f").mtime, got)
  end
end)

test("utime refuses what is no time", function()
  for _, wrong in ipairs { 0 / 0, math.huge, -math.huge, 1e13 } do
    check(misuse(ValueError, fs.utime, "/tmp", { mtime = wrong }).message:find("option 'mtime' of fs.utime", 1, true))
  end
  misuse(TypeError, fs.utime, "/tmp", { mtime = "now" })
  misuse(TypeError, fs.utime, "/tmp", { ctime = 1 })
end)

test("truncate cuts and lengthens", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "12345")
  equal(fs.truncate(dir "f", 3), true)
  equal(fs.read(dir "f"), "123")
  fs.truncate(dir "f", 5)
  equal(fs.read(dir "f"), "123\0\0")
  fs.truncate(dir "f")
  equal(fs.stat(dir "f").size, 0)
  equal(raises(OSError, fs.truncate, dir "gone").code, "ENOENT")
  equal(raises(OSError, fs.truncate, dir.path).code, "EISDIR")
  for _, wrong in ipairs { -1, 0.5, math.huge } do misuse(ValueError, fs.truncate, dir "f", wrong) end
  misuse(TypeError, fs.truncate, dir "f", "1")
end)

test("exists tells what is there, and follows links unless told otherwise", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  fs.symlink("gone", dir "broken")
  equal(fs.exists(dir "f"), true)
  equal(fs.exists(dir.path), true)
  equal(fs.exists(dir "gone"), false)
  equal(fs.exists(dir "f/x"), false)
  equal(fs.exists(""), false)
  equal(fs.exists(dir "broken"), false)
  equal(fs.exists(dir "broken", { follow = false }), true)
  equal(raises(OSError, fs.exists, ("x"):rep(5000)).code, "ENAMETOOLONG")
end)

test("access tells what the process may do", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "")
  fs.chmod(dir "f", "600")
  equal(fs.access(dir "f"), true)
  equal(fs.access(dir "f", "rw"), true)
  equal(fs.access(dir "f", "x"), false) -- even for root: no execute bit is set
  fs.chmod(dir "f", "700")
  equal(fs.access(dir "f", "rwx"), true)
  equal(fs.access(dir "gone"), false)
  for _, wrong in ipairs { "", "rq", "f" } do misuse(ValueError, fs.access, dir "f", wrong) end
  misuse(TypeError, fs.access, dir "f", 4)
end)

test("statvfs tells the room of a file system, in bytes", function()
  local usage = fs.statvfs("/tmp")
  check(usage.total > 0 and usage.free <= usage.total and usage.available <= usage.free)
  check(usage.block_size > 0 and usage.name_max > 0 and usage.inodes_free <= usage.inodes)
  equal(raises(OSError, fs.statvfs, "/nowhere").syscall, "statvfs")
end)

test("each change of attributes that is cancelled before it begins does nothing", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "12345")
  local before = fs.stat(dir "f")
  before.atime = nil
  local changes = {
    function() fs.chmod(dir "f", "000") end,
    function() fs.utime(dir "f", { mtime = 1 }) end,
    function() fs.truncate(dir "f", 1) end,
    function() fs.symlink("f", dir "l") end,
    function() fs.link(dir "f", dir "l") end,
  }
  for _, change in ipairs(changes) do
    local task = async.spawn(function()
      async.current_task():cancel()
      change()
    end)
    raises(async.CancelledError, await, task)
  end
  local after = fs.stat(dir "f")
  after.atime = nil
  equal(after, before)
  equal(fs.list(dir.path), { "f" })
end)
