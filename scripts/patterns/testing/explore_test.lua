-- clock: real
-- Looking for races: explore runs the same code in many orders of its tasks, and once for each
-- place where a task could be cancelled. What only goes wrong on an unlucky day goes wrong here,
-- with a line that repeats it.
-- Use it for code with shared state: pools, caches, accounts. What it runs must depend on nothing
-- but the order of tasks: no real time, no sockets. asyncio has none.
local t = require "neap.test"
local test, expect = t.test, t.expect

-- A balance that is read, and written after a wait: the classic mistake. With the lock it is right.
local function new_account(locked)
  local account = { balance = 100, lock = async.Lock() }
  function account.withdraw(amount)
    local held <close> = locked and account.lock:acquire() or nil
    local before = account.balance
    if before < amount then return end
    async.sleep(0) -- asks somebody
    account.balance = before - amount
  end
  return account
end

local function two_withdrawals(account)
  do
    local group <close> = async.TaskGroup()
    group:spawn(account.withdraw, 30)
    group:spawn(account.withdraw, 50)
  end
  return account.balance
end

test("with a lock nothing is lost, in any order", function()
  t.explore(function()
    expect(two_withdrawals(new_account(true))):to_be(20)
  end, { cancel = false })
end)

test("a cancelled withdrawal leaves the lock free and the balance whole", function()
  t.explore(function()
    local account = new_account(true)
    local balance = two_withdrawals(account)
    expect(account.lock:locked()):to_be(false)
    expect({ 20, 50, 70, 100 }):to_contain(balance)
  end)
end)

test("without a lock explore finds the mistake", function()
  local err = t.raises(t.AssertionError, t.explore, function()
    expect(two_withdrawals(new_account(false))):to_be(20)
  end)
  print(err.message)
end)

--[[ prints:
...explore_test.lua
  ok   with a lock nothing is lost, in any order...
  ok   a cancelled withdrawal leaves the lock free and the balance whole...
the code fails in the usual order
replay: neap test ...explore_test.lua --filter 'without a lock explore finds the mistake'
  ...explore_test.lua:49: expected 50 to be 20
  expected: 20
    actual: 50
    49 | expect(two_withdrawals(new_account(false))):to_be(20)
  ok   without a lock explore finds the mistake...

3 passed, 0 failed in ... s
]]
