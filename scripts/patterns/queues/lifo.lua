-- LifoQueue: the latest item first; a stack that tasks wait at.
-- Use it where the newest matters most, and for things that are given back and used again: the
-- one used last is the one that is still warm (a connection that has not timed out, a cache).
-- asyncio: asyncio.LifoQueue.

local stack = async.LifoQueue()
for i = 1, 3 do stack:put(i) end
print(stack:get(), stack:get(), stack:get())

-- A pool of connections: made when none is free, up to a limit; the warmest is lent first.
local Pool = {}
Pool.__index = Pool

function Pool.new(limit)
  return setmetatable({ limit = limit, made = 0, free = async.LifoQueue() }, Pool)
end

function Pool:take()
  if self.free:empty() and self.made < self.limit then
    self.made = self.made + 1
    return { name = "connection " .. self.made, used = 0 }
  end
  return self.free:get()                       -- waits until one is given back
end

Pool.borrow = async.contextmanager(function(pool)
  local connection = pool:take()
  local back <close> = async.closing(connection, function(c) pool.free:put_nowait(c) end)
  connection.used = connection.used + 1
  coroutine.yield(connection)
end)

local pool = Pool.new(2)
local function query(text)
  return async.with(pool:borrow(), function(connection)
    async.sleep(0.1)
    return text .. " by " .. connection.name
  end)
end

-- Alone, each query uses the same warm connection.
for i = 1, 3 do print(query("query " .. i)) end

-- Five at once: two connections, and the others wait their turn.
for _, text in ipairs(async.map({ "a", "b", "c", "d", "e" }, query)) do print(text) end

while not pool.free:empty() do
  local connection = pool.free:get()
  print(connection.name .. " was used " .. connection.used .. " times")
end

--[[ prints:
3	2	1
query 1 by connection 1
query 2 by connection 1
query 3 by connection 1
a by connection 1
b by connection 2
c by connection 2
d by connection 1
e by connection 1
connection 1 was used 6 times
connection 2 was used 2 times
]]
