-- wait with a timeout: look at what is there after a while, and let the rest go on.
-- Unlike async.timeout it cancels nothing and raises nothing: the tasks that are not ready are
-- in the second list. Use it to show progress, to answer with what there is, or to give running
-- work a grace before it is cancelled.
-- asyncio: asyncio.wait(tasks, timeout=).

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local function source(name, seconds)
  return async.create_task(function()
    async.sleep(seconds)
    return name
  end, { name = name })
end

-- Progress: a line every 0.2 seconds until all are done.
local tasks = { source("a", 0.1), source("b", 0.3), source("c", 0.5) }
repeat
  local done, pending = async.wait(tasks, { timeout = 0.2 })
  note(("%d of %d ready"):format(#done, #tasks))
until #pending == 0

-- Answer with what is there when the time is over; the rest is cancelled, and has then ended.
begun = loop:time()
local done, pending = async.wait({ source("cache", 0.1), source("archive", 9) }, { timeout = 0.3 })
for _, task in ipairs(done) do note("used: " .. task:result()) end
for _, task in ipairs(pending) do task:cancel() end
async.wait(pending)
for _, task in ipairs(pending) do note("dropped: " .. task:get_name(), task:cancelled()) end

-- A timeout of 0 only asks which are done.
local quick, slow = source("quick", 0.1), source("slow", 0.2)
async.sleep(0.1)
note(#async.wait({ quick, slow }, { timeout = 0 }))
await(slow)

--[[ prints:
0.2 s	1 of 3 ready
0.4 s	2 of 3 ready
0.5 s	3 of 3 ready
0.3 s	used: cache
0.3 s	dropped: archive	true
0.4 s	1
]]
