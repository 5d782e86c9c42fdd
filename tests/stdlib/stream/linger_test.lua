-- Closing a connection of which something has not been read: the peer loses nothing of what was written to it.
local pair = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "pair.lua")

local BIG = ("0123456789abcdef"):rep(1 << 19) -- 8 MiB: more than the system takes
local MUCH = ("x"):rep(100000) -- more than a stream reads ahead, less than the system takes

-- Descriptors that are open in this process; nil where the system does not say.
local function descriptors()
  return neap.fs.exists("/proc/self/fd") and #neap.fs.list("/proc/self/fd") or nil
end

local function answer_and_close(b)
  equal(b:readline(), "question\n")
  b:write(BIG)
  b:close()
end

for _, kind in ipairs { "TCP", "Unix" } do
  test("a peer that sends more than is read gets the whole answer, and then the end: " .. kind, function()
    local a, b <close> = pair { unix = kind == "Unix" }
    a:write("question\n", MUCH)
    local server = async.spawn(answer_and_close, b)
    equal(a:read("a") == BIG, true)
    await(server)
  end)

  test("a peer that goes on sending gets the whole answer: " .. kind, function()
    local a, b <close> = pair { unix = kind == "Unix" }
    a:write("question\n", MUCH)
    local server = async.spawn(answer_and_close, b)
    local sender = async.spawn(function()
      for _ = 1, 20 do a:write(MUCH) end
    end)
    equal(a:read("a") == BIG, true)
    async.wait { server, sender }
  end)
end

test("bytes that were read ahead count as unread", function()
  local a, b <close> = pair()
  a:write("question\nmore")
  local server = async.spawn(answer_and_close, b)
  a:readexactly(1)
  a:write("and more")
  equal(a:read("a") == BIG:sub(2), true)
  await(server)
end)

test("a block that is left closes so too", function()
  local a, b <close>, far = pair()
  a:write("question\n", MUCH)
  local server = async.spawn(function()
    local stream <close> = far
    stream:readline()
    stream:write(BIG)
  end)
  equal(a:read("a") == BIG, true)
  await(server)
  check(b)
end)

test("for the script the stream is closed meanwhile", function()
  local a, b <close>, far = pair()
  a:write(MUCH)
  b:readexactly(1)
  local count = #async.open_handles()
  b:close()
  b:wait_closed()
  check(tostring(far):find("closed>", 1, true), tostring(far))
  equal(#async.open_handles(), count - 1)
  equal(a:read("a"), "")
  b:abort()
end)

test("abort does not wait for a peer", function()
  local a, b <close> = pair()
  a:write("question\n", MUCH)
  equal(b:readline(), "question\n")
  b:abort()
  equal(raises(async.ConnectionError, a.read, a, "a").code, "ECONNRESET")
end)

test("the descriptor is kept while something is unread, until the peer ends", { clock = "real" }, function()
  if descriptors() == nil then return end
  local a, b <close> = pair()
  local open = descriptors()
  a:write(MUCH)
  b:readexactly(1)
  b:close()
  b:wait_closed()
  equal(descriptors(), open)
  a:close()
  a:wait_closed()
  while descriptors() > open - 2 do async.sleep(0.001) end
end)

test("the descriptor is closed at once when nothing is unread", { clock = "real" }, function()
  if descriptors() == nil then return end
  local a, b <close> = pair()
  local open = descriptors()
  a:write("x")
  equal(b:read(1), "x")
  b:close()
  b:wait_closed()
  equal(descriptors(), open - 1)
end)

test("a peer that sends without an end is cut off", function()
  local a, b <close> = pair()
  a:write(MUCH)
  b:readexactly(1)
  b:close()
  local chunk, sent = ("x"):rep(1 << 20), 0
  raises(async.ConnectionError, function()
    while sent < 256 do
      a:write(chunk)
      sent = sent + 1
    end
  end)
  check(sent >= 64, sent)
end)

test("a stream that nobody holds lingers too", { clock = "real" }, function()
  local received
  local server = async.start_server(function(reader)
    reader:readline()
    reader:write(BIG)
    reader:detach()
  end, "127.0.0.1", 0)
  local conn = async.open_connection("127.0.0.1", server:address().port)
  conn:write("question\n", MUCH)
  local reader = async.spawn(function() received = conn:readexactly(#BIG) end)
  while server.active > 0 do async.sleep(0.001) end
  collectgarbage()
  collectgarbage()
  await(reader)
  equal(received == BIG, true)
  equal(conn:read("a"), "")
  conn:close()
  server:close()
end)
