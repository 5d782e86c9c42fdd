-- async.map with a limit: the same call for each item, n at a time, the results in order.
-- Use it for most "do this for all of these". The first error cancels the rest; where a failure
-- shall be a result, catch it in the function. Items may come from a generator, which is asked only
-- when there is a place.
-- asyncio: gather around a Semaphore, which makes all tasks at once.
local loop = async.get_running_loop()

local function fetch(page)
  async.sleep(page % 3 == 0 and 0.4 or 0.2)
  if page == 7 then error(async.ConnectionError("page 7 is gone")) end
  return "page " .. page
end

local begun = loop:time()
local pages = async.map({ 1, 2, 3, 4, 5, 6 }, fetch, { limit = 2 })
print(table.concat(pages, ", "))
print(("%.1f s"):format(loop:time() - begun))

-- The first error ends it all.
print(pcall(async.map, { 6, 7, 8, 9 }, fetch, { limit = 2 }))

-- An error as a result of its own.
local results = async.map({ 6, 7, 8 }, function(page)
  local ok, result = pcall(fetch, page)
  return ok and result or "error: " .. result.message
end, { limit = 3 })
print(table.concat(results, ", "))

-- From a generator: a million numbers would take no more memory than these. It never runs ahead.
local asked = 0
local numbers = async.generator(function(last)
  for n = 1, last do
    asked = n
    coroutine.yield(n)
  end
end)
local first = async.move_on_after(0.5, async.map, numbers(1000000), function() async.sleep(0.2) end,
  { limit = 4 })
print("finished:", first, "asked for:", asked)

-- As results come instead of in order: tasks of one's own and as_completed.
for task in async.as_completed { async.spawn(fetch, 3), async.spawn(fetch, 4) } do
  print(await(task))
end

--[[ prints:
page 1, page 2, page 3, page 4, page 5, page 6
1.0 s
false	ConnectionError: page 7 is gone
page 6, error: page 7 is gone, page 8
finished:	false	asked for:	12
page 4
page 3
]]
