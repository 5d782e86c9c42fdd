-- Fire and forget, done right: nobody awaits these tasks, and no error or end of them is lost.
-- async.spawn alone is safe in one way: the loop keeps the task, so it cannot vanish. But its
-- error is reported only as "never retrieved", and the end of the script cancels it. This holds
-- the tasks of an application in one place: errors go to a log at once, and closing waits for
-- what is under way.
-- asyncio: the set of background tasks with add_done_callback(tasks.discard).

local Background = {}
Background.__index = Background

function Background.new(on_error)
  return setmetatable({ tasks = {}, on_error = on_error }, Background)
end

function Background:spawn(fn, ...)
  local task = async.spawn(fn, ...)
  self.tasks[task] = true
  task:add_done_callback(function()
    self.tasks[task] = nil
    if not task:cancelled() and task:exception() then self.on_error(task, task:exception()) end
  end)
  return task
end

-- At the end of the block: whoever is not ready after the grace is cancelled, and waited for.
function Background:__close()
  local left = {}
  for task in pairs(self.tasks) do left[#left + 1] = task end
  if #left == 0 then return end
  local _, pending = async.wait(left, { timeout = 0.5 })
  for _, task in ipairs(pending) do task:cancel() end
  if #pending > 0 then async.wait(pending) end
  print(("closed: %d had to be cancelled"):format(#pending))
end

local function send_mail(to, seconds)
  async.sleep(seconds)
  if to == "nobody" then error(async.ValueError("no such address: " .. to)) end
  print("mail to " .. to .. " sent")
end

do
  local background <close> = Background.new(function(_, err) print("log:", err) end)
  background:spawn(send_mail, "ann", 0.1)
  background:spawn(send_mail, "nobody", 0.2)   -- seen when it happens, not at the end
  background:spawn(send_mail, "bob", 0.6)
  background:spawn(send_mail, "the moon", 60)
  async.sleep(0.3)
  print("the request is answered")
end
print("end")

--[[ prints:
mail to ann sent
log:	ValueError: no such address: nobody
the request is answered
mail to bob sent
closed: 1 had to be cancelled
end
]]
