-- A chat server: what one guest writes, all others get.
--
--   neap scripts/examples/chat.lua [PORT]
--   nc 127.0.0.1 PORT                       in as many terminals as you like
--
-- Each guest has a queue of what is still to be sent, a task that sends it and one that reads. Nobody waits for anybody
-- else: who reads so slowly that the queue is full has to leave.
local BEHIND = 100 -- messages that a guest may be behind
local LONGEST = 4096 -- bytes of a message
local LONGEST_NAME = 30
local GRACE = 2 -- seconds for the last messages when the server ends

local help = [[
usage: neap chat.lua [PORT]

Sends what each client writes to all others. Without a port, or with 0, the system picks one.
Ends on SIGTERM or SIGINT, after a word to everybody.

  -h, --help   show this text
]]

local guests = {} -- a set; those who have not said their name are in it as well

-- Never waits. After `abort` both tasks of the guest meet an error.
local function send(guest, text)
  if not pcall(guest.queue.put_nowait, guest.queue, text) then guest.stream:abort() end
end

local function tell_others(guest, text)
  for other in pairs(guests) do
    if other.name and other ~= guest then send(other, text .. "\n") end
  end
end

local function names()
  local list = {}
  for guest in pairs(guests) do list[#list + 1] = guest.name end
  table.sort(list)
  return list
end

-- The lines of a guest, without what would move a terminal's cursor or change its colours.
local function read_line(guest)
  local line = guest.stream:read("l")
  return line and (line:gsub("%c", ""))
end

local function is_taken(name)
  for guest in pairs(guests) do
    if guest.name == name then return true end
  end
  return false
end

local function ask_name(guest)
  send(guest, "your name? ")
  for line in read_line, guest do
    local name = line:match("^%s*(.-)%s*$")
    if name ~= "" and #name <= LONGEST_NAME and not is_taken(name) then return name end
    send(guest, "another name, please: ")
  end
end

local function listen(guest)
  local name = ask_name(guest)
  if not name then return end
  local others = names()
  send(guest, ("* here: %s\n"):format(#others > 0 and table.concat(others, ", ") or "nobody"))
  guest.name = name
  tell_others(guest, ("* %s has come"):format(name))
  for line in read_line, guest do
    tell_others(guest, ("%s: %s"):format(name, line))
    async.sleep(0) -- many lines may come at once: what sends them on has its turn after each
  end
end

local function speak(guest)
  for text in guest.queue:items() do guest.stream:write(text) end
end

-- A connection: until the guest hangs up, or the queue is shut down and everything in it was sent.
local function handle(stream)
  local guest = { stream = stream, queue = async.Queue(BEHIND) }
  guests[guest] = true
  async.try(
    function() async.race { function() listen(guest) end, function() speak(guest) end } end,
    -- Lost, closed by `send`, or a line too long: the guest has to leave, and the others stay.
    async.except({ async.OSError, async.RuntimeError, async.LimitOverrunError }, function() end),
    async.finally(function()
      guests[guest] = nil
      if guest.name then tell_others(guest, ("* %s has left"):format(guest.name)) end
    end)
  )
end

-- Everybody is sent what is left, and a last word; those who do not take it in time are cut off.
local function finish(server)
  server:close()
  local leaving = guests
  guests = {}
  for guest in pairs(leaving) do
    send(guest, "* the server ends\n")
    guest.queue:shutdown()
  end
  async.move_on_after(GRACE, server.wait_closed, server)
  for guest in pairs(leaving) do guest.stream:abort() end
  server:shutdown(0)
end

local port = ... or "0"
if port == "-h" or port == "--help" then
  io.write(help)
  return
end
port = port:match("^%d+$") and math.tointeger(port)
if not port or port > 65535 or select("#", ...) > 1 then
  io.stderr:write(help)
  os.exit(2)
end
local ok, server = pcall(async.start_server, handle, "127.0.0.1", port, { limit = LONGEST })
if not ok then
  io.stderr:write("chat: ", server.message, "\n")
  os.exit(1)
end
local signals <close> = async.signals { "SIGTERM", "SIGINT" } -- before anybody is told that it runs
print(("listening on port %d"):format(server:address().port))
signals()
finish(server)
