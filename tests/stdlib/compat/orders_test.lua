-- neap.compat.socket in other orders of the tasks, and with a cancellation at each wait.
local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/stdlib/")
local orders = dofile(root .. "/tests/conformance/orders.lua")
local socket = neap.compat.socket

local function pair()
  local server <close> = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  local client = assert(socket.connect("127.0.0.1", port))
  return client, assert(server:accept())
end

-- Runs fn in a task, again and again until it was not cancelled.
local function until_done(fn)
  while true do
    local task = async.spawn(fn)
    async.wait { task }
    if not task:cancelled() then return await(task) end
  end
end

local COUNT = 8

local function send_in_pieces(sock)
  for i = 1, COUNT do
    sock:send(tostring(i))
    async.sleep(0)
    sock:send("\n")
    async.sleep(0)
  end
end

local function check_lines(got)
  equal(#got, COUNT)
  for i = 1, COUNT do equal(got[i], tostring(i)) end
end

-- What is sent in pieces arrives once and in order at a task that is cancelled anywhere in its `step`, and at the one
-- that goes on in its place. step(client, got) adds a line that has come.
local function delivers(step)
  local client <close>, peer = pair()
  local closing <close> = peer
  local got = {}
  local function receive_lines()
    while #got < COUNT do step(client, got) end
  end
  local receiver = async.spawn(receive_lines)
  send_in_pieces(peer)
  async.wait { receiver }
  if receiver:cancelled() then until_done(receive_lines) else await(receiver) end
  check_lines(got)
end

local function receiving()
  delivers(function(client, got) got[#got + 1] = client:receive() end)
end

-- The same by select and an object that polls.
local function selecting()
  local part = ""
  delivers(function(client, got)
    client:settimeout(0)
    socket.select({ client }, nil)
    local line, _, rest = client:receive("*l", part)
    part = rest or ""
    got[#got + 1] = line
  end)
end

-- Connections that come while the task that accepts is cancelled are there for the next one.
local function accepting()
  local server <close> = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  local clients, accepted = {}, {}
  for i = 1, COUNT do clients[i] = assert(socket.connect("127.0.0.1", port)) end
  until_done(function()
    while #accepted < COUNT do accepted[#accepted + 1] = server:accept() end
  end)
  for i = 1, COUNT do
    clients[i]:close()
    accepted[i]:close()
  end
end

for _, each in ipairs { { "receive", receiving }, { "select", selecting }, { "accept", accepting } } do
  local name, body = each[1], each[2]
  test(name .. " in every order", function() orders.in_every_order(20, body) end)
  test(name .. ", cancelled at each of its waits, loses nothing", function()
    check(orders.cancelled_everywhere(3, body) > 3)
  end)
end
