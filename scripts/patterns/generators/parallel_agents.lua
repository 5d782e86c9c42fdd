-- Agents at the same time, their events in one stream as they come: async.merge.
-- Each agent is a generator; the merge gives the events of all in the order of their happening.
-- The usual Python version gathers complete lists, so that nothing is seen before the slowest has
-- ended; streaming there takes a queue, a task for each agent, and the ending of these by hand.
-- asyncio: none; gather of lists, or a Queue with tasks that fill it.

local loop = async.get_running_loop()
local begun
local function show(event)
  print(("%.1f s  %-7s %s"):format(loop:time() - begun, event.from, event.text))
end

local researcher = async.generator(function(name, seconds, findings)
  local closed <close> = setmetatable({}, { __close = function(_, err)
    if err then print("       " .. name .. " was closed") end
  end })
  for _, finding in ipairs(findings) do
    async.sleep(seconds)
    coroutine.yield { from = name, text = finding }
  end
end)

local function library() return researcher("library", 0.5, { "a book", "a map" }) end
local function archive() return researcher("archive", 0.2, { "a letter", "a bill", "a photo" }) end

-- Gathered: every event is late, and those of one agent come after those of the other.
begun = loop:time()
local lists = async.gather(
  function() return async.iter(library()):collect() end,
  function() return async.iter(archive()):collect() end)
for _, list in ipairs(lists) do
  for _, event in ipairs(list) do show(event) end
end

-- Merged: each event when it happens.
print("merged")
begun = loop:time()
for event in async.merge(library(), archive()) do show(event) end

-- And it can be left when there is enough: both agents end there, not some time later.
print("until there is a letter")
begun = loop:time()
for event in async.merge(library(), archive()) do
  show(event)
  if event.text == "a letter" then break end
end
print(("%d tasks are left"):format(#async.all_tasks() - 1))

--[[ prints:
1.0 s  library a book
1.0 s  library a map
1.0 s  archive a letter
1.0 s  archive a bill
1.0 s  archive a photo
merged
0.2 s  archive a letter
0.4 s  archive a bill
0.5 s  library a book
0.6 s  archive a photo
1.0 s  library a map
until there is a letter
0.2 s  archive a letter
       library was closed
       archive was closed
0 tasks are left
]]
