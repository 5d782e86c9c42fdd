-- A limit for each operation: every call has its own, so one that hangs costs no other its time.
-- Use it for many calls of one kind, whose number is not known: a crawler, a batch. It does not
-- bound the whole: ten calls of at most 2 seconds may take 20. For that see overall.lua; often both
-- are wanted.
-- asyncio: wait_for around each call.
local loop = async.get_running_loop()

local seconds_of = { a = 0.1, b = 60, c = 0.2, d = 60 }
local function fetch(name) return async.sleep(seconds_of[name], "page " .. name) end

-- One after the other: each has 0.3 seconds.
local begun = loop:time()
for _, name in ipairs { "a", "b", "c" } do
  print(name, pcall(async.timeout, 0.3, fetch, name))
end
print(("%.1f s"):format(loop:time() - begun))

-- All at once, each with its own limit, and an error in place of what did not come.
begun = loop:time()
local calls = { return_exceptions = true }
for i, name in ipairs { "a", "b", "c", "d" } do
  calls[i] = function() return async.timeout(0.3, fetch, name) end
end
for _, result in ipairs(async.gather(calls)) do print(result) end
print(("%.1f s"):format(loop:time() - begun))

-- With a bounded number at a time the limit belongs inside: the time spent in the line does not
-- count.
begun = loop:time()
local pages = async.map({ "a", "b", "c", "d" }, function(name)
  local in_time, page = async.move_on_after(0.3, fetch, name)
  return in_time and page or "nothing from " .. name
end, { limit = 2 })
print(table.concat(pages, ", "))
print(("%.1f s"):format(loop:time() - begun))

--[[ prints:
a	true	page a
b	false	TimeoutError: timed out after 0.3 seconds
c	true	page c
0.6 s
page a
TimeoutError: timed out after 0.3 seconds
page c
TimeoutError: timed out after 0.3 seconds
0.3 s
page a, nothing from b, page c, nothing from d
0.6 s
]]
