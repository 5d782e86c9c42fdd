-- ExitStack: a number of managers that is not known beforehand, and callbacks, which end together.
-- Everything that was entered is left in reverse order, also when a later one cannot be opened.
-- Use it for "open all of these", for optional parts, and to hand what was opened over to
-- somebody else (pop_all). For a fixed number, `<close>` variables are simpler.
-- asyncio: contextlib.AsyncExitStack.

local open = async.contextmanager(function(name)
  async.sleep(0.1)
  if name == "locked" then error(async.PermissionError("cannot open " .. name)) end
  print("  open " .. name)
  local closing <close> = setmetatable({}, { __close = function() print("  close " .. name) end })
  coroutine.yield("contents of " .. name)
end)

local function read_all(names)
  local stack <close> = async.ExitStack()
  stack:callback(print, "  last of all")       -- any function, with arguments
  local texts = {}
  for i, name in ipairs(names) do texts[i] = stack:enter(open(name)) end
  return table.concat(texts, ", ")
end

print(read_all { "a", "b", "c" })

-- The second cannot be opened: the first is closed again.
print(pcall(read_all, { "a", "locked", "c" }))

-- pop_all: all or nothing. When all could be opened, they outlive the block.
local function open_all(names)
  local stack <close> = async.ExitStack()
  for _, name in ipairs(names) do stack:enter(open(name)) end
  return stack:pop_all()                       -- a new stack with all of it; this one is empty
end

do
  local files <close> = open_all { "x", "y" }
  print("both are open")
end
print(pcall(open_all, { "x", "locked" }))

-- push: a function of the error, which may swallow it. With async.with nothing is raised then.
async.with(async.ExitStack(), function(stack)
  stack:push(function(err)
    print("  seen: " .. tostring(err))
    return true
  end)
  stack:enter(open("z"))
  error(async.ValueError("in the body"))
end)
print("goes on")

--[[ prints:
  open a
  open b
  open c
  close c
  close b
  close a
  last of all
contents of a, contents of b, contents of c
  open a
  close a
  last of all
false	PermissionError: cannot open locked
  open x
  open y
both are open
  close y
  close x
  open x
  close x
false	PermissionError: cannot open locked
  open z
  close z
  seen: ValueError: in the body
goes on
]]
