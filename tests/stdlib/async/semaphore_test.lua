test("a semaphore has as many permits as it was made with, 1 unless said", function()
  local semaphore = async.Semaphore(2)
  equal(tostring(semaphore), "<Semaphore value=2 waiting=0>")
  equal(semaphore:acquire(), semaphore)
  check(not semaphore:locked())
  semaphore:acquire()
  check(semaphore:locked())
  local waiter = async.spawn(semaphore.acquire, semaphore)
  async.sleep(0)
  equal(tostring(semaphore), "<Semaphore value=0 waiting=1>")
  semaphore:release()
  equal(await(waiter), semaphore)
  local one = async.Semaphore()
  one:acquire()
  check(one:locked())
  check(async.Semaphore(0):locked())
end)

test("a Semaphore may be released more often than acquired", function()
  local semaphore = async.Semaphore(0)
  semaphore:release()
  semaphore:release()
  semaphore:acquire()
  check(not semaphore:locked())
end)

test("a BoundedSemaphore may not", function()
  local semaphore = async.BoundedSemaphore(2)
  equal(tostring(semaphore), "<BoundedSemaphore value=2 waiting=0>")
  misuse(async.ValueError, semaphore.release, semaphore)
  semaphore:acquire()
  semaphore:release()
  misuse(async.ValueError, semaphore.release, semaphore)
  local empty = async.BoundedSemaphore(0)
  misuse(async.ValueError, empty.release, empty)
  local one = async.BoundedSemaphore()
  misuse(async.ValueError, one.release, one)
end)

for _, name in ipairs { "Semaphore", "BoundedSemaphore" } do
  local make = async[name]

  test(name .. " refuses what is no number of permits", function()
    for _, value in ipairs { "2", true, {}, 1.5, 0 / 0, math.huge } do misuse(async.TypeError, make, value) end
    misuse(async.ValueError, make, -1)
    raises("argument 1 of " .. name .. " must be 0 or more, got %-1", make, -1)
  end)

  test(name .. ": permits go to tasks in the order in which they came, and nobody overtakes", function()
    local semaphore, order, tasks = make(3), {}, {}
    for _ = 1, 3 do semaphore:acquire() end
    local function take(i)
      semaphore:acquire()
      order[#order + 1] = i
    end
    for i = 1, 3 do tasks[i] = async.spawn(take, i) end
    async.sleep(0)
    for _ = 1, 3 do semaphore:release() end
    check(semaphore:locked())
    local newcomer = async.spawn(take, "newcomer")
    async.gather(tasks)
    async.sleep(0)
    equal(order, { 1, 2, 3 })
    semaphore:release()
    await(newcomer)
    equal(#order, 4)
  end)

  test(name .. ": <close> and async.with release it", function()
    local semaphore = make(1)
    raises("^boom$", function()
      local held <close> = semaphore:acquire()
      check(held:locked())
      error("boom", 0)
    end)
    check(not semaphore:locked())
    equal(async.with(semaphore, function(held) return held == semaphore and held:locked() end), true)
    check(not semaphore:locked())
  end)

  test(name .. ": permits that were handed to cancelled tasks are free in the end", function()
    local semaphore, tasks = make(5), {}
    for _ = 1, 5 do semaphore:acquire() end
    for i = 1, 20 do tasks[i] = async.spawn(semaphore.acquire, semaphore) end
    async.sleep(0)
    for _ = 1, 5 do semaphore:release() end
    for i = 1, 20 do tasks[i]:cancel() end
    for i = 1, 20 do raises(async.CancelledError, await, tasks[i]) end
    equal(tostring(semaphore), ("<%s value=5 waiting=0>"):format(name))
  end)

  test(name .. ": a timeout around acquire takes no permit", function()
    local semaphore = make(1)
    semaphore:acquire()
    equal(elapsed(raises, async.TimeoutError, async.timeout, 1, semaphore.acquire, semaphore), 1.0)
    equal(async.move_on_after(0, semaphore.acquire, semaphore), false)
    semaphore:release()
    equal(tostring(semaphore), ("<%s value=1 waiting=0>"):format(name))
  end)

  test(name .. ": a callback can take a free permit, and cannot wait for one", function()
    local semaphore, err = make(1), nil
    local loop = async.get_running_loop()
    loop:call_soon(function() semaphore:acquire() end)
    loop:call_soon(function() err = select(2, pcall(semaphore.acquire, semaphore)) end)
    async.sleep(0)
    check(async.is(err, async.RuntimeError))
    equal(tostring(semaphore), ("<%s value=0 waiting=0>"):format(name))
  end)

  for seed = 1, 3 do
    test(name .. ": at random, no permit is lost or doubled, seed " .. seed, function()
      local semaphore, used, line, taken = make(3), 0, {}, 0
      churn(seed, 20, 350, function()
        async.sleep(math.random(0, 3) * 0.25)
        local ticket = semaphore:locked() and {} or nil
        line[#line + 1] = ticket
        local ok, got = async.catch(function()
          if math.random() < 0.3 then
            return (async.move_on_after(math.random(0, 4) * 0.25, semaphore.acquire, semaphore))
          end
          return semaphore:acquire()
        end)
        if not (ok and got) then
          for i, other in ipairs(line) do
            if other == ticket then table.remove(line, i) end
          end
          if not ok then error(got, 0) end
          return
        end
        local held <close> = semaphore
        if ticket then equal(table.remove(line, 1), ticket) end
        used, taken = used + 1, taken + 1
        check(used <= 3, used)
        local out <close> = setmetatable({}, { __close = function() used = used - 1 end })
        if math.random() < 0.8 then async.sleep(math.random(0, 3) * 0.25) end
      end)
      check(taken > 500, taken)
      equal({ used, #line, tostring(semaphore) }, { 0, 0, ("<%s value=3 waiting=0>"):format(name) })
    end)
  end
end

test("more permits than can be counted are a ValueError", function()
  local semaphore = async.Semaphore(math.maxinteger)
  misuse(async.ValueError, semaphore.release, semaphore)
end)
