-- An overall limit: however many calls there are, all of them end by one time.
-- Use it where somebody waits for the whole: a request, a page of results. Beside it single calls
-- may have limits of their own; the tighter one is met first.
-- asyncio: async with timeout(3) around gather, or wait(tasks, timeout=3).
local loop = async.get_running_loop()

local seconds_of = { a = 0.1, b = 0.4, c = 60 }
local function fetch(name) return async.sleep(seconds_of[name], "page " .. name) end
local function call(name) return function() return fetch(name) end end

-- All or nothing: when the time is over, every call is cancelled.
print(pcall(async.timeout, 0.6, async.gather, call "a", call "b", call "c"))

-- What is there by then: wait takes a timeout, cancels nothing, and gives two lists.
local tasks = {}
for i, name in ipairs { "a", "b", "c" } do
  tasks[i] = async.create_task(call(name), { name = name })
end
local done, pending = async.wait(tasks, { timeout = 0.6 })
for _, task in ipairs(done) do print(task:result()) end
for _, task in ipairs(pending) do
  print("too late: " .. task:get_name())
  task:cancel()
end

-- As they come, until the time is over. Nothing is cancelled by that either.
local begun = loop:time()
local ok, err = pcall(function()
  for task in async.as_completed({ call "c", call "a", call "b" }, { timeout = 0.6 }) do
    print(("%.1f s: %s"):format(loop:time() - begun, await(task)))
  end
end)
print(ok, err)

-- Both limits: 0.2 seconds for each call, 0.5 for all.
begun = loop:time()
local got = {}
local all = async.move_on_after(0.5, function()
  for _, name in ipairs { "a", "b", "a", "c", "a" } do
    local in_time, page = async.move_on_after(0.2, fetch, name)
    got[#got + 1] = in_time and page or "-"
  end
end)
print(all, table.concat(got, ", "), ("%.1f s"):format(loop:time() - begun))

--[[ prints:
false	TimeoutError: timed out after 0.6 seconds
page a
page b
too late: c
0.1 s: page a
0.4 s: page b
false	TimeoutError: 1 of 3 have not completed in time
false	page a, -, page a	0.5 s
]]
