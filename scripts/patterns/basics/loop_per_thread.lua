-- clock: real
-- One loop per thread: workers that compute in parallel and wait for many things at once.
-- A thread has a Lua state of its own, with its own loop, tasks and timers; values are copied
-- between threads, nothing is shared. Use it when a part both computes and waits (a server per
-- processor, an indexer); for waiting alone tasks are enough, for a computation async.to_thread is.
-- asyncio: asyncio.run in a threading.Thread, which with the GIL does not compute in parallel.

-- A Worker is a thread with a mailbox. This one takes jobs and does them concurrently, in tasks.
local function serve(parent, name)
  local group <close> = async.TaskGroup()      -- of the worker's own loop
  for job in parent do
    group:spawn(function()
      async.sleep(job.seconds)
      parent:send(name .. " did " .. job.title)
    end)
  end
end

local worker <close> = async.Worker(serve, "worker")
worker:send { title = "the slow job", seconds = 0.5 }
worker:send { title = "the quick job", seconds = 0.1 }
worker:close()                                 -- no more jobs
for message in worker do print(message) end        -- the quick one first: both waited at once

-- The threads of an executor have loops too: each call may wait and start tasks.
local function fetch_all(site)
  local function fetch(page)
    async.sleep(0.05)
    return site .. page
  end
  return async.map({ "/1", "/2", "/3" }, fetch)
end

local executor <close> = async.ThreadPoolExecutor { max_workers = 2 }
for _, pages in ipairs(executor:map(fetch_all, { "a", "b" })) do
  print(table.concat(pages, " "))
end

-- Each loop is its own: its tasks are not seen here, and its globals are not ours.
counter = 1                                    -- luacheck: ignore (a global, to show it)
print(await(executor:submit(function() return counter, #async.all_tasks() end)))

--[[ prints:
worker did the quick job
worker did the slow job
a/1 a/2 a/3
b/1 b/2 b/3
nil	1
]]
