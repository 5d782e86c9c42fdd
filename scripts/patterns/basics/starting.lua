-- Ways to start: a script needs none, and asyncio's own ways are there too.
-- The script is the main task of a loop that runs already; when it returns, the tasks that it left
-- are cancelled and waited for. async.run does the same for a part of it; new_event_loop with
-- run_until_complete is asyncio's older pattern. Use them to type a tutorial's programs, or to end
-- a part of a program with everything that it started.
-- asyncio: asyncio.run(main()), loop.run_until_complete(main()).

local function ticker(name)
  local ended <close> = setmetatable({}, { __close = function() print(name .. " cleaned up") end })
  while true do async.sleep(1) end
end

-- 1. Nothing at all: the script waits by itself.
print(async.current_task():get_name())
async.sleep(0.1)

-- 2. asyncio.run: main in a task; then what is left of its tasks is cancelled and waited for.
local main = async(function(name)
  async.spawn(ticker, "ticker of run")
  async.sleep(0.1)
  return "hello " .. name
end)
print(async.run(main("you")))

-- 3. A loop of one's own: runs one awaitable at a time; tasks outlive it until the loop is closed.
do
  local loop <close> = async.new_event_loop()
  local task = loop:create_task(async(ticker)("ticker of the loop"))
  print(loop:run_until_complete(async(async.sleep)(0.1, "first")))
  print(loop:run_until_complete(async(async.sleep)(0.1, "second")))
  print("the ticker still runs", not task:done())
end                                    -- closed here: everything made since has ended

-- A loop within a loop is refused, as in asyncio: there one simply awaits.
async.run(function() print(select(2, pcall(async.run, main("nobody")))) end)

-- 4. What the script leaves ends with it, by cancellation: it is never forgotten.
async.spawn(ticker, "ticker of the script")
async.sleep(0.1)
print("end of the script")

--[[ prints:
main
ticker of run cleaned up
hello you
first
second
the ticker still runs	true
ticker of the loop cleaned up
RuntimeError: async.run() cannot be called from a running task; await it instead
end of the script
ticker of the script cleaned up
]]
