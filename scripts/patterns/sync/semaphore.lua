-- Semaphore: at most so many at a time.
-- Use it for a limit that many parts of a program share: connections to one host, files open at
-- once. For a list of work that one place starts, async.map with `limit` is shorter. Permits
-- are given in the order of asking, and a task that is cancelled while it waits loses none.
-- asyncio: asyncio.Semaphore.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local connections = async.Semaphore(2)
local open, most = 0, 0

local function fetch(path)
  local permit <close> = connections:acquire()
  open = open + 1
  most = math.max(most, open)
  async.sleep(0.1)
  open = open - 1
  note(path)
  return #path
end

do
  local group <close> = async.TaskGroup()
  for _, path in ipairs { "/a", "/b", "/c", "/d", "/e" } do group:spawn(fetch, path) end
end
note("at most " .. most .. " at once")

-- The same for one list.
begun = loop:time()
async.map({ 1, 2, 3, 4, 5 }, function() async.sleep(0.1) end, { limit = 2 })
note("async.map with a limit")

-- Without waiting: locked() says whether acquire would wait. Code up to the next wait runs
-- undisturbed, so the answer still holds when the permit is taken.
local function fetch_or_refuse(path)
  if connections:locked() then return "busy, try later" end
  return fetch(path)
end
begun = loop:time()
local answers = async.map({ "/x", "/y", "/z" }, fetch_or_refuse)
note(table.concat(answers, ", "))

-- From 0 permits it is a counter of events: each release lets one acquire through.
begun = loop:time()
local arrived = async.Semaphore(0)
loop:call_later(0.1, arrived.release, arrived)
loop:call_later(0.3, arrived.release, arrived)
for i = 1, 2 do
  arrived:acquire()
  note("arrival " .. i)
end

--[[ prints:
0.1 s	/a
0.1 s	/b
0.2 s	/c
0.2 s	/d
0.3 s	/e
0.3 s	at most 2 at once
0.3 s	async.map with a limit
0.1 s	/x
0.1 s	/y
0.1 s	2, 2, busy, try later
0.1 s	arrival 1
0.3 s	arrival 2
]]
