-- What the methods of a Stream read, over real sockets.
local pair = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "pair.lua")

test("read(n) gives what has come, at most n bytes, and nil at the end", function()
  local a, b <close> = pair()
  b:write("hello")
  equal(a:read(2), "he")
  equal(a:read(100), "llo")
  b:close()
  equal(a:read(100), nil)
  equal(a:read(1), nil)
end)

test("read(n) waits until something is there", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:read(10) end)
  async.sleep(1)
  check(not reader:done())
  b:write("x")
  equal(await(reader), "x")
end)

test("lines come with and without their end, the last one without", function()
  local a, b <close> = pair()
  b:write("one\n\nthree\r\nfour"):close()
  equal(a:read(), "one")
  equal(a:read("L"), "\n")
  equal(a:read("l"), "three\r")
  equal(a:read("L"), "four")
  equal(a:read("L"), nil)
  equal(a:read("l"), nil)
end)

test("readline keeps the end of the line and gives nil at the end", function()
  local a, b <close> = pair()
  b:write("one\ntwo"):close()
  equal(a:readline(), "one\n")
  equal(a:readline(), "two")
  equal(a:readline(), nil)
end)

test("a line that comes in pieces is one line", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:read("l", "l") end)
  for _, piece in ipairs { "o", "n", "e\nt", "wo", "\nx" } do
    b:write(piece)
    async.sleep(0.1)
  end
  equal(table.pack(await(reader)), { "one", "two", n = 2 })
  equal(a:read(5), "x")
end)

test("several formats in one call, and none behind the first that finds nothing", function()
  local a, b <close> = pair()
  b:write("0x10 -2.5e1\nabcdef\n"):close()
  equal(table.pack(a:read("n", "n", "l", 3, "a", "a", "l", 1)), { 16, -25.0, "", "abc", "def\n", "", nil, n = 7 })
end)

test("read('a') gives everything up to the end, then an empty string", function()
  local a, b <close> = pair()
  local writer = async.spawn(function() b:write(("x"):rep(300000)):close() end)
  equal(#a:read("a"), 300000)
  equal(a:read("a"), "")
  await(writer)
end)

test("numbers among formats read exactly so many bytes", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:read(4, 4) end)
  for _, piece in ipairs { "ab", "cde", "fgh", "i" } do
    b:write(piece)
    async.sleep(0.1)
  end
  equal(table.pack(await(reader)), { "abcd", "efgh", n = 2 })
end)

test("read(0, ...) tells whether the end is there", function()
  local a, b <close> = pair()
  b:write("x")
  equal(table.pack(a:read(0, 1)), { "", "x", n = 2 })
  b:close()
  equal(table.pack(a:read(0, 1)), { nil, n = 1 })
end)

test("readexactly gives exactly so many bytes", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:readexactly(5) end)
  b:write("abc")
  async.sleep(0.1)
  b:write("defg")
  equal(await(reader), "abcde")
  equal(a:readexactly(0), "")
  equal(a:readexactly(2), "fg")
end)

test("readexactly at the end is an IncompleteReadError with what came", function()
  local a, b <close> = pair()
  b:write("abc"):close()
  local err = raises(async.IncompleteReadError, a.readexactly, a, 5)
  equal(err.partial, "abc")
  equal(err.expected, 5)
  err = raises(async.IncompleteReadError, a.readexactly, a, 1)
  equal(err.partial, "")
end)

test("readuntil gives everything up to the separator and that", function()
  local a, b <close> = pair()
  b:write("one\r\ntwo--three\n")
  equal(a:readuntil("\r\n"), "one\r\n")
  equal(a:readuntil("--"), "two--")
  equal(a:readuntil(), "three\n")
end)

test("readuntil finds a separator that comes in pieces", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:readuntil("<end>") end)
  for _, piece in ipairs { "x<", "e", "n", "<end", ">y" } do
    b:write(piece)
    async.sleep(0.1)
  end
  equal(await(reader), "x<en<end>")
  equal(a:read(9), "y")
end)

test("readuntil at the end is an IncompleteReadError with what came", function()
  local a, b <close> = pair()
  b:write("abc"):close()
  equal(raises(async.IncompleteReadError, a.readuntil, a).partial, "abc")
  equal(raises(async.IncompleteReadError, a.readuntil, a).partial, "")
end)

test("a separator that begins within the limit is found, and one behind it is a LimitOverrunError", function()
  local a, b <close> = pair { limit = 10 }
  b:write(("x"):rep(10) .. "\r\n" .. ("y"):rep(11) .. "\r\n")
  equal(a:readuntil("\r\n"), ("x"):rep(10) .. "\r\n")
  raises(async.LimitOverrunError, a.readuntil, a, "\r\n")
  equal(a:read(3), "yyy", "what is there stays")
  equal(a:readuntil("\r\n"), ("y"):rep(8) .. "\r\n")
end)

test("a line longer than the limit is a LimitOverrunError and stays", function()
  local a, b <close> = pair { limit = 10 }
  b:write(("x"):rep(30) .. "\n"):close()
  raises(async.LimitOverrunError, a.read, a, "l")
  raises(async.LimitOverrunError, a.readline, a)
  raises(async.LimitOverrunError, a.readuntil, a)
  equal(#a:read("a"), 31)
end)

test("the limit bounds what a line without an end fetches", function()
  local a, b <close> = pair()
  b:write(("x"):rep(70000))
  raises(async.LimitOverrunError, a.readline, a)
  equal(#a:readexactly(70000), 70000)
end)

test("lines reads until the end, with the formats given", function()
  local a, b <close> = pair()
  b:write("a\nb\nc"):close()
  local got = {}
  for line in a:lines() do got[#got + 1] = line end
  equal(got, { "a", "b", "c" })
end)

test("what follows a break from lines can be read", function()
  local a, b <close> = pair()
  b:write("a\nstop\nrest"):close()
  for line in a:lines("L") do
    if line == "stop\n" then break end
  end
  equal(a:read("a"), "rest")
end)

test("lines with a number gives what has come", function()
  local a, b <close> = pair()
  b:write("abc")
  for data in a:lines(100) do
    equal(data, "abc")
    b:close()
  end
end)

test("zeros and all other bytes come as they were sent", function()
  local a, b <close> = pair()
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  local text = table.concat(all)
  b:write(text, text):close()
  equal(a:read("a"), text .. text)
end)

test("at_eof is true once the end was met and everything was read", function()
  local a, b <close> = pair()
  b:write("ab\nc"):close()
  check(not a:at_eof())
  equal(a:read("l"), "ab")
  check(not a:at_eof())
  equal(a:read("a"), "c")
  check(a:at_eof())
end)

test("a second reader is a RuntimeError, and the first one goes on", function()
  local a, b <close> = pair()
  local first = async.spawn(function() return a:read("l") end)
  async.sleep(0)
  for _, method in ipairs { "read", "readline", "readexactly", "readuntil" } do
    misuse(async.RuntimeError, a[method], a, method == "readexactly" and 1 or nil)
  end
  b:write("line\n")
  equal(await(first), "line")
end)

test("a reader that has been woken and has not run yet is the only one", function()
  local a, b <close> = pair()
  local first = async.spawn(function() return a:read("l") end)
  async.sleep(0)
  local refused = 0
  b:write("line\n")
  for _ = 1, 20 do
    if first:done() then break end
    local ok = pcall(a.read, a, "a")
    if not ok then refused = refused + 1 end
    async.sleep(0)
  end
  check(refused > 0)
  equal(await(first), "line")
end)

test("a reader that only lets others run is the only one", function()
  local a, b <close> = pair()
  b:write(("x"):rep(1000))
  a:read(1)
  local second
  local other = async.spawn(function()
    for _ = 1, 300 do
      local ok, err = pcall(a.read, a, "a")
      if not ok then
        second = err
        return
      end
    end
  end)
  for _ = 1, 300 do equal(a:read(1), "x") end
  other:cancel()
  pcall(await, other)
  check(async.is(second, async.RuntimeError))
end)

test("a cancelled read has taken nothing", function()
  local a, b <close> = pair()
  local reads = {
    function() return a:read("l") end,
    function() return a:readexactly(9) end,
    function() return a:readuntil("\n") end,
    function() return a:read(4, 5) end,
    function() return a:read("a") end,
  }
  b:write("abc")
  for _, read in ipairs(reads) do
    local reader = async.spawn(read)
    async.sleep(1)
    reader:cancel()
    raises(async.CancelledError, await, reader)
  end
  b:write("def\n")
  equal(a:read("L"), "abcdef\n")
end)

test("a read that times out has taken nothing", function()
  local a, b <close> = pair()
  b:write("abc")
  raises(async.TimeoutError, async.timeout, 1, a.readline, a)
  b:write("\n")
  equal(a:readline(), "abc\n")
end)

test("what came before a reset is read first, then the error", function()
  local a, b <close> = pair()
  a:write("never read")
  b:write("abc")
  async.sleep(0.1)
  b:abort()
  equal(a:read(3), "abc")
  local err = raises(async.ConnectionError, a.read, a, 1)
  equal(err.code, "ECONNRESET")
  equal(err.syscall, "read")
  check(err.address:find("^127%.0%.0%.1:%d+$"), err.address)
  equal(raises(async.ConnectionError, a.read, a, "l").code, "ECONNRESET")
end)

test("a stream closed by another task ends the read with a RuntimeError", function()
  local a, b <close> = pair()
  local reader = async.spawn(function() return a:read(1) end)
  async.sleep(0)
  a:close()
  raises(async.RuntimeError, await, reader)
  raises(async.RuntimeError, a.read, a, 1)
end)

test("wrong arguments are refused", function()
  local a, b <close> = pair()
  misuse(async.ValueError, a.read, a, 0)
  misuse(async.ValueError, a.read, a, -1)
  misuse(async.ValueError, a.read, a, 1.5)
  misuse(async.ValueError, a.read, a, 0 / 0)
  misuse(async.ValueError, a.read, a, "x")
  misuse(async.TypeError, a.read, a, {})
  misuse(async.TypeError, a.readexactly, a)
  misuse(async.ValueError, a.readexactly, a, -1)
  misuse(async.ValueError, a.readuntil, a, "")
  misuse(async.TypeError, a.readuntil, a, {})
  misuse(async.TypeError, a.lines, a, {})
  misuse(async.TypeError, a.read, {}, 1)
  misuse(async.TypeError, a.read)
  check(b)
end)

test("a callback of the loop cannot read", function()
  local a, b <close> = pair()
  local seen
  async.get_running_loop():call_soon(function() _, seen = pcall(a.read, a, 1) end)
  async.sleep(0.1)
  check(async.is(seen, async.RuntimeError))
  check(b)
end)

test("Unix sockets read alike", function()
  local a, b <close> = pair { unix = true }
  b:write("one\ntwo"):write_eof()
  equal(a:read("l"), "one")
  equal(a:read("a"), "two")
  a:write("back"):close()
  equal(b:read("a"), "back")
end)

-- Messages of one size are read into the string that is expected: these are what comes instead. A Unix socket
-- hands over what was written at once in one piece.
local function message(size, byte) return string.char(byte):rep(size - 1) .. "." end

test("messages of one size, then a shorter one, a longer one and the end", function()
  local a, b <close> = pair { unix = true }
  for i, size in ipairs { 10000, 10000, 10000, 10000, 9000, 9000, 9000, 20000, 5000, 5000, 5000, 1, 10000 } do
    local sent = message(size, 64 + i)
    b:write(sent)
    equal(a:read(65536), sent)
  end
  b:close()
  equal(a:read(65536), nil)
end)

test("the end behind messages of one size", function()
  local a, b <close> = pair { unix = true }
  for i = 1, 4 do
    local sent = message(10000, 64 + i)
    b:write(sent)
    equal(a:read(65536), sent)
  end
  b:close()
  equal(a:read(65536), nil)
end)

test("fewer bytes are asked for than the messages before had", function()
  local a, b <close> = pair { unix = true }
  for i = 1, 3 do
    local sent = message(10000, 64 + i)
    b:write(sent)
    equal(a:read(10000), sent)
  end
  local last = message(10000, 90)
  b:write(last)
  equal(a:read(6000), last:sub(1, 6000))
  equal(a:read(10000), last:sub(6001))
end)

test("a message that comes late, and a cancelled read before it, behind messages of one size", function()
  local a, b <close> = pair { unix = true }
  for i = 1, 3 do
    local sent = message(10000, 64 + i)
    b:write(sent)
    equal(a:read(65536), sent)
  end
  equal(async.move_on_after(1, a.read, a, 65536), false)
  local reader = async.spawn(function() return a:read(65536) end)
  async.sleep(1)
  local late = message(10000, 90)
  b:write(late)
  equal(await(reader), late)
end)
