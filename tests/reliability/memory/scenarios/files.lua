-- Files and directories.
local fs = neap.fs

local function scratch()
  local dir = fs.tempdir { prefix = "neap-memory-" }
  return dir
end

scenario("files are read and written", { clock = "real", modules = { "fs" } }, function()
  local dir <close> = scratch()
  local path = dir.path .. "/a"
  fs.write(path, "one\ntwo\n")
  fs.append(path, "three\n")
  fs.write(path .. "2", ("x"):rep(10000), { atomic = true })
  assert(fs.read(path) == "one\ntwo\nthree\n")
  local count = 0
  for _ in fs.lines(path) do count = count + 1 end
  assert(count == 3)
end)

scenario("an open file", { clock = "real", modules = { "fs" } }, function()
  local dir <close> = scratch()
  local file <close> = fs.open(dir.path .. "/b", "w+")
  file:write("hello ", 1, "\n", "second\n")
  file:flush()
  file:seek("set", 0)
  assert(file:read("l") == "hello 1")
  assert(file:read("a") == "second\n")
  file:truncate(3)
  assert(file:stat().size == 3 and tostring(file))
  file:sync()
end)

scenario("directories", { clock = "real", modules = { "fs" } }, function()
  local dir <close> = scratch()
  fs.mkdir(dir.path .. "/d/e/f", { parents = true })
  fs.write(dir.path .. "/d/e/x.lua", "return 1")
  fs.symlink("x.lua", dir.path .. "/d/e/link")
  assert(#fs.list(dir.path .. "/d/e") == 3)
  local seen = 0
  for _ in fs.walk(dir.path) do seen = seen + 1 end
  assert(seen > 0)
  local found = 0
  for _ in fs.glob("**/*.lua", { cwd = dir.path }) do found = found + 1 end
  assert(found == 1)
  fs.copy(dir.path .. "/d", dir.path .. "/g", { recursive = true })
  fs.move(dir.path .. "/g", dir.path .. "/h")
  fs.remove(dir.path .. "/h", { recursive = true })
  assert(fs.readlink(dir.path .. "/d/e/link") == "x.lua" and fs.realpath(dir.path))
  assert(fs.stat(dir.path).type == "directory" and not fs.exists(dir.path .. "/h"))
end)

scenario("a file that is not there", { clock = "real", modules = { "fs" } }, function()
  local ok, err = pcall(fs.read, "/nowhere/at/all")
  assert(not ok)
  if not async.is(err, async.OSError) then error(err, 0) end
  ok, err = pcall(fs.open, "/nowhere/at/all")
  assert(not ok)
  if not async.is(err, async.OSError) then error(err, 0) end
end)

scenario("a watched directory", { clock = "real", modules = { "fs" } }, function()
  local dir <close> = scratch()
  local watch <close> = fs.watch(dir.path)
  fs.write(dir.path .. "/new", "1")
  -- What the system tells may have been lost for want of memory.
  local ok, change = pcall(async.timeout, 0.5, watch)
  if not ok then error(async.is(change, async.TimeoutError) and "not enough memory for the change" or change, 0) end
  assert(change.path)
end)

scenario("the io library waits", { clock = "real" }, function()
  local path = os.tmpname()
  local removing <close> = setmetatable({}, { __close = function() os.remove(path) end })
  local file <close> = assert(io.open(path, "w+"))
  assert(file:write("a line\n", 12, "\n"))
  file:seek("set")
  local line, number = file:read("l", "n")
  assert(line == "a line" and number == 12)
  for l in io.lines(path) do assert(l) end
  local out = assert(io.popen("echo popen"))
  local text = out:read("a")
  out:close()
  if text ~= "popen\n" then error("not enough memory for the output: " .. tostring(text), 0) end
  assert(os.execute("true"))
end)
