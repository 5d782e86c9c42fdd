-- TaskGroup: tasks that end before the block in which they start does.
-- Leaving the block waits for all of them, so what comes after can rely on their work, and no
-- task is ever left behind. This is the default for starting tasks; gather is for a quick list
-- of results. Children may start further children in the same group.
-- asyncio: async with asyncio.TaskGroup().

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function copy(name, seconds)
  async.sleep(seconds)
  note("copied " .. name)
  return seconds
end

-- The form with <close>: the end of the block is the place where all have ended.
do
  local group <close> = async.TaskGroup()
  group:spawn(copy, "a", 0.2)
  group:spawn(copy, "b", 0.1)
  note("the body goes on meanwhile")
end
note("both are copied")

-- Results: from the tasks, after the block.
begun = loop:time()
local first, second
do
  local group <close> = async.TaskGroup()
  first, second = group:spawn(copy, "c", 0.1), group:spawn(copy, "d", 0.2)
end
note(("sum %.1f"):format(first:result() + second:result()))

-- As a function: async.with gives the group and returns what the function returns. group:cancel()
-- ends everything in it without an error, the function too.
begun = loop:time()
async.with(async.TaskGroup(), function(group)
  local function walk(folder, depth)           -- each folder starts tasks for those within
    note("  " .. folder)
    async.sleep(0.1)
    if depth > 0 then
      group:spawn(walk, folder .. "x/", depth - 1)
      group:spawn(walk, folder .. "y/", depth - 1)
    end
  end
  group:spawn(walk, "/", 2)
end)
note("all folders have been seen")

begun = loop:time()
async.with(async.TaskGroup(), function(group)
  group:spawn(async.sleep, 60)
  group:cancel()
  async.sleep(60)
end)
note("enough of that")

--[[ prints:
0.0 s	the body goes on meanwhile
0.1 s	copied b
0.2 s	copied a
0.2 s	both are copied
0.1 s	copied c
0.2 s	copied d
0.2 s	sum 0.3
0.0 s	  /
0.1 s	  /x/
0.1 s	  /y/
0.2 s	  /x/x/
0.2 s	  /x/y/
0.2 s	  /y/x/
0.2 s	  /y/y/
0.3 s	all folders have been seen
0.0 s	enough of that
]]
