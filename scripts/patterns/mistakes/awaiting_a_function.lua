-- Awaiting a function instead of its call. await takes what a call gives, and neap names the slip.
-- The way out: call it, or wrap it in async(). For a plain function that waits, await is not needed
-- at all.
-- asyncio: TypeError: object function can't be used in 'await' expression.
local function load(name)
  async.sleep(0.1)
  return "text of " .. name
end

print(pcall(await, load)) -- the mistake

print(load("a")) -- right: a plain function waits by itself
print(await(load("b"))) -- the same: await returns a value as it is
print(await(async(load)("c"))) -- an async function: its call is awaited
print(await(async.spawn(load, "d"))) -- a task of it

-- Where a function is expected, a function is right: it is called without arguments.
print(async.gather(function() return load("e") end)[1])

-- A method without its object is another form of it: the colon calls, the dot only names.
local queue = async.Queue()
queue:put("item")
print(pcall(await, queue.get))
print(queue:get())

-- A list is a value like any other: await returns it as it is, and waits for nothing in it.
local tasks = { async.spawn(load, "f"), async.spawn(load, "g") }
print(await(tasks) == tasks, tasks[1]:done())
print(table.concat(async.gather(tasks), ", "))

--[[ prints:
false	TypeError: await got a function; call it, or wrap it in async()
text of a
text of b
text of c
text of d
text of e
false	TypeError: await got a function; call it, or wrap it in async()
item
true	false
text of f, text of g
]]
