-- select: wait for several channels at once, and do exactly one of the things that can happen.
-- Use it where a task has more than one thing to listen to: work, an order to stop, silence.
-- Each case has a function, which is called in this task and may wait; what it returns, select
-- returns. With `default` it does not wait at all.
-- Go: select. asyncio: none; wait(FIRST_COMPLETED) over tasks of get(), several of which may end.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local jobs, quit = async.Channel(), async.Channel()

async.spawn(function()
  for _, job in ipairs { "wash", "dry" } do
    async.sleep(0.2)
    jobs:send(job)
  end
  async.sleep(0.8)
  quit:send("the shop closes")
end)

local function serve()
  while true do
    local reason = async.select {
      jobs:on_receive(function(job) note("job: " .. job) end),
      quit:on_receive(function(reason) return reason end),
      async.on_timeout(0.5, function() note("nothing for half a second") end),
    }
    if reason then return reason end
  end
end
note(serve())

-- A case for sending: whoever is ready first gets the value.
begun = loop:time()
local left, right = async.Channel(), async.Channel()
async.spawn(function() async.sleep(0.2) note("left got " .. left:receive()) end)
async.spawn(function() async.sleep(0.1) note("right got " .. right:receive()) end)
for i = 1, 2 do
  local case = async.select { left:on_send(i), right:on_send(i) }   -- the place of the case
  note(("%d went %s"):format(i, case == 1 and "left" or "right"))
end
async.sleep(0)

-- A case that is false is left out, as a nil channel is in Go: here, when there is nothing to send.
local function step(outbox, channel)
  return async.select {
    #outbox > 0 and channel:on_send(outbox[1], function() return table.remove(outbox, 1) end),
    default = function() return "nobody is ready" end,
  }
end
local mailbox = async.Channel(1)
local outbox = { "a letter", "a card" }
print(step(outbox, mailbox), step(outbox, mailbox), #outbox)

--[[ prints:
0.2 s	job: wash
0.4 s	job: dry
0.9 s	nothing for half a second
1.2 s	the shop closes
0.1 s	right got 1
0.1 s	1 went right
0.2 s	left got 2
0.2 s	2 went left
a letter	nobody is ready	1
]]
