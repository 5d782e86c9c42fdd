-- Objects of your own that can be awaited: the metamethod __await.
-- await(x) calls it, and gives what it returns; it may wait as any function. gather, wait and the
-- others take such objects too. Use it where an object stands for something that is under way
-- (a request, a job); for a mere function there is no need.
-- asyncio: __await__, which has to give an iterator there.

local loop = async.get_running_loop()

-- A request that is sent at once, and whose answer is awaited later, or by several, or never.
local Request = {}
Request.__index = Request

function Request.new(path)
  local request = setmetatable({ path = path }, Request)
  request.task = async.spawn(request.fetch, request)
  return request
end

function Request:fetch()
  async.sleep(#self.path / 10)
  return "page of " .. self.path
end

function Request:__await()
  return await(self.task)
end

local begun = loop:time()
local about = Request.new("/about")
local news = Request.new("/news")
async.sleep(0.4)                       -- something else meanwhile
print(await(about))
print(await(news))
print(("%.1f s"):format(loop:time() - begun))

-- With the rest of the library it goes together as a task does.
local pages = async.gather(Request.new("/a"), Request.new("/b"))
print(table.concat(pages, ", "))
print(pcall(async.wait_for, Request.new("/a/long/path"), 0.5))

-- __await gets further arguments of await.
local Countdown = {}
function Countdown.__await(countdown, step)
  local steps = 0
  for _ = countdown.from, 1, -(step or 1) do
    async.sleep(0.1)
    steps = steps + 1
  end
  return steps
end
local countdown = setmetatable({ from = 6 }, Countdown)
print(await(countdown), await(countdown, 2))

--[[ prints:
page of /about
page of /news
0.6 s
page of /a, page of /b
false	TimeoutError: timed out after 0.5 seconds
6	3
]]
