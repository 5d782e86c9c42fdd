-- The end of a session: what still runs is told, cancelled, and given a moment.
local core, use = ...

local async = require "async"

local GRACE = 2 -- seconds
local SHOWN = 10

local function list(session, tasks)
  for i = 1, math.min(#tasks, SHOWN) do session:say("  " .. tostring(tasks[i])) end
  if #tasks > SHOWN then session:say(("  and %d more"):format(#tasks - SHOWN)) end
end

local function running(first, own)
  local tasks = {}
  for _, task in ipairs(async.all_tasks()) do
    if task ~= own and not first[task] then tasks[#tasks + 1] = task end
  end
  return tasks
end

local function count(tasks)
  return #tasks == 1 and "1 task" or ("%d tasks"):format(#tasks)
end

-- Ends the tasks that are not in the set `before`. True when none is left.
local function leave(session, before)
  local own = async.current_task()
  local tasks = running(before, own)
  if #tasks == 0 then return true end
  session:say(("Still running: %s, cancelled now."):format(count(tasks)))
  list(session, tasks)
  for _, task in ipairs(tasks) do task:cancel() end
  async.wait(tasks, { timeout = GRACE })
  tasks = running(before, own)
  if #tasks == 0 then return true end
  session:say(("Not ended after %d seconds, and left: %s."):format(GRACE, count(tasks)))
  list(session, tasks)
  return false
end

return { leave = leave }
