-- Why a TaskGroup beats gather: what is still running after an error.
-- gather raises the first error and leaves the others alone; they go on behind the back of
-- whoever handles it, and what they do then comes as a surprise. A TaskGroup cancels them and
-- waits, so that after the block there is nothing. gather is right when the others shall go on,
-- or cannot fail.
-- asyncio: the same difference; gather is the older of the two.

local loop = async.get_running_loop()
local begun
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function debit(account)
  async.sleep(0.1)
  error(async.ValueError(account .. " has not enough money"))
end

local function credit(account)
  local undo <close> = setmetatable({}, { __close = function(_, err)
    if err then note("  credit was stopped: " .. tostring(err)) end
  end })
  async.sleep(0.3)
  note("  " .. account .. " gets the money")
end

local function transfer_by_gather()
  async.gather(function() debit("ann") end, function() credit("bob") end)
end

local function transfer_by_group()
  local group <close> = async.TaskGroup()
  group:spawn(debit, "ann")
  group:spawn(credit, "bob")
end

for _, way in ipairs { { "gather", transfer_by_gather }, { "TaskGroup", transfer_by_group } } do
  begun = loop:time()
  print(way[1])
  local _, err = pcall(way[2])
  note("failed: " .. tostring(err))
  note(("tasks still running: %d"):format(#async.all_tasks() - 1))
  async.sleep(0.5)
  note("half a second later")
end

--[[ prints:
gather
0.1 s	failed: ValueError: ann has not enough money
0.1 s	tasks still running: 1
0.3 s	  bob gets the money
0.6 s	half a second later
TaskGroup
0.1 s	  credit was stopped: CancelledError
0.1 s	failed: ExceptionGroup: 1 error in a TaskGroup
0.1 s	tasks still running: 0
0.6 s	half a second later
]]
