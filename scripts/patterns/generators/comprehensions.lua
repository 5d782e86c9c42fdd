-- Comprehensions over what waits: async.iter.
-- map, filter, take, enumerate and batch are lazy stages, each asked for one item at a time;
-- collect gives a list. Functions in them may wait. Use it for a pipeline that reads from left
-- to right; a plain for loop is as good when there is but one step. Work on several items at
-- once: async.map.
-- asyncio: [f(x) async for x in g() if c(x)].

local numbers = async.generator(function()
  for i = 1, math.huge do
    async.sleep(0.1)
    coroutine.yield(i)
  end
end)

local function odd(x) return x % 2 == 1 end
local function square(x) return x * x end

-- [x * x async for x in numbers() if odd(x)], of a source without end
local list = async.iter(numbers()):filter(odd):map(square):take(4):collect()
print(table.concat(list, " "))

-- As a loop: the source is closed on the way out.
for i, x in async.iter(numbers()):filter(odd):enumerate() do
  print(i, x)
  if i == 2 then break end
end

-- Lists of n at a time, for bulk inserts and the like.
for batch in async.iter(numbers()):take(5):batch(2) do print(table.concat(batch, ",")) end

-- Stages that wait: each price is asked for when its turn comes.
local price = async(function(fruit)
  async.sleep(0.1)
  return fruit .. " " .. #fruit
end)
print(table.concat(async.iter({ "apple", "fig", "pear" }):map(price):collect(), ", "))

-- Any source: a list, a generator, an iterator function, a queue, what pairs gives.
local words = async.iter(("to be or not to be"):gmatch("%a+"))
print(#words:filter(function(word) return word == "be" end):collect())
local keys = async.iter(pairs { x = 1, y = 2, z = 3 }):map(function(key) return key end):collect()
table.sort(keys)
print(table.concat(keys, " "))

-- One after the other, or several at once: iter waits for each, map runs them together.
local loop = async.get_running_loop()
local begun = loop:time()
async.iter({ "apple", "fig", "pear" }):map(price):collect()
print(("iter: %.1f s"):format(loop:time() - begun))
begun = loop:time()
async.map({ "apple", "fig", "pear" }, price)
print(("map:  %.1f s"):format(loop:time() - begun))

--[[ prints:
1 9 25 49
1	1
2	3
1,2
3,4
5
apple 5, fig 3, pear 4
2
x y z
iter: 0.3 s
map:  0.1 s
]]
