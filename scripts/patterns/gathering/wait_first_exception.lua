-- wait, until one fails or all are done, and decide by hand what becomes of the rest.
-- FIRST_EXCEPTION returns early only for an error; then the pending ones still run, and whoever
-- waits cancels them, or lets them finish. Use it where that is a decision (let uploads end,
-- stop downloads); where the rest shall simply end, a TaskGroup does all of it.
-- asyncio: asyncio.wait(..., return_when=FIRST_EXCEPTION).

local function job(name, seconds, problem)
  return async.create_task(function()
    local ended <close> = setmetatable({}, { __close = function(_, err)
      print("  " .. name .. (err and " ended early: " .. tostring(err) or " finished"))
    end })
    async.sleep(seconds)
    if problem then error(async.RuntimeError(problem)) end
  end, { name = name })
end

local function names(tasks)
  local list = {}
  for i, task in ipairs(tasks) do list[i] = task:get_name() end
  return #list == 0 and "none" or table.concat(list, ", ")
end

local function run(tasks)
  local done, pending = async.wait(tasks, { return_when = async.FIRST_EXCEPTION })
  print("done: " .. names(done))
  print("pending: " .. names(pending))

  -- Uploads may finish, everything else is cancelled; either way all of them have ended then.
  for _, task in ipairs(pending) do
    if not task:get_name():find("upload") then task:cancel() end
  end
  if #pending > 0 then async.wait(pending) end

  for _, task in ipairs(done) do
    local err = task:exception()
    if err then print("error of " .. task:get_name() .. ": " .. err.message) end
  end
end

run { job("download", 0.5), job("upload", 0.4), job("parse", 0.1), job("index", 0.2, "disk full") }
print("when none fails, it waits for all")
run { job("one", 0.1), job("two", 0.2) }

--[[ prints:
  parse finished
  index ended early: RuntimeError: disk full
done: parse, index
pending: download, upload
  download ended early: CancelledError
  upload finished
error of index: disk full
when none fails, it waits for all
  one finished
  two finished
done: one, two
pending: none
]]
