-- clock: real
-- Blocking work in threads: a call of a C library that waits by itself (a database driver, a
-- compressor) stops the loop, and all tasks with it. In a thread it stops nobody.
-- Use it for such calls only. What neap can wait for by itself (sockets, files, processes, even
-- os.execute) needs no thread.
-- asyncio: to_thread, run_in_executor.

-- Stands for such a library: it keeps its thread busy and knows nothing of the loop.
local function blocking_query(text)
  local till = os.clock() + 0.05
  while os.clock() < till do end
  return "rows of " .. text
end

-- Does a task that wants to run every 10 ms get its turn while fn runs?
local function others_run_during(fn)
  local ticks = 0
  local ticker = async.spawn(function()
    while true do
      async.sleep(0.01)
      ticks = ticks + 1
    end
  end)
  local result = fn()
  ticker:cancel()
  return ticks > 0, result
end

print("in the loop, others ran:", others_run_during(function() return blocking_query("orders") end))
print("in a thread, others ran:", others_run_during(function()
  return async.to_thread(blocking_query, "orders")
end))

-- Errors come back with their class; arguments and results are copied, and what cannot be is named.
print(pcall(async.to_thread, function() error(async.ValueError("no such table")) end))
print(pcall(async.to_thread, print, async.stdout))

-- An executor is a number of threads of their own: here at most two queries run at a time. submit
-- starts a call, map makes one for each item and gives the results in order.
local database <close> = async.ThreadPoolExecutor { max_workers = 2, name = "database" }
local users = database:submit(blocking_query, "users")
local rows = database:map(blocking_query, { "a", "b", "c" })
print(await(users), table.concat(rows, ", "))

-- A limit: the waiter gets its TimeoutError at once, and Lua code in the thread is ended as well.
print(pcall(async.timeout, 0.05, async.to_thread, function() while true do end end))

--[[ prints:
in the loop, others ran:	false	rows of orders
in a thread, others ran:	true	rows of orders
false	ValueError: no such table
false	TypeError: argument 2 is a Stream, which cannot be copied to another thread
rows of users	rows of a, rows of b, rows of c
false	TimeoutError: timed out after 0.05 seconds
]]
