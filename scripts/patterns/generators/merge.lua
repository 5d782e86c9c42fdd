-- Several sources as one: async.merge gives what any of them yields, as it arrives.
-- Use it to handle events of many kinds in one loop: messages, ticks, signals. No source runs
-- ahead of the loop, leaving the loop closes all of them, and an error in one closes the
-- others.
-- asyncio: none; a task for each source that puts into a queue, and the ending of all that by hand.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local messages = async.generator(function()
  for _, text in ipairs { "hello", "how are you", "bye" } do
    async.sleep(0.2)
    coroutine.yield("message", text)
  end
end)

local ticks = async.generator(function(seconds)
  local closed <close> = setmetatable({}, { __close = function() note("ticks closed") end })
  while true do
    async.sleep(seconds)
    coroutine.yield("tick")
  end
end)

for kind, text in async.merge(messages(), ticks(0.5)) do
  note(text and kind .. ": " .. text or kind)
  if text == "bye" then break end
end

-- Sources of other kinds go together too: a queue, a list, Lua's own iterators.
begun = loop:time()
local queue = async.Queue()
loop:call_later(0.2, function()
  queue:put_nowait("from the queue")
  queue:shutdown()
end)
for item in async.merge(queue:items(), { "from a list", "also" }, ("a b"):gmatch("%a")) do
  note(item)
end

-- An error in one source: the others are closed, and the loop raises it.
begun = loop:time()
local broken = async.generator(function()
  async.sleep(0.3)
  error(async.ConnectionError("lost"))
end)
print(pcall(function()
  for kind in async.merge(ticks(0.2), broken()) do note(kind) end
end))

--[[ prints:
0.2 s	message: hello
0.4 s	message: how are you
0.5 s	tick
0.6 s	message: bye
0.6 s	ticks closed
0.0 s	from a list
0.0 s	also
0.0 s	a
0.0 s	b
0.2 s	from the queue
0.2 s	tick
0.3 s	ticks closed
false	ConnectionError: lost
]]
