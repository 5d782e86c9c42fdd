local scratch = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "scratch.lua")
local fs = neap.fs
local OSError, TypeError, ValueError, RuntimeError = async.OSError, async.TypeError, async.ValueError, async.RuntimeError

local function with_file(text, fn, mode)
  local dir <close> = scratch.directory()
  fs.write(dir "f", text)
  local file <close> = fs.open(dir "f", mode)
  return fn(file, dir "f")
end

-- The same reads on a File and on a file of Lua's own must give the same.
local function same_as_stock(text, ...)
  local dir <close> = scratch.directory()
  fs.write(dir "f", text)
  local stock <close> = io.open(dir "f")
  local file <close> = fs.open(dir "f")
  for _, formats in ipairs { ... } do
    local expected = table.pack(stock:read(table.unpack(formats)))
    local actual = table.pack(file:read(table.unpack(formats)))
    equal(actual, expected, ("%q read %s"):format(text:sub(1, 40), table.concat(formats, ",")))
    for i = 1, actual.n do equal(math.type(actual[i]), math.type(expected[i])) end
  end
end

test("read takes the formats of Lua's files", function()
  local text = "first\n\nthird\n42 rest\nlast"
  same_as_stock(text, {}, { "l" }, { "L" }, { "n" }, { "a" }, { "a" }, { "l" }, { "L" }, { "n" }, { 0 }, { 1 })
  same_as_stock(text, { "L", "L", "l", "n", "l" }, { 2, 0, 100 }, { "l", "a" })
  same_as_stock(text, { "*l", "*L" }, { "*n", "*a" })
  same_as_stock(text, { "all" }, { "all" })
  same_as_stock("", {}, { "a" }, { 0 }, { "n" })
  same_as_stock("no end", { 0 }, { 3 }, { "L" }, { "L" })
  same_as_stock("\n\n", { "L" }, { "l" }, { "l" })
  same_as_stock("a\0b\nc\0", { "l" }, { "a" })
end)

test("numbers are read as Lua's files read them", function()
  local texts = {
    "1 -2 +3 0 00 007", "0x10 -0xff 0XAp1 0x.8 0x1.8p-2", "1.5 .5 5. 1e3 1E-2 -1.e+1", "9223372036854775807 9223372036854775808",
    "0xffffffffffffffffff", "12abc", "1e", "1e+", "0x", "-", "+x", ".", "..1", "1..2", "--1", "e5", "nan", "inf", "0x1p",
    "  \t\n 7", "", "   ", "1,2", "0b1", "1e5e5", ("1"):rep(199) .. " 2", ("1"):rep(200) .. " 2", ("1"):rep(201) .. " 2",
    ("1"):rep(500), "0x" .. ("f"):rep(300),
  }
  for _, text in ipairs(texts) do
    same_as_stock(text, { "n" }, { "n" }, { "n", "n", "n" }, { "l" })
    same_as_stock((" "):rep(65530) .. text, { "n" }, { "n", "n" }, { "l" }) -- across the end of a buffer
  end
end)

test("lines longer than the buffer, and many of them, come whole", function()
  local lines = {}
  for i = 1, 300 do lines[i] = ("%d:"):format(i) .. ("x"):rep((i * 7919) % 200000) end
  with_file(table.concat(lines, "\n"), function(file)
    for i = 1, 300 do check(file:read("l") == lines[i], i) end
    equal(file:read("l"), nil)
  end)
end)

test("read takes a count far beyond the end without reserving memory for it", function()
  with_file("short", function(file) equal(file:read(1 << 60), "short") end)
  with_file(("x"):rep(3 << 20), function(file)
    equal(#file:read(1 << 20), 1 << 20)
    equal(#file:read(math.maxinteger), 2 << 20)
    equal(file:read(1), nil)
  end)
end)

test("lines steps by formats and leaves the file open", function()
  with_file("1 2 3\nx\n", function(file)
    local numbers = {}
    for n in file:lines("n") do numbers[#numbers + 1] = n end
    equal(numbers, { 1, 2, 3 })
    local pairs_read = {}
    for a, b in file:lines(1, "L") do pairs_read[#pairs_read + 1] = { a, b } end
    equal(pairs_read, { { "x", "\n" } })
    equal(file:read("a"), "")
    raises("ValueError: argument 1 of File:lines", file.lines, file, "q")
    raises("at most 250 formats", file.lines, file, table.unpack({}, 1, 251))
  end)
end)

test("write returns the file, takes numbers, and what was written is there after close", function()
  local dir <close> = scratch.directory()
  local file = fs.open(dir "f", "w")
  equal(file:write("a", 1, " ", 2.5, "\n"):write(), file)
  equal(fs.stat(dir "f").size, 0)
  equal(file:flush(), true)
  equal(fs.read(dir "f"), "a1 2.5\n")
  file:write("end")
  equal(file:close(), true)
  equal(fs.read(dir "f"), "a1 2.5\nend")
end)

test("much is written in order, in pieces of every size", function()
  local dir <close> = scratch.directory()
  local pieces = {}
  do
    local file <close> = fs.open(dir "f", "w")
    for i = 1, 200 do
      pieces[i] = string.char(97 + i % 26):rep((i * 7919) % 150000)
      file:write(pieces[i])
    end
  end
  check(fs.read(dir "f") == table.concat(pieces))
end)

test("setvbuf says when writing goes to the file", function()
  local dir <close> = scratch.directory()
  local file <close> = fs.open(dir "f", "w")
  local function size() return fs.stat(dir "f").size end
  equal(file:setvbuf("line"), true)
  file:write("abc")
  equal(size(), 0)
  file:write("d\ne")
  equal(size(), 6)
  file:setvbuf("no")
  file:write("f")
  equal(size(), 7)
  file:setvbuf("full", 4)
  file:write("123")
  equal(size(), 7)
  file:write("4")
  equal(size(), 11)
  raises("argument 1 %(mode%) of File:setvbuf", file.setvbuf, file, "some")
  raises("argument 2 %(size%) of File:setvbuf", file.setvbuf, file, "full", -1)
end)

test("reads and writes may be mixed", function()
  with_file("0123456789", function(file, path)
    equal(file:read(3), "012")
    file:write("ab")
    equal(file:read(2), "56")
    equal(file:seek(), 7)
    file:seek("set", 1)
    file:write("X")
    equal(file:seek("cur", 1), 3)
    equal(file:read("a"), "ab56789")
    file:flush()
    equal(fs.read(path), "0X2ab56789")
  end, "r+")
end)

test("append writes at the end wherever the file is read", function()
  with_file("one\ntwo\n", function(file, path)
    equal(file:read("l"), "one")
    file:write("three\n"):flush()
    equal(fs.read(path), "one\ntwo\nthree\n")
    file:seek("set")
    file:write("four\n"):flush()
    equal(fs.read(path), "one\ntwo\nthree\nfour\n")
  end, "a+")
end)

test("seek moves from the start, the position or the end", function()
  with_file("0123456789", function(file)
    equal(file:seek("end"), 10)
    equal(file:read(1), nil)
    equal(file:seek("end", -3), 7)
    equal(file:read("a"), "789")
    equal(file:seek("set", 2), 2)
    equal(file:read(1), "2")
    equal(file:seek(), 3)
    equal(file:seek("cur", 4), 7)
    equal(file:read(1), "7")
    equal(raises(OSError, file.seek, file, "set", -1).code, "EINVAL")
    raises("ValueError: argument 1 %(whence%) of File:seek", file.seek, file, "start")
    raises("ValueError: argument 2 %(offset%) of File:seek", file.seek, file, "set", 1.5)
    raises("ValueError: argument 2 %(offset%) of File:seek", file.seek, file, "set", 0 / 0)
  end)
end)

test("the modes are those of io.open", function()
  local dir <close> = scratch.directory()
  equal(raises(OSError, fs.open, dir "f").code, "ENOENT")
  equal(raises(OSError, fs.open, dir "f", "r+b").code, "ENOENT")
  fs.write(dir "f", "old")
  fs.open(dir "f", "a"):close()
  equal(fs.read(dir "f"), "old")
  fs.open(dir "f", "r+"):close()
  equal(fs.read(dir "f"), "old")
  fs.open(dir "f", "w+b"):close()
  equal(fs.read(dir "f"), "")
  for _, mode in ipairs { "", "x", "rw", "r++", "br", "r+w", "r\0", "bogus" } do
    raises("ValueError: argument 2 %(mode%) of fs.open", fs.open, dir "f", mode)
  end
  raises(TypeError, fs.open, dir "f", {})
end)

test("reading what is open for writing, and the reverse, is EBADF", function()
  local dir <close> = scratch.directory()
  local writer <close> = fs.open(dir "f", "w")
  equal(raises(OSError, writer.read, writer).code, "EBADF")
  local reader <close> = fs.open(dir "f")
  local err = raises(OSError, reader.write, reader, "x")
  equal({ err.code, err.path, err.syscall }, { "EBADF", dir "f", "write" })
end)

test("wrong arguments of methods are named", function()
  with_file("x", function(file)
    raises("TypeError: File:read must be called with a colon on a File, got no value", file.read)
    raises("TypeError.*got table", file.close, {})
    raises("ValueError: argument 1 of File:read.*got 'x'", file.read, file, "x")
    raises("ValueError: argument 2 of File:read must be a number of bytes, got %-1", file.read, file, "l", -1)
    raises("ValueError: argument 1 of File:read must be a number of bytes, got 1.5", file.read, file, 1.5)
    raises("TypeError: argument 1 of File:read must be a format or a number of bytes, got nil", file.read, file, nil)
    equal(file:read("a"), "x")
  end)
  with_file("x", function(file)
    raises("TypeError: argument 2 of File:write must be a string or a number, got nil", file.write, file, "a", nil)
    equal(file:seek(), 0)
  end, "w")
end)

test("a closed file says so", function()
  with_file("x", function(file, path)
    check(tostring(file) == ("<File '%s' open for reading>"):format(path))
    local lines = file:lines()
    file:close()
    equal(tostring(file), ("<File '%s' closed>"):format(path))
    for _, name in ipairs { "read", "write", "seek", "flush", "close", "lines", "setvbuf" } do
      raises("RuntimeError: File:" .. name .. ": the file '.*' is closed", file[name], file)
    end
    raises(RuntimeError, lines)
  end)
end)

test("a file of a task that failed is closed", function()
  local dir <close> = scratch.directory()
  local before = scratch.descriptors()
  raises("oops", function()
    local file <close> = fs.open(dir "f", "w")
    file:write("kept")
    error("oops")
  end)
  equal(fs.read(dir "f"), "kept")
  equal(scratch.descriptors(), before)
end)

test("files that nobody closes are flushed and closed when they are collected", function()
  local dir <close> = scratch.directory()
  local before = scratch.descriptors()
  for i = 1, 20 do
    fs.open(dir(tostring(i)), "w"):write("file ", i)
    fs.open("/dev/null")
  end
  scratch.settle()
  equal(scratch.descriptors(), before)
  for i = 1, 20 do equal(fs.read(dir(tostring(i))), "file " .. i) end
end)

test("an error when the last bytes are written is raised by close, and the file is closed", function()
  if not pcall(fs.stat, "/dev/full") then return end
  local before = scratch.descriptors()
  local file = fs.open("/dev/full", "w")
  file:write("x")
  local err = raises(OSError, file.close, file)
  equal({ err.code, err.path }, { "ENOSPC", "/dev/full" })
  check(tostring(file):find("closed"))
  equal(raises(OSError, function()
    local other <close> = fs.open("/dev/full", "w")
    other:write("x")
  end).code, "ENOSPC")
  equal(scratch.descriptors(), before)
end)

test("reading a directory is EISDIR", function()
  local file <close> = fs.open("/")
  equal(raises(OSError, file.read, file).code, "EISDIR")
end)

test("a second task that uses a file in use gets a RuntimeError", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  if not os.execute("mkfifo " .. dir "p") then return end
  local file <close> = fs.open(dir "p")
  local reader = async.spawn(function() return file:read("l") end)
  async.sleep(0.01)
  check(tostring(file):find("in use"))
  raises("RuntimeError: File:read: another task is waiting", file.read, file)
  raises(RuntimeError, file.close, file)
  fs.write(dir "p", "line\n")
  equal(await(reader), "line")
end)

test("a file that is left while another task uses it is closed when that is done", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  if not os.execute("mkfifo " .. dir "p") then return end
  local before = scratch.descriptors()
  local reader
  do
    local file <close> = fs.open(dir "p")
    reader = async.spawn(function() return file:read("l") end)
    async.sleep(0.01)
  end
  fs.write(dir "p", "line\n")
  equal(await(reader), "line")
  equal(scratch.descriptors(), before)
end)

test("a cancelled read takes nothing", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  if not os.execute("mkfifo " .. dir "p") then return end
  local file <close> = fs.open(dir "p", "r+")
  file:write("first\nhal"):flush()
  equal(file:read("l"), "first")
  raises(async.TimeoutError, async.timeout, 0.02, file.read, file, "l")
  raises(async.TimeoutError, async.timeout, 0.02, file.read, file, 3, "l")
  file:write("f\n"):flush()
  equal(file:read("l"), "half")
  async.sleep(0.2)
end)

test("a file is closed although its task is cancelled", function()
  local dir <close> = scratch.directory()
  local before = scratch.descriptors()
  for _ = 1, 20 do
    local task = async.spawn(function()
      local file <close> = fs.open(dir "f", "w")
      file:write("bytes")
      async.current_task():cancel()
    end)
    raises(async.CancelledError, await, task)
    scratch.settle()
    equal(fs.read(dir "f"), "bytes")
    local closing = async.spawn(function()
      local file = fs.open(dir "g", "w")
      file:write("more")
      file:close()
    end)
    fs.stat("/")
    fs.stat("/")
    closing:cancel()
    async.wait { closing }
  end
  scratch.settle()
  equal(scratch.descriptors(), before)
end)

test("a cancelled write is there whole or not at all", function()
  local dir <close> = scratch.directory()
  local big = ("x"):rep(4 << 20)
  for _ = 1, 10 do
    local file <close> = fs.open(dir "f", "w")
    file:write("head ")
    local task = async.spawn(function() file:write(big) end)
    async.sleep(0)
    task:cancel()
    async.wait { task }
    file:write("tail"):flush()
    local text = fs.read(dir "f")
    check(text == "head tail" or text == "head " .. big .. "tail", #text)
  end
end)

test("a generator reads from a file that it closes itself", function()
  local dir <close> = scratch.directory()
  fs.write(dir "f", "a\nb\nc\n")
  local lines = coroutine.wrap(function()
    local file <close> = fs.open(dir "f")
    for line in file:lines() do coroutine.yield(line) end
  end)
  local got = {}
  for line in lines do got[#got + 1] = line end
  equal(got, { "a", "b", "c" })
end)

test("sync writes what is in the buffer and waits for the disk", function()
  local dir <close> = scratch.directory()
  local file <close> = fs.open(dir "f", "w")
  file:write("abc")
  equal(fs.read(dir "f"), "")
  equal(file:sync(), true)
  equal(fs.read(dir "f"), "abc")
  file:write("d")
  file:sync { data = true }
  equal(fs.read(dir "f"), "abcd")
  misuse(TypeError, file.sync, file, { dat = true })
end)

test("sync of what cannot be synced is an OSError", function()
  local dir <close> = scratch.directory()
  scratch.shell("mkfifo " .. dir "p")
  local opened = async.spawn(fs.open, dir "p", "w")
  local reader <close> = fs.open(dir "p")
  local writer <close> = await(opened)
  equal(raises(OSError, writer.sync, writer).syscall, "fsync")
end)

test("truncate of a File cuts at a size or at the position, what was written included", function()
  local dir <close> = scratch.directory()
  local file <close> = fs.open(dir "f", "w+")
  file:write("123456789")
  equal(file:truncate(6), true)
  equal(fs.read(dir "f"), "123456")
  file:seek("set", 2)
  equal(file:read(1), "3")
  file:truncate()
  equal(fs.read(dir "f"), "123")
  equal(file:read(1), nil)
  for _, wrong in ipairs { -1, 0.5, {} } do misuse(ValueError, file.truncate, file, wrong) end
  local reader <close> = fs.open(dir "f")
  equal(raises(OSError, reader.truncate, reader, 0).code, "EBADF")
end)

test("stat of a File is that of the open file, what was written included", function()
  local dir <close> = scratch.directory()
  local file <close> = fs.open(dir "f", "w")
  file:write("12345")
  fs.rename(dir "f", dir "g")
  equal(file:stat().size, 5)
  local stat, other = file:stat(), fs.stat(dir "g")
  stat.atime, other.atime = nil, nil
  equal(stat, other)
end)

test("a mode with x makes a file that must not exist", function()
  local dir <close> = scratch.directory()
  for _, mode in ipairs { "wx", "w+x", "wbx", "w+bx" } do
    do
      local file <close> = fs.open(dir "f", mode)
    end
    equal(raises(OSError, fs.open, dir "f", mode).code, "EEXIST")
    fs.remove(dir "f")
  end
  for _, mode in ipairs { "rx", "ax", "x", "wxb", "wxx" } do raises(ValueError, fs.open, dir "f", mode) end
end)

-- In a process of its own: its memory is measured.
test("a file of any size is read in pieces, in the memory of one", { clock = "real" }, function()
  local dir <close> = scratch.directory()
  fs.write(dir "big", "")
  fs.truncate(dir "big", 256 << 20)
  fs.write(dir "x.lua", [[
    local fs = neap.fs
    local file <close> = fs.open "big"
    local function resident() return tonumber(fs.read("/proc/self/status"):match("VmRSS:%s*(%d+)")) end
    collectgarbage()
    local before, most, total = resident(), 0, 0
    for part in file:lines(1 << 20) do
      total = total + #part
      most = math.max(most, collectgarbage("count"))
    end
    print(total, most // 1, resident() - before)
  ]])
  -- The address sanitizer keeps what was freed, 256 MiB of it unless told otherwise.
  local command = 'ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=1" exec "$0" x.lua'
  local result = async.subprocess.run({ "/bin/sh", "-c", command, neap_binary },
    { cwd = dir.path, capture = true, check = true })
  local total, most, more = result.stdout:match("^(%d+)%s(%d+)%.0%s(%-?%d+)\n$")
  equal(total, tostring(256 << 20), result.stdout)
  check(tonumber(most) < 100 * 1024, most .. " KiB")
  check(tonumber(more) < 128 * 1024, more .. " KiB")
end)

test("a file of any size is written in pieces, in the memory of one", function()
  local dir <close> = scratch.directory()
  local file <close> = fs.open(dir "big", "w")
  local part = ("x"):rep(100000)
  local before = collectgarbage("count")
  for _ = 1, 500 do file:write(part) end
  check(collectgarbage("count") - before < 20 * 1024)
  file:flush()
  equal(fs.stat(dir "big").size, 50000000)
end)
