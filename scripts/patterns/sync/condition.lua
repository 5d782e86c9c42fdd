-- Condition: waiting, under a lock, until the state that the lock guards is as one needs it.
-- wait_for(predicate) gives the lock up while it waits, and holds it when the predicate is
-- true; who changes the state notifies. Use it when what is waited for depends on several
-- variables. For items take a Queue, for a single flag an Event: both are made for that, and
-- shorter.
-- asyncio: asyncio.Condition.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local stock = { apples = 0, pears = 0 }
local changed = async.Condition()

local function deliver(fruit, count)
  local held <close> = changed:acquire()
  stock[fruit] = stock[fruit] + count
  note(("delivery: %d %s"):format(count, fruit))
  changed:notify_all()                         -- everybody looks whether it is enough now
end

local function buy(name, apples, pears)
  local held <close> = changed:acquire()
  changed:wait_for(function() return stock.apples >= apples and stock.pears >= pears end)
  stock.apples, stock.pears = stock.apples - apples, stock.pears - pears
  note(("%s takes %d and %d"):format(name, apples, pears))
end

do
  local group <close> = async.TaskGroup()
  group:spawn(buy, "ann", 2, 1)
  group:spawn(buy, "bob", 1, 0)
  for _, load in ipairs { { "apples", 1 }, { "apples", 2 }, { "pears", 1 } } do
    async.sleep(0.1)
    deliver(load[1], load[2])
  end
end
note(("left: %d and %d"):format(stock.apples, stock.pears))

-- notify(n) wakes only so many: when one delivery serves one customer, and it is no matter which.
begun = loop:time()
local seats = 0
local freed = async.Condition()
local guests = {}
for i = 1, 3 do
  guests[i] = async.spawn(function()
    local held <close> = freed:acquire()
    while seats == 0 do freed:wait() end       -- by hand: look again after each notify
    seats = seats - 1
    note("guest " .. i .. " sits down")
  end)
end
for _ = 1, 2 do
  async.sleep(0.1)
  local held <close> = freed:acquire()
  seats = seats + 1
  freed:notify(1)
end
async.sleep(0)
note("waiting: " .. #select(2, async.wait(guests, { timeout = 0 })))
guests[3]:cancel()

--[[ prints:
0.1 s	delivery: 1 apples
0.1 s	bob takes 1 and 0
0.2 s	delivery: 2 apples
0.3 s	delivery: 1 pears
0.3 s	ann takes 2 and 1
0.3 s	left: 0 and 0
0.1 s	guest 1 sits down
0.2 s	guest 2 sits down
0.2 s	waiting: 1
]]
