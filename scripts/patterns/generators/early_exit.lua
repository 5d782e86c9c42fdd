-- Leaving a generator early: its cleanup has run before the next statement does.
-- break, return or an error in the loop closes the generator where it stands: its `<close>`
-- variables run, and may wait. So a generator may hold a connection or a lock. Python leaves an
-- abandoned one to the garbage collector, unless aclosing is put around it.
-- asyncio: async with aclosing(agen()); agen.aclose().

local rows = async.generator(function(name)
  local cursor <close> = setmetatable({}, { __close = function()
    async.sleep(0.1)                           -- tells the server; cleanup may wait
    print("  cursor " .. name .. " closed")
  end })
  for i = 1, 1000 do
    async.sleep(0.01)
    coroutine.yield(i)
  end
end)

print("break")
for i in rows("a") do
  if i == 3 then break end
end

print("return")
local function find(wanted)
  for i in rows("b") do
    if i == wanted then return i end
  end
end
print("found", find(5))

print("an error in the body")
print(pcall(function()
  for i in rows("c") do
    if i == 2 then error(async.ValueError("row 2")) end
  end
end))

print("a timeout")
print(pcall(async.timeout, 0.1, function()
  for _ in rows("d") do async.sleep(1) end
end))

print("one in a variable: `<close>`")
do
  local g <close> = rows("e")
  print("first", g:next())
end

print("one that nobody closes: at the end of its task")
local task = async.spawn(function()
  local g = rows("f")
  print("first", g:next())
end)
await(task)
print("end")

--[[ prints:
break
  cursor a closed
return
  cursor b closed
found	5
an error in the body
  cursor c closed
false	ValueError: row 2
a timeout
  cursor d closed
false	TimeoutError: timed out after 0.1 seconds
one in a variable: `<close>`
first	1
  cursor e closed
one that nobody closes: at the end of its task
first	1
  cursor f closed
end
]]
