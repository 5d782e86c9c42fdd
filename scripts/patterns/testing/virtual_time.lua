-- Virtual time: a clock that jumps to the next timer when everything waits, so that code with hours
-- of sleeps is tried in milliseconds, with exact times, and the same way every time.
-- Use it in tests of whatever waits for time: timeouts, retries, schedules. Not for sockets and
-- processes, which live in real time. neap.test has it as an option of each test (retry_test.lua).
-- asyncio has none; Trio has MockClock.
local loop = async.get_running_loop()

-- What shall be tried: an alarm that repeats every hour until somebody answers.
local function alarm(answered)
  local begun = loop:time()
  local function log(text) print(("%.1f h: %s"):format((loop:time() - begun) / 3600, text)) end
  repeat
    log("ring")
  until async.move_on_after(3600, answered.wait, answered)
  log("quiet")
end

-- In this run half a day passes at once.
async.run(function()
  local answered = async.Event()
  loop:call_later(3.5 * 3600, answered.set, answered)
  alarm(answered)
end, { clock = "virtual" })

-- The order of tasks that are ready at once is the same each time; another seed gives another one.
-- What must hold in every order is tried with many.
local function order(seed)
  local came = {}
  async.run(function()
    async.map({ "a", "b", "c" }, function(name)
      async.sleep(1) -- all three are ready at once
      came[#came + 1] = name
    end)
  end, { clock = "virtual", seed = seed })
  return table.concat(came)
end
print("as usual:", order(nil), "again:", order(nil))
local seen, different = {}, 0
for seed = 1, 50 do
  local came = order(seed)
  if not seen[came] then different = different + 1 end
  seen[came] = true
end
print("orders met with 50 seeds:", different)

--[[ prints:
0.0 h: ring
1.0 h: ring
2.0 h: ring
3.0 h: ring
3.5 h: quiet
as usual:	abc	again:	abc
orders met with 50 seeds:	6
]]
