-- Lock: one at a time in a section that waits.
-- Tasks switch only where one waits, so code without a wait needs no lock. A section that
-- reads, waits and then writes does: others may have changed what it read. Whoever waits
-- longest is next. A Lock is not reentrant: a task that takes it twice waits for itself.
-- asyncio: asyncio.Lock, async with lock.

local loop = async.get_running_loop()
local balance = 100
local lock = async.Lock()

local function withdraw(amount)                -- reads, waits, writes: the answer may be stale
  local before = balance
  async.sleep(0.1)
  if before < amount then error(async.ValueError("not enough money")) end
  balance = before - amount
end

local function withdraw_locked(amount)
  local held <close> = lock:acquire()          -- released at the end of the block, in any case
  withdraw(amount)
end

local function two_at_once(fn)
  balance = 100
  local results = async.gather {
    function() fn(70) return "ok" end,
    function() fn(70) return "ok" end,
    return_exceptions = true,
  }
  print(results[1], results[2], "left: " .. balance)
end

print("without a lock: 140 of 100 are paid out")
two_at_once(withdraw)
print("with a lock")
two_at_once(withdraw_locked)

-- First come, first served, whoever releases.
local begun = loop:time()
async.map({ "a", "b", "c" }, function(name)
  async.with(lock, function() async.sleep(0.1) end)
  print(("%.1f s  %s"):format(loop:time() - begun, name))
end)

-- A limit for the wait; who gave up has not got it, and holds up nobody.
local held = lock:acquire()
print(pcall(async.timeout, 0.1, lock.acquire, lock))
held:release()
print("locked", lock:locked())

-- Taking it twice is a deadlock, and said to be one.
local _, err = pcall(function()
  local first <close> = lock:acquire()
  local second <close> = lock:acquire()
end)
print(err:is(async.DeadlockError), lock:locked())

--[[ prints:
without a lock: 140 of 100 are paid out
ok	ok	left: 30
with a lock
ok	ValueError: not enough money	left: 30
0.1 s  a
0.2 s  b
0.3 s  c
false	TimeoutError: timed out after 0.1 seconds
locked	false
true	false
]]
