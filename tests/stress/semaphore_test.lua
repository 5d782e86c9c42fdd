-- A Semaphore never gives out more permits than it has, gives them in the order in which tasks came, and has all of
-- them in the end.
local storm = support "storm"

for _, name in ipairs { "Semaphore", "BoundedSemaphore" } do
  storm.tests(name, function(world)
    local permits = math.random(1, 4)
    local semaphore, inside, taken, shrinking = async[name](permits), 0, 0, false
    local line = world:line("acquire")

    local function release()
      world:cancel_somebody()
      semaphore:release()
      world:cancel_somebody()
    end

    local function hold()
      inside, taken = inside + 1, taken + 1
      local out <close> = setmetatable({}, {
        __close = function()
          inside = inside - 1
          release()
        end,
      })
      if math.random() < 0.6 then world:pause() end
    end

    -- A permit more, or one less for ever.
    local function change()
      if permits < 4 then
        permits = permits + 1
        release()
      elseif not shrinking then
        shrinking = true
        local out <close> = setmetatable({}, { __close = function() shrinking = false end })
        if world:call(line, {}, semaphore.acquire, semaphore) then permits = permits - 1 end
      end
    end

    return {
      step = function()
        if name == "Semaphore" and math.random() < 0.05 then return change() end
        if not world:call(line, {}, semaphore.acquire, semaphore) then return end
        check(inside < permits, "more inside than there are permits")
        hold()
      end,
      quiet = function()
        local free = permits - inside
        check(free == 0 or line:waiting() == 0, "a permit is free, and tasks wait for one")
        equal(semaphore:locked(), free == 0)
        equal(tostring(semaphore), ("<%s value=%d waiting=%d>"):format(name, free, line:waiting()))
      end,
      nudge = function() end,
      finish = function()
        line:check_order()
        equal({ inside, tostring(semaphore) }, { 0, ("<%s value=%d waiting=0>"):format(name, permits) })
        if name == "BoundedSemaphore" then misuse(async.ValueError, semaphore.release, semaphore) end
        return taken
      end,
    }
  end)
end
