-- async.with: a manager around the call of a function.
-- It calls __enter, gives what that returns to the function, and leaves by __exit, which gets
-- the error and may swallow it; then async.with returns what the function returned. Use it for
-- managers that hand out something other than themselves, or decide about errors; `<close>` is
-- shorter for the rest.
-- asyncio: async with cm as x; __aenter__, __aexit__.

-- A transaction: commits, or rolls back; a Rollback ends it without an error for whoever called.
local Rollback = async.class("Rollback")

local Database = {}
Database.__index = Database

function Database:transaction()
  return setmetatable({}, {
    __enter = function()
      async.sleep(0.1)
      print("  begin")
      return { rows = {}, database = self }    -- what the function gets
    end,
    __exit = function(_, err)
      async.sleep(0.1)
      print(err and "  rollback" or "  commit")
      return async.is(err, Rollback)           -- true swallows the error
    end,
  })
end

local database = setmetatable({}, Database)

print("good", async.with(database:transaction(), function(transaction)
  transaction.rows[1] = "ann"
  return #transaction.rows
end))

print("bad", pcall(async.with, database:transaction(), function()
  error(async.ValueError("no such column"))
end))

print("taken back", async.with(database:transaction(), function()
  error(Rollback())
end))

-- Anything with __close will do too: a Lock, a TaskGroup, a Timeout, a file.
local lock = async.Lock()
print(async.with(lock, function() return lock:locked() end), lock:locked())
print(pcall(async.with, async.timeout(0.1), function() async.sleep(60) end))

-- The form for a block: the manager is closed, the second value is the resource. An error of the
-- block is rolled back as well, but cannot be swallowed: Lua goes on raising it.
do
  local t <close>, transaction = async.enter(database:transaction())
  transaction.rows[1] = "bob"
end

--[[ prints:
  begin
  commit
good	1
  begin
  rollback
bad	false	ValueError: no such column
  begin
  rollback
taken back
true	false
false	TimeoutError: timed out after 0.1 seconds
  begin
  commit
]]
