-- A notify reaches a task that waits, whoever is cancelled; and wait() has the lock again however it ends.
local storm = support "storm"

storm.tests("Condition", function(world)
  local condition, holder = async.Condition(), nil
  local tokens, given, taken = 0, 0, 0 -- a task that waits wants a token
  local line, lock_line = world:line("wait"), world:line("acquire")

  local function hold()
    check(holder == nil and condition:locked(), "the lock is not this task's")
    holder = async.current_task()
  end

  local function let_go()
    check(holder == async.current_task() and condition:locked(), "the lock changed hands")
    holder = nil
  end

  local function with_lock(fn)
    if not world:call(lock_line, {}, condition.acquire, condition) then return end
    hold()
    local out <close> = setmetatable({}, {
      __close = function()
        let_go()
        world:cancel_somebody()
        condition:release()
        world:cancel_somebody()
      end,
    })
    fn()
  end

  local function wait()
    let_go()
    local ok, woken = async.catch(world.call, world, line, {}, condition.wait, condition)
    hold()
    if not ok then error(woken, 0) end
    return woken
  end

  local function others_wait() return not tostring(condition):find("waiting=0", 1, true) end

  -- Lets those that wait go first, so that a notify that is lost is not made up for by a task that comes later.
  local function consume()
    local come = false
    while tokens == 0 or not come and others_wait() do
      come = true
      if not wait() then break end
    end
    if tokens > 0 then tokens, taken = tokens - 1, taken + 1 end
    if tokens > 0 then condition:notify() end
    if math.random() < 0.3 then world:pause() end
  end

  local function produce()
    if math.random() < 0.3 then world:pause() end
    local count = math.random(2)
    tokens, given = tokens + count, given + count
    world:cancel_somebody()
    if math.random() < 0.1 then condition:notify_all() else condition:notify(count) end
    world:cancel_somebody()
    if math.random() < 0.3 then world:pause() end
  end

  return {
    step = function() with_lock(math.random() < 0.65 and consume or produce) end,
    quiet = function()
      equal(condition:locked(), holder ~= nil)
      if holder then return end
      check(tokens == 0 or line:waiting() == 0, "a notify was lost")
      equal(lock_line:waiting(), 0)
      equal(tostring(condition), ("<Condition unlocked waiting=%d>"):format(line:waiting()))
    end,
    nudge = function()
      if condition:locked() then return end
      condition:acquire()
      tokens, given = tokens + 1, given + 1
      condition:notify()
      condition:release()
    end,
    finish = function()
      line:check_order()
      lock_line:check_order()
      equal(tokens + taken, given)
      equal(tostring(condition), "<Condition unlocked waiting=0>")
      return taken
    end,
  }
end)
