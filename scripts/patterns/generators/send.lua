-- A conversation with a generator: send gives it a value, throw an error.
-- The yield inside returns what was sent. Use it for a part that keeps its state in its local
-- variables while somebody else decides what comes next: a running average, a dialogue, a
-- parser that is fed. For two sides that both go on by themselves, take channels or queues.
-- asyncio: agen.asend, agen.athrow.

local average = async.generator(function()
  local sum, count = 0, 0
  local value = coroutine.yield()              -- the first next() comes as far as here
  while true do
    sum, count = sum + value, count + 1
    value = coroutine.yield(sum / count)
  end
end)

do
  local g <close> = average()
  g:next()
  for _, value in ipairs { 10, 20, 60 } do print(value, g:send(value)) end
end

-- A dialogue: the generator asks, whoever drives it answers; between, it waits for what it likes.
local order = async.generator(function()
  local name = coroutine.yield("who are you?")
  async.sleep(0.1)                             -- looks the customer up
  local dish = coroutine.yield("hello " .. name .. ", what will it be?")
  while true do
    local ok, complaint = pcall(coroutine.yield, dish .. " it is")
    if ok then return end
    dish = "another " .. dish
    print("  (" .. complaint.message .. ")")
  end
end)

local g <close> = order()
print(g:next())
print(g:send("ann"))
print(g:send("soup"))
print(g:throw(async.ValueError("there is a fly in it")))
print(g:next())                                -- it returns: nil

--[[ prints:
10	10.0
20	15.0
60	30.0
who are you?
hello ann, what will it be?
soup it is
  (there is a fly in it)
another soup it is
nil
]]
