-- An event bus: whoever publishes does not know who listens.
-- Each subscriber has a queue of its own, so that a slow one holds up nobody, and loses nothing
-- up to its bound; beyond that the bus drops its oldest events and counts them. Use it between
-- the parts of an application; when there is one listener, hand it a queue, or call it.
-- asyncio: none; the same is written there with a Queue for each subscriber.

local Bus = {}
Bus.__index = Bus

function Bus.new() return setmetatable({ queues = {}, dropped = 0 }, Bus) end

-- The events of a topic, as a generator: the end of the loop ends the subscription.
local events = async.generator(function(queue, listeners)
  local ending <close> = async.closing(queue, function() listeners[queue] = nil end)
  for event in queue:items() do coroutine.yield(event) end
end)

-- A bound is 2 or more: the one item of a queue may be promised to the listener already, and then
-- there is nothing to drop.
function Bus:subscribe(topic, bound)
  assert(not bound or bound >= 2, "the bound must be 2 or more")
  local queue = async.Queue(bound or 0)
  self.queues[topic] = self.queues[topic] or {}
  self.queues[topic][queue] = true             -- from now on, not from the first step of the loop
  return events(queue, self.queues[topic])
end

function Bus:publish(topic, event)             -- never waits
  for queue in pairs(self.queues[topic] or {}) do
    if queue:full() then
      queue:get_nowait()
      self.dropped = self.dropped + 1
    end
    queue:put_nowait(event)
  end
end

function Bus:close()
  for _, queues in pairs(self.queues) do
    for queue in pairs(queues) do queue:shutdown() end
  end
end

local bus = Bus.new()

local function listen(name, seconds, bound)
  local orders = bus:subscribe("orders", bound)
  return async.spawn(function()
    for order in orders:each() do
      async.sleep(seconds)
      print(name .. " saw " .. order)
    end
    print(name .. " has ended")
  end)
end

local kitchen = listen("kitchen", 0.05)
local office = listen("office", 0.42, 2)       -- slow, and keeps but two
local first = bus:subscribe("orders")

for _, order in ipairs { "soup", "fish", "cake", "tea", "figs" } do
  bus:publish("orders", order)
  async.sleep(0.1)
end
bus:publish("nothing listens here", 1)

for order in first:each() do                        -- one event, and the subscription ends
  print("the first order was " .. order)
  break
end
bus:close()
async.gather(kitchen, office)
print(bus.dropped .. " dropped")

--[[ prints:
kitchen saw soup
kitchen saw fish
kitchen saw cake
kitchen saw tea
office saw soup
kitchen saw figs
the first order was soup
kitchen has ended
office saw tea
office saw figs
office has ended
2 dropped
]]
