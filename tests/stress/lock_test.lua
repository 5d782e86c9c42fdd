-- A Lock has one holder at a time, is handed on in the order in which tasks came, and is free in the end.
local storm = support "storm"

storm.tests("Lock", function(world)
  local lock, holder, taken = async.Lock(), nil, 0
  local line = world:line("acquire")

  local function hold()
    holder, taken = async.current_task(), taken + 1
    local out <close> = setmetatable({}, {
      __close = function()
        check(holder == async.current_task() and lock:locked(), "the lock changed hands")
        holder = nil
        world:cancel_somebody()
        lock:release()
        world:cancel_somebody()
      end,
    })
    if math.random() < 0.5 then world:pause() end
  end

  return {
    step = function()
      if not world:call(line, {}, lock.acquire, lock) then return end
      check(holder == nil, "two holders")
      hold()
    end,
    quiet = function()
      check((holder ~= nil) == lock:locked(), "held by nobody")
      check(holder or line:waiting() == 0, "free, and tasks wait for it")
      local state = holder and ("locked by '%s'"):format(holder:get_name()) or "unlocked"
      equal(tostring(lock), ("<Lock %s waiting=%d>"):format(state, line:waiting()))
    end,
    nudge = function() end,
    finish = function()
      line:check_order()
      equal(tostring(lock), "<Lock unlocked waiting=0>")
      return taken
    end,
  }
end)
