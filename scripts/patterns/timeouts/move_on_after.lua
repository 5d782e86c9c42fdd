-- move_on_after: give the work so much time, then go on without it; no error either way.
-- Use it where running out of time is nothing special: polling, a best effort, draining a queue for
-- a while. Where it is a failure, async.timeout says so with TimeoutError.
-- asyncio has none; Trio calls it move_on_after.
local loop = async.get_running_loop()

-- true and the results, or false.
print(async.move_on_after(0.2, async.sleep, 0.1, "in time"))
print(async.move_on_after(0.2, async.sleep, 5, "never seen"))

-- The work keeps what it has done: collect into a table outside.
local queue = async.Queue()
async.spawn(function()
  for i = 1, 100 do
    async.sleep(0.1)
    queue:put(i)
  end
end)

local function take_for(seconds, most)
  local items = {}
  async.move_on_after(seconds, function()
    while #items < most do items[#items + 1] = queue:get() end
  end)
  return items
end

print(table.concat(take_for(0.35, 10), " ")) -- what came in that time
print(table.concat(take_for(60, 2), " ")) -- ended by the number: no need to use up the time

-- A flush every 0.45 seconds or every three items, whichever is first, is a loop of that.
local function flush()
  local begun = loop:time()
  local batch = take_for(0.45, 3)
  print(("%d items after %.2f s"):format(#batch, loop:time() - begun))
end
flush()
async.sleep(0.35) -- three come meanwhile
flush()

-- Errors of the work are errors, a TimeoutError too: only its own limit is false.
print(pcall(async.move_on_after, 9, async.timeout, 0.1, async.sleep, 5))

--[[ prints:
true	in time
false
1 2 3
4 5
3 items after 0.30 s
3 items after 0.00 s
false	TimeoutError: timed out after 0.1 seconds
]]
