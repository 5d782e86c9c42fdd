-- Several workers on one queue: the first that is free takes the next item.
-- The number of workers is the limit of what runs at once. An item that fails must not end its
-- worker, so each is handled with pcall. For a list that is complete from the start, async.map
-- with `limit` does all of this; take a queue when work comes from several places, or brings
-- new work.
-- asyncio: the same; workers usually end by cancellation there, before 3.13's shutdown.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local jobs = async.Queue()
local counts = {}

local function work(job)
  async.sleep(job.seconds)
  if job.problem then error(async.ValueError(job.problem)) end
  for _, more in ipairs(job.brings or {}) do jobs:put(more) end     -- work that brings work
end

local function worker(name)
  for job in jobs:items() do
    local ok, err = pcall(work, job)           -- lets a cancellation through, as it should
    note(("%s: %s %s"):format(name, job.name, ok and "done" or err))
    counts[name] = (counts[name] or 0) + 1
    jobs:task_done()                           -- in any case: join counts on it
  end
end

do
  local group <close> = async.TaskGroup()
  for i = 1, 2 do group:spawn(worker, "worker " .. i) end

  jobs:put { name = "slow", seconds = 0.5 }
  jobs:put { name = "quick", seconds = 0.1 }
  jobs:put { name = "bad", seconds = 0.1, problem = "no such file" }
  jobs:put { name = "folder", seconds = 0.1, brings = {
    { name = "folder/a", seconds = 0.1 },
    { name = "folder/b", seconds = 0.3 },
  } }
  jobs:join()                                  -- also for what was put by the workers
  jobs:shutdown()                              -- their loops end, and so does the group
end
note(("done: %d and %d"):format(counts["worker 1"], counts["worker 2"]))

--[[ prints:
0.1 s	worker 2: quick done
0.2 s	worker 2: bad ValueError: no such file
0.3 s	worker 2: folder done
0.4 s	worker 2: folder/a done
0.5 s	worker 1: slow done
0.7 s	worker 2: folder/b done
0.7 s	done: 1 and 5
]]
