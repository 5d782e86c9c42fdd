-- Eager tasks: begun at once, by whoever makes them, up to their first wait.
-- A task usually begins when its maker waits. With eager = true it runs at once; if it never waits
-- (a cache hit), it is done when create_task returns, without a turn of the loop. Use it for calls
-- that often need not wait. The price: what it does happens before the next line of its maker.
-- asyncio: create_task(eager_start=True), eager_task_factory.

local cache = {}

local function lookup(key)
  if cache[key] then return cache[key] end     -- no wait: the common case
  print("  fetching " .. key)
  async.sleep(0.1)
  cache[key] = "value of " .. key
  return cache[key]
end

local function start(key, eager)
  print("start " .. key)
  local task = async.create_task(function() return lookup(key) end, { eager = eager })
  print("made, done: " .. tostring(task:done()))
  return await(task)
end

print("an ordinary task: it begins at the await")
print(start("a", false))
print("an eager one: it has begun when it is made")
print(start("b", true))
print("an eager one that need not wait: it is done when it is made")
print(start("b", true))

-- Its error stays in the task, as that of any: it does not meet the maker.
local task = async.create_task(function() error("at once", 0) end, { eager = true })
print(task:done(), task:exception())

--[[ prints:
an ordinary task: it begins at the await
start a
made, done: false
  fetching a
value of a
an eager one: it has begun when it is made
start b
  fetching b
made, done: false
value of b
an eager one that need not wait: it is done when it is made
start b
made, done: true
value of b
true	at once
]]
