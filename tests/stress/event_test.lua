-- set() reaches every task that waits; nobody goes on without one.
local storm = support "storm"

storm.tests("Event", function(world)
  local event, sets, passed = async.Event(), 0, 0
  local line = world:line("wait")

  local function set()
    world:cancel_somebody()
    if not event:is_set() then sets = sets + 1 end
    event:set()
    equal(tostring(event), "<Event set waiting=0>")
    world:cancel_somebody()
    if math.random() < 0.5 then event:clear() end
  end

  return {
    step = function()
      local what = math.random()
      if what < 0.1 then return set() end
      if what < 0.2 then return event:clear() end
      local was_set, before = event:is_set(), sets
      if world:call(line, {}, event.wait, event) then
        check(was_set or sets > before, "nobody has set the event")
        passed = passed + 1
      end
    end,
    quiet = function()
      check(not event:is_set() or line:waiting() == 0, "set, and tasks wait for it")
      equal(tostring(event), ("<Event %s waiting=%d>"):format(event:is_set() and "set" or "unset", line:waiting()))
    end,
    nudge = set,
    finish = function()
      line:check_order()
      event:clear()
      equal(tostring(event), "<Event unset waiting=0>")
      return passed
    end,
  }
end)
