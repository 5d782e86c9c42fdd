-- A context manager from one function: what comes before the yield enters, what comes after leaves.
-- The yield hands out the resource; the body's error is raised there. The function may wait
-- before and after, keep things in local variables, and use other managers. The shortest way to
-- a manager for something that is not an object with a method of closing.
-- asyncio: @asynccontextmanager.

local loop = async.get_running_loop()

local timed = async.contextmanager(function(name)
  local begun = loop:time()
  local after <close> = setmetatable({}, { __close = function(_, err)    -- on every way out
    print(("%s took %.1f s%s"):format(name, loop:time() - begun, err and ", and failed" or ""))
  end })
  coroutine.yield()
end)

async.with(timed("load"), function() async.sleep(0.3) end)

do
  local t <close> = async.enter(timed("a block"))
  async.sleep(0.2)
end

print(pcall(async.with, timed("a bad one"), function() error("no luck", 0) end))

-- A resource: what the yield hands out. Statements after it run only when the body succeeds.
local draft = async.contextmanager(function(title)
  local text = { title }
  coroutine.yield(text)
  async.sleep(0.1)
  print("published: " .. table.concat(text, " "))
end)

async.with(draft("Lua:"), function(text) text[#text + 1] = "waits everywhere" end)
pcall(async.with, draft("Nothing"), function() error("changed my mind") end)

-- An error is raised at the yield: caught there, it is swallowed, as by Python's suppress.
local suppress = async.contextmanager(function(class)
  local ok, err = pcall(coroutine.yield)
  if not ok and not async.is(err, class) then error(err, 0) end
end)

async.with(suppress(async.TimeoutError), function() async.timeout(0.1, async.sleep, 60) end)
print("the timeout was expected")
print(pcall(async.with, suppress(async.TimeoutError), function() error(async.ValueError("x")) end))

-- One manager made of two.
local timed_draft = async.contextmanager(function(title)
  async.with(timed(title), function()
    async.with(draft(title), function(text) coroutine.yield(text) end)
  end)
end)
async.with(timed_draft("both"), function(text) text[#text + 1] = "at once" end)

--[[ prints:
load took 0.3 s
a block took 0.2 s
a bad one took 0.0 s, and failed
false	no luck
published: Lua: waits everywhere
the timeout was expected
false	ValueError: x
published: both at once
both took 0.1 s
]]
