-- Cleanup at the end of a block: Lua's `<close>` variables, which may wait.
-- A value with the metamethod __close is closed on every way out of its block: the end, return,
-- break, an error, a cancellation. The last one declared is closed first. Files, streams,
-- locks, task groups and timeouts of neap all have it; this is the first form of context
-- manager to think of.
-- asyncio: async with, of objects with __aexit__.

local Connection = {}
Connection.__index = Connection

function Connection.open(name)
  async.sleep(0.1)
  print("  open " .. name)
  return setmetatable({ name = name }, Connection)
end

function Connection:__close(err)               -- err: the error that ends the block, or nil
  async.sleep(0.1)                             -- says goodbye to the server
  print("  close " .. self.name, err)
end

print("the end of the block")
do
  local a <close> = Connection.open("a")
  local b <close> = Connection.open("b")
  print("  work with " .. a.name .. " and " .. b.name)
end

print("return")
local function first_line()
  local c <close> = Connection.open("c")
  return "line of " .. c.name
end
print(first_line())

print("an error")
print(pcall(function()
  local d <close> = Connection.open("d")
  error(async.ValueError("bad line"))
end))

print("a cancellation")
local task = async.spawn(function()
  local e <close> = Connection.open("e")
  async.sleep(60)
end)
async.sleep(0.2)
task:cancel()
async.wait { task }
print("has ended", task:cancelled())

-- A nil or false variable is closed by doing nothing: for what is opened only sometimes.
local function visit(wanted)
  local f <close> = wanted and Connection.open("f")
  print("  visited", f and f.name)
end
print("sometimes")
visit(false)
visit(true)

--[[ prints:
the end of the block
  open a
  open b
  work with a and b
  close b	nil
  close a	nil
return
  open c
  close c	nil
line of c
an error
  open d
  close d	ValueError: bad line
false	ValueError: bad line
a cancellation
  open e
  close e	CancelledError
has ended	true
sometimes
  visited	false
  open f
  visited	f
  close f	nil
]]
