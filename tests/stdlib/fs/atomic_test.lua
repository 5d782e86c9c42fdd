local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError = async.OSError, async.TypeError, async.ValueError

local function mode(path) return ("%o"):format(fs.stat(path).mode) end

test("an atomic write makes the file, and leaves nothing else", function()
  local dir <close> = scratch.directory()
  equal(fs.write(dir "f", "first", { atomic = true }), 5)
  equal(fs.write(dir "f", "second", { atomic = true }), 6)
  equal(fs.read(dir "f"), "second")
  equal(fs.list(dir.path), { "f" })
end)

test("an atomic write keeps the permission bits, and the owner if it may", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "x")
  fs.chmod(dir "f", "641")
  local root = fs.stat(dir "f").uid == 0
  if root then fs.chown(dir "f", 12, 34) end
  fs.write(dir "f", "y", { atomic = true })
  equal(mode(dir "f"), "641")
  if root then equal({ fs.stat(dir "f").uid, fs.stat(dir "f").gid }, { 12, 34 }) end
end)

test("a mode is that of a new file, before the umask", function()
  local dir <close> = scratch.directory()
  fs.write(dir "a", "", { mode = "600" })
  fs.write(dir "b", "", { mode = "600", atomic = true })
  fs.append(dir "c", "", { mode = "400" })
  equal({ mode(dir "a"), mode(dir "b"), mode(dir "c") }, { "600", "600", "400" })
  fs.write(dir "a", "", { mode = "644" })
  equal(mode(dir "a"), "600")
  misuse(ValueError, fs.write, dir "a", "", { mode = "9" })
  misuse(TypeError, fs.write, dir "a", "", { atomic = 1 })
  misuse(TypeError, fs.append, dir "a", "", { atomic = true })
end)

test("an atomic write through a link replaces what the link leads to", function()
  local dir <close> = scratch.directory()
  fs.mkdir(dir "d")
  fs.write(dir "d/f", "old")
  fs.symlink("d/f", dir "l")
  fs.write(dir "l", "new", { atomic = true })
  equal(fs.readlink(dir "l"), "d/f")
  equal(fs.read(dir "d/f"), "new")
  fs.symlink("gone", dir "broken")
  equal(raises(OSError, fs.write, dir "broken", "x", { atomic = true }).code, "ENOENT")
end)

test("an atomic write replaces a file and nothing else", function()
  local dir <close> = scratch.directory()
  equal(raises(OSError, fs.write, dir.path, "x", { atomic = true }).code, "EISDIR")
  equal(raises(OSError, fs.write, "/dev/null", "x", { atomic = true }).code, "EINVAL")
  equal(raises(OSError, fs.write, dir "gone/f", "x", { atomic = true }).code, "ENOENT")
  equal(fs.list(dir.path), {})
end)

test("the longest name there may be can be written atomically", function()
  local dir <close> = scratch.directory()
  local name = ("x"):rep(255)
  fs.write(dir(name), "1", { atomic = true })
  equal(fs.list(dir.path), { name })
end)

test("a reader sees one whole file or another, and a cancelled write leaves one of them", function()
  local dir <close> = scratch.directory()
  local data = {}
  for i = 0, 3 do data[tostring(i):rep(1 << 20)] = true end
  fs.write(dir "f", (next(data)))
  math.randomseed(5)
  local writer = async.spawn(function()
    for _ = 1, 10 do
      for contents in pairs(data) do
        local task = async.spawn(fs.write, dir "f", contents, { atomic = true })
        for _ = 1, math.random(0, 3) do async.sleep(0) end
        if math.random(2) == 1 then task:cancel() end
        async.catch(await, task)
      end
    end
  end)
  while not writer:done() do check(data[fs.read(dir "f")], "half a file") end
  await(writer)
  scratch.settle()
  equal(fs.list(dir.path), { "f" })
end)
