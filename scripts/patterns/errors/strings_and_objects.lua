-- Errors of Lua are any values, mostly strings; those of neap are objects with a class, a message
-- and fields. Raise a string where nobody will ask what went wrong, an object where somebody
-- handles it. `cause` keeps the error underneath when one is turned into another.
-- asyncio: exceptions; cause is `raise ... from ...`.

-- A string: error() puts the line before it. 0 as its second argument leaves it as it is.
print(select(2, pcall(error, "the disk is full", 0)))
print(select(2, pcall(function() error("the disk is full") end)))

-- An object: e.message, e.traceback, the fields it was given, and e:is(Class).
local ok, e = pcall(function() error(async.ValueError("too long", { limit = 80, got = 95 })) end)
print(ok, e, e.message, e.limit, e.got)
print(e:is(async.ValueError), e:is(async.Error), e:is(async.OSError))

-- async.is asks any value, so that a handler needs not know whether it has an object.
for _, err in ipairs { "a string", async.TimeoutError("late") } do
  print(err, async.is(err, async.TimeoutError))
end

-- A layer turns the errors of the one below into its own, and keeps them as cause.
local function read_number(text)
  return tonumber(text) or error(async.ValueError(("%q is no number"):format(text)))
end

local function load_settings()
  local settings = {}
  for name, text in ("port=80,limit=many"):gmatch("(%w+)=(%w+)") do
    local fine, value = pcall(read_number, text)
    if not fine then error(async.Error("bad setting " .. name, { cause = value })) end
    settings[name] = value
  end
  return settings
end

local _, problem = pcall(load_settings)
while problem do
  print(problem)
  problem = problem.cause
end

-- What fails in a task is raised where the task is awaited: the same object, with the way it took.
local task = async.spawn(function() error(async.OSError("no route", { code = "EHOSTUNREACH" })) end)
local _, same = pcall(await, task)
print(same.code, same == task:exception())

--[[ prints:
the disk is full
...strings_and_objects.lua:8: the disk is full
false	ValueError: too long	too long	80	95
true	true	false
a string	false
TimeoutError: late	true
Error: bad setting limit
ValueError: "many" is no number
EHOSTUNREACH	true
]]
