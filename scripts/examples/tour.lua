-- A tour of neap in five seconds:  neap scripts/examples/tour.lua
--
-- Read it beside what it prints. The number at the left is the time since the start.
local fs = require "neap.fs"

local loop = async.get_running_loop()
local start = loop:time()

local function say(...)
  print(("%5.2f   "):format(loop:time() - start) .. string.format(...))
end

local function chapter(title)
  print(("\n%5.2f %s"):format(loop:time() - start, title))
end

chapter "Tasks: things that happen at the same time"

-- Any function may wait. What it calls suspends this task alone; the others run meanwhile.
local function boil(what, seconds)
  async.sleep(seconds)
  say("%s is ready", what)
  return what
end

local tea = async.spawn(boil, "tea", 0.3) -- a task runs beside this one
boil("egg", 0.2) -- and this is just a call
say("breakfast: %s and egg", await(tea))

chapter "gather: several at once, the results in order"

-- async(fn) describes calls without starting them, as Python's `async def` does.
local fetch = async(function(url, delay)
  async.sleep(delay)
  return "data from " .. url
end)

local pages = async.gather(fetch("a", 0.3), fetch("b", 0.1), fetch("c", 0.2))
say("%s", table.concat(pages, ", "))

chapter "as_completed: each as it comes"

for task in async.as_completed { fetch("slow", 0.3), fetch("quick", 0.1), fetch("medium", 0.2) } do
  say("%s", await(task))
end

chapter "timeout: nothing has to be waited for for ever"

async.try(function()
  async.timeout(0.2, function() await(fetch("a tired server", 60)) end)
end, async.except(async.TimeoutError, function(err)
  say("gave up: %s", err.message)
end))

local finished = async.move_on_after(0.1, async.sleep, 60)
say("move_on_after raises nothing; did it finish? %s", finished)

chapter "TaskGroup: no task outlives the block that started it"

do
  local group <close> = async.TaskGroup()
  for i = 1, 3 do
    group:spawn(function()
      async.sleep(0.1 * i)
      say("worker %d is done", i)
    end)
  end
end -- waits here
say("and only now the block is left")

chapter "One fails: the others are cancelled, and clean up behind them"

local function careful_worker()
  local tools <close> = setmetatable({}, {
    __close = function()
      async.sleep(0.1) -- cleanup may wait as well
      say("the careful worker has put its tools away")
    end,
  })
  async.sleep(60)
end

async.try(function()
  local group <close> = async.TaskGroup()
  group:spawn(careful_worker)
  group:spawn(function()
    async.sleep(0.1)
    error(async.ValueError("the oven is on fire"))
  end)
end, async.except_group(async.ValueError, function(errors)
  for _, err in ipairs(errors.exceptions) do say("caught %s", err) end
end), async.finally(function()
  say("finally: the kitchen is closed")
end))

chapter "Cancelling: a request that pcall does not swallow"

local stubborn = async.spawn(function()
  while true do pcall(async.sleep, 60) end
end)
async.sleep(0.1)
stubborn:cancel("time to go home")
async.wait { stubborn }
say("a loop of pcalls is cancelled all the same: %s", stubborn:cancelled())

local payment = async.spawn(boil, "the payment", 0.3)
local impatient = async.spawn(function() async.shield(payment) end)
async.sleep(0.1)
impatient:cancel()
say("who waited for the payment is gone; shield lets it go on")
await(payment)

chapter "Queue and Lock: tasks that share work, and take turns"

local dishes, sink = async.Queue(2), async.Lock()
local function dishwasher(name)
  for dish in dishes:items() do -- waits for the next; ends when the queue is shut down and empty
    local held <close> = sink:acquire() -- released at the end of this turn
    async.sleep(0.05)
    say("%s washes the %s", name, dish)
  end
end

do
  local group <close> = async.TaskGroup()
  group:spawn(dishwasher, "Ann")
  group:spawn(dishwasher, "Bob")
  for _, dish in ipairs { "cup", "plate", "pan", "spoon" } do dishes:put(dish) end -- waits while there are two in it
  dishes:shutdown()
end

chapter "Generators: a coroutine that yields to its consumer and waits for the loop"

local function countdown(from)
  return coroutine.wrap(function()
    for i = from, 1, -1 do
      async.sleep(0.1)
      coroutine.yield(i)
    end
  end)
end

for i in countdown(3) do say("%d ...", i) end

local letters = async.generator(function() -- the same, closed for certain: its cleanup may wait too
  local note <close> = setmetatable({}, { __close = function() say("the letters are put away") end })
  for letter in ("abcdef"):gmatch("%a") do
    async.sleep(0.02)
    coroutine.yield(letter)
  end
end)

for pair in async.iter(letters()):map(string.upper):batch(2) do
  say("%s%s", pair[1], pair[2])
  if pair[1] == "C" then break end -- the generator is closed before the next statement
end

local lengths = async.map({ "one", "three", "seventeen" }, function(word)
  return async.sleep(0.05, #word)
end, { limit = 2 }) -- two at once, the results in order
say("%d %d %d letters", table.unpack(lengths))

chapter "Futures and callbacks, for those who bring news from elsewhere"

local news = async.Future()
loop:call_later(0.1, function() news:set_result("it is", 42) end)
say("%s %d", await(news))

chapter "Files: a slow disk keeps only the task waiting that asked"

local directory = os.tmpname()
fs.remove(directory)
fs.mkdir(directory .. "/notes", { parents = true })

async.gather(
  function() fs.write(directory .. "/notes/monday", "rain\nsun\n") end,
  function() fs.write(directory .. "/notes/tuesday", "snow\n") end
)
for path, entry in fs.walk(directory) do
  if entry.type == "file" then
    local file <close> = fs.open(path)
    for line in file:lines() do say("%s: %s", entry.name, line) end
  end
end
fs.remove(directory, { recursive = true })

async.try(function() fs.list(directory) end, async.except(async.OSError, function(err)
  say("the directory is gone: %s (code %s)", err.path == directory, err.code)
end))

chapter "The end. What is still running is cancelled now, and may clean up."

async.spawn(function()
  local goodbye <close> = setmetatable({}, { __close = function() say("goodbye") end })
  async.sleep(3600)
end)
async.sleep(0)
