-- A Barrier lets tasks through in whole rounds: the ones that wait longest and the last to come, each with its index.
local storm = support "storm"

storm.tests("Barrier", function(world)
  local parties = math.random(4)
  local barrier, broken, breaks = async.Barrier(parties), false, 0
  local line = world:line("wait")

  local function turn_away(name)
    world:cancel_somebody()
    barrier[name](barrier)
    broken, breaks = name == "abort", breaks + 1
    equal({ barrier.broken, barrier.n_waiting }, { broken, 0 })
    world:cancel_somebody()
  end

  local function meet()
    local ticket, was_broken, before = {}, broken, breaks
    local ok, passed, index = async.catch(world.call, world, line, ticket, barrier.wait, barrier)
    ticket.index = index
    if not ok then
      if not async.is(passed, async.BrokenBarrierError) then error(passed, 0) end
      check(was_broken or breaks > before, "nobody has broken the barrier")
    else
      check(not (was_broken and passed), "let through by a broken barrier")
    end
  end

  -- The last to come is woken by nobody, and is told of first.
  local function check_rounds()
    local last = 0
    for i, ticket in ipairs(line:order()) do
      equal(ticket.index, (i - 2) % parties)
      equal(ticket.waited, ticket.index < parties - 1 or nil)
      if ticket.waited then
        check(ticket.number > last, "overtaken")
        last = ticket.number
      end
    end
    equal(#line:order() % parties, 0)
  end

  return {
    step = function()
      local what = math.random()
      if what < 0.01 then return turn_away("abort") end
      if what < 0.02 or broken and what < 0.5 then return turn_away("reset") end
      meet()
    end,
    quiet = function()
      equal({ barrier.broken, barrier.n_waiting }, { broken, line:waiting() })
      check(line:waiting() < parties, "all have come, and they wait")
      check(not broken or line:waiting() == 0, "broken, and tasks wait")
    end,
    nudge = function() turn_away("reset") end,
    finish = function()
      check_rounds()
      equal(barrier.n_waiting, 0)
      return #line.served
    end,
  }
end, { storms = 10 })
