-- closing: a manager of anything that has a method close, or a function that ends it.
-- Use it for objects of libraries that know nothing of `<close>`, and for a single action at
-- the end of a block. To free several such things together, enter them into an ExitStack.
-- asyncio: contextlib.aclosing, contextlib.closing.

-- An object of some library: it has close, and no metamethod.
local function connect(name)
  local connection = { name = name }
  function connection:close()
    async.sleep(0.1)
    print("  closed " .. self.name)
  end
  return connection
end

async.with(async.closing(connect("a")), function(connection)
  print("work with " .. connection.name)
end)

-- For a block: closing gives a manager; the resource is the second value of enter.
do
  local c <close>, connection = async.enter(async.closing(connect("b")))
  print("work with " .. connection.name)
end

-- A method of another name, or any other way to end it: give a function.
local function borrow(title) return { title = title } end
local function give_back(book) print("  gave back " .. book.title) end
async.with(async.closing(borrow("a novel"), give_back), function(book)
  print("reading " .. book.title)
end)

-- A change that is taken back, whatever happens.
local level = "info"
local function set_level(new) level = new end
print(pcall(function()
  local restore <close> = async.closing(level, set_level)
  level = "debug"
  print("level " .. level)
  error(async.ValueError("in the middle"))
end))
print("level " .. level)

--[[ prints:
work with a
  closed a
work with b
  closed b
reading a novel
  gave back a novel
level debug
false	ValueError: in the middle
level info
]]
