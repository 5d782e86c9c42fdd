-- gather: several calls at once, their results in one list.
-- The list has the order of the arguments, whatever the order of the ends, and `n`, their
-- number. Use it for a few independent questions whose answers are all needed. When one fails,
-- the error comes out at once and the others go on: for work that must not be left behind use a
-- TaskGroup.
-- asyncio: asyncio.gather.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local price = async(function(shop, seconds, amount)
  async.sleep(seconds)
  if not amount then error(async.ValueError(shop .. " is closed")) end
  note(shop .. " answers")
  return amount
end)

-- Arguments are whatever can be awaited: Coroutines, tasks, futures, functions.
local results = async.gather(
  price("north", 0.3, 12),
  async.spawn(price("south", 0.1, 10)),
  function() return await(price("east", 0.2, 11)) end)
note(table.concat(results, " "), "n = " .. results.n)

-- For a list whose length is known only at run time, give the list itself.
begun = loop:time()
local calls = {}
for i, shop in ipairs { "a", "b", "c" } do calls[i] = price(shop, i / 10, i) end
note(table.concat(async.gather(calls), " "))

-- One fails: its error is raised at once. The others are not cancelled; they go on.
begun = loop:time()
note(pcall(async.gather, price("north", 0.3, 12), price("south", 0.1)))
async.sleep(0.3)

-- The usual slip: these calls have waited before gather was called, one after the other.
note(select(2, pcall(async.gather, async.sleep(0.1), async.sleep(0.1))).message)

--[[ prints:
0.1 s	south answers
0.2 s	east answers
0.3 s	north answers
0.3 s	12 10 11	n = 3
0.1 s	a answers
0.2 s	b answers
0.3 s	c answers
0.3 s	1 2 3
0.1 s	false	ValueError: south is closed
0.3 s	north answers
0.6 s	argument 1 of gather is nil, the result of a call that already ran; pass a function or a task
]]
