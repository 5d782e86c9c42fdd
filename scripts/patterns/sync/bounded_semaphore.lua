-- BoundedSemaphore: a Semaphore that notices a permit given back twice.
-- With a Semaphore one release too many makes the limit larger by one, silently and for ever;
-- here it is a ValueError at the line of the mistake. Use it whenever permits stand for things
-- that exist (connections, licences); with `<close>` the mistake cannot happen in the first
-- place.
-- asyncio: asyncio.BoundedSemaphore.

local function careless(semaphore)             -- releases by hand, and once more on the error
  semaphore:acquire()
  local ok, err = pcall(function()
    async.sleep(0.1)
    semaphore:release()
    error(async.ValueError("after the release"))
  end)
  if not ok then
    semaphore:release()
    return err.message
  end
end

local function how_many(semaphore)             -- permits that are free
  local count = 0
  local stack <close> = async.ExitStack()      -- gives them all back at the end
  while not semaphore:locked() do
    stack:push(semaphore:acquire())
    count = count + 1
  end
  return count
end

local plain = async.Semaphore(2)
print("Semaphore", careless(plain))
print("permits of 2:", how_many(plain))

local bounded = async.BoundedSemaphore(2)
print("BoundedSemaphore", select(2, pcall(careless, bounded)))
print("permits of 2:", how_many(bounded))

-- A pool of things: the semaphore counts them, a list holds those that are free.
local free = { "connection 1", "connection 2" }
local permits = async.BoundedSemaphore(#free)

local borrow = async.contextmanager(function()
  local permit <close> = permits:acquire()
  local connection = table.remove(free)
  local back <close> = async.closing(connection, function() table.insert(free, connection) end)
  coroutine.yield(connection)
end)

async.map({ "query 1", "query 2", "query 3" }, function(query)
  async.with(borrow(), function(connection)
    async.sleep(0.1)
    print(query .. " by " .. connection)
  end)
end)
print(#free .. " are free")

--[[ prints:
Semaphore	after the release
permits of 2:	3
BoundedSemaphore	ValueError: BoundedSemaphore(2) released more often than acquired
permits of 2:	2
query 1 by connection 2
query 2 by connection 1
query 3 by connection 1
2 are free
]]
