-- Channel: values from task to task, as in Go.
-- Without a capacity sender and receiver meet: send returns when somebody has taken the value,
-- so the two stay in step. A loop over the channel ends when it is closed. Take a Channel for a
-- stage of a pipeline and for select, a Queue when join, priorities or a look at its size are
-- needed.
-- Go: make(chan T), ch <- v, <-ch, for v := range ch, close(ch). asyncio: none.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

-- Sender and receiver meet.
local meeting = async.Channel()
async.spawn(function()
  for i = 1, 2 do
    meeting:send(i)
    note("sent " .. i)
  end
  meeting:close()
end)
async.sleep(0.2)
for value in meeting do
  note("  received " .. value)
  async.sleep(0.2)
end
print(meeting:receive())                       -- closed and empty: nil, and false

-- With a capacity the sender may be ahead by so many.
begun = loop:time()
local buffered = async.Channel(2)
async.spawn(function()
  for i = 1, 3 do
    buffered:send(i)
    note("sent " .. i)
  end
  buffered:close()
end)
async.sleep(0.1)
for value in buffered do note("  received " .. value) end

-- A pipeline: each stage has a channel for what it gives, and closes it at its end.
local function stage(input, fn)
  local output = async.Channel()
  async.spawn(function()
    local closing <close> = output             -- closed on every way out
    for value in input do
      async.sleep(0.1)
      output:send(fn(value))
    end
  end)
  return output
end

local source = async.Channel(math.huge)
for i = 1, 3 do source:send(i) end
source:close()
begun = loop:time()
local squared = stage(source, function(x) return x * x end)
local texts = stage(squared, function(x) return "<" .. x .. ">" end)
for text in texts do note(text) end            -- 0.4 s and not 0.6: both stages work at once

--[[ prints:
0.2 s	  received 1
0.2 s	sent 1
0.4 s	  received 2
0.4 s	sent 2
nil	false
0.0 s	sent 1
0.0 s	sent 2
0.1 s	  received 1
0.1 s	  received 2
0.1 s	  received 3
0.1 s	sent 3
0.2 s	<1>
0.3 s	<4>
0.4 s	<9>
]]
