-- clock: real
-- A Worker: a function that lives in a thread of its own, with messages in both directions.
-- Use it for what keeps state between calls (an index, a connection of a blocking library) or
-- produces as it goes. For single calls to_thread is enough.
-- asyncio has none; multiprocessing.Process with two queues comes near.

-- The worker's function gets its end of the messages, `parent`, and the arguments. It has its own
-- globals, and sees nothing of this script but copies of its upvalues.
local function index(parent, greeting)
  local words = {}
  parent:send(greeting)
  for message in parent do -- until the other side closes
    if message.add then
      for word in message.add:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
    elseif message.ask then
      parent:send { word = message.ask, count = words[message.ask] or 0 }
    end
  end
  local different = 0
  for _ in pairs(words) do different = different + 1 end
  return different -- what join gives
end

local worker = async.Worker(index, "the index is ready")
print(worker:receive())

worker:send { add = "the quick brown fox jumps over the lazy dog" }
worker:send { add = "the end" }
for _, word in ipairs { "the", "fox", "cat" } do
  worker:send { ask = word }
  local answer = worker:receive()
  print(answer.word, answer.count)
end

worker:close() -- no more messages: its loop ends
print("different words:", worker:join())

-- An error in the worker is raised by join, and by the end of the block of a <close> variable.
local broken = async.Worker(function() error(async.RuntimeError("out of ink")) end)
print(pcall(broken.join, broken))

-- terminate ends one that does not listen; join then returns nothing.
local endless = async.Worker(function() while true do end end)
endless:terminate()
print("joined:", select("#", endless:join()))

--[[ prints:
the index is ready	true
the	3
fox	1
cat	0
different words:	9
false	RuntimeError: out of ink
joined:	0
]]
