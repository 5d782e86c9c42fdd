-- Generators that wait: values one by one, as they become ready.
-- async.generator(fn) makes a generator function; fn waits as any code and gives each value by
-- coroutine.yield. A for loop takes them, and closes the generator on the way out. Use one for
-- pages of a listing, lines of a log, tokens of an answer: nothing is fetched before it is
-- asked for.
-- asyncio: async def with yield; async for; __anext__, asend, aclose.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function fetch_page(number)              -- stands for a request
  async.sleep(0.1)
  note("  page " .. number .. " is here")
  return number <= 3 and { number * 10 + 1, number * 10 + 2 } or nil
end

local items = async.generator(function()
  local number = 1
  while true do
    local page = fetch_page(number)
    if not page then return end
    for _, item in ipairs(page) do coroutine.yield(item) end
    number = number + 1
  end
end)

for item in items() do
  note(item)
  if item == 21 then break end                 -- page 3 is never asked for
end

-- A generator in a variable: next() for single values, `<close>` or each() to close it in time.
begun = loop:time()
do
  local g <close> = items()
  note(g:next(), g:next())
  note(g:next())
end

-- Several values at each step, an index say.
local indexed = async.generator(function(list)
  for i, x in ipairs(list) do
    async.sleep(0.1)
    coroutine.yield(i, x)
  end
end)
for i, x in indexed { "a", "b" } do note(i, x) end

-- An error inside comes out of the loop, and ends the generator.
local broken = async.generator(function()
  coroutine.yield(1)
  error(async.ValueError("no more of that"))
end)
local g = broken()
print(pcall(function() for x in g:each() do print("got", x) end end))
print(g:next())

--[[ prints:
0.1 s	  page 1 is here
0.1 s	11
0.1 s	12
0.2 s	  page 2 is here
0.2 s	21
0.1 s	  page 1 is here
0.1 s	11	12
0.2 s	  page 2 is here
0.2 s	21
0.3 s	1	a
0.4 s	2	b
got	1
false	ValueError: no more of that
nil
]]
