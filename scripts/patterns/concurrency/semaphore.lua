-- A Semaphore: at most n tasks at a time in one part of the code, however many there are.
-- Use it where tasks exist already and only one step of theirs is scarce: connections to one host,
-- memory. For "do this for each item, n at a time" async.map is shorter (see map_limit.lua).
-- asyncio: async with Semaphore(n).
local loop = async.get_running_loop()
local begun = loop:time()
local slots = async.Semaphore(3)
local active, most = 0, 0

local function download(page)
  async.sleep(0.1) -- preparing needs no slot: all ten do it at once
  local slot <close> = slots:acquire() -- given back at the end of the function, also by an error
  active = active + 1
  most = math.max(most, active)
  async.sleep(0.2)
  active = active - 1
  return page
end

local group = {}
for page = 1, 10 do
  group[page] = function() return download(page) end
end
async.gather(group)
print(("10 downloads of 0.2 s: %.1f s, most at once: %d"):format(loop:time() - begun, most))

-- A slot for each host: a table of semaphores, made when they are asked for.
local slots_of = setmetatable({}, {
  __index = function(all, host)
    all[host] = async.Semaphore(1)
    return all[host]
  end,
})
begun = loop:time()
async.map({ "a.org/1", "b.org/1", "a.org/2", "a.org/3", "b.org/2" }, function(url)
  local slot <close> = slots_of[url:match("^[^/]+")]:acquire()
  async.sleep(0.2)
  print(("%.1f s: %s"):format(loop:time() - begun, url))
end)

-- A BoundedSemaphore notices a slot that is given back twice, which a Semaphore takes as one more.
print(pcall(function() async.BoundedSemaphore(3):release() end))

--[[ prints:
10 downloads of 0.2 s: 0.9 s, most at once: 3
0.2 s: a.org/1
0.2 s: b.org/1
0.4 s: a.org/2
0.4 s: b.org/2
0.6 s: a.org/3
false	ValueError: BoundedSemaphore(3) released more often than acquired
]]
