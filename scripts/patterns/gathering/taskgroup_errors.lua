-- A TaskGroup in which several tasks fail, and the clauses that take its errors apart.
-- The first error cancels the siblings and the body; what else fails until all have ended is
-- collected. The block raises one ExceptionGroup with all of it. except_group handles errors by
-- class wherever they stand in the group; what no clause takes goes on.
-- asyncio: ExceptionGroup, except*.

local try, except_group, finally = async.try, async.except_group, async.finally

local function fails(seconds, err)
  async.sleep(seconds)
  error(err)
end

local function fails_in_cleanup()
  local cleanup <close> = setmetatable({}, { __close = function()
    error(async.OSError("cannot remove the lock file"))
  end })
  async.sleep(60)
end

local function batch()
  local group <close> = async.TaskGroup()
  group:spawn(fails, 0.1, async.ValueError("row 3 is no number"))
  group:spawn(fails, 0.1, async.ValueError("row 7 is no number"))      -- in the same turn
  group:spawn(fails, 60, async.RuntimeError("never happens"))          -- cancelled before
  group:spawn(fails_in_cleanup)                                        -- fails when it is cancelled
end

local _, group = pcall(batch)
print(group)
for i, err in ipairs(group.exceptions) do print(i, err) end

-- One clause per class: each gets a group of its part.
try(batch,
  except_group(async.ValueError, function(part)
    for _, err in ipairs(part.exceptions) do print("bad input:", err.message) end
  end),
  except_group(async.OSError, function(part)
    print("system:", part.exceptions[1].message)
  end),
  finally(function() print("finally") end))

-- What no clause takes is raised again, in a group.
local _, left = pcall(try, batch, except_group(async.ValueError, function() end))
print("left over:", #left.exceptions, left.exceptions[1])

-- By hand: split gives the part that matches and the rest; subgroup the part alone.
local values, rest = group:split(async.ValueError)
print(#values.exceptions, #rest.exceptions, group:subgroup(async.TimeoutError))

-- A failing body is one of the errors, and the first of the list.
_, group = pcall(async.with, async.TaskGroup(), function(tasks)
  tasks:spawn(fails_in_cleanup)
  async.sleep(0.1)
  error(async.ValueError("of the body"))
end)
for i, err in ipairs(group.exceptions) do print(i, err) end

--[[ prints:
ExceptionGroup: 3 errors in a TaskGroup
1	ValueError: row 3 is no number
2	ValueError: row 7 is no number
3	OSError: cannot remove the lock file
bad input:	row 3 is no number
bad input:	row 7 is no number
system:	cannot remove the lock file
finally
left over:	1	OSError: cannot remove the lock file
2	1	nil
1	ValueError: of the body
2	OSError: cannot remove the lock file
]]
