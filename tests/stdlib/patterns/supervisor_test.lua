local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local supervisor, SupervisorError = patterns.supervisor, patterns.SupervisorError
local main = { clock = "real" }

local function now() return async.get_running_loop():time() end

local function quiet() end

-- A log, and children that write into it. A child logs its start and, when it is told to end, its
-- end; it ends by itself after lives[k] seconds in its k-th life: with an error, or without one
-- when the number is negative.
local function children()
  local log = {}
  return log, function(name, options)
    local lives, count = options.lives or {}, 0
    return { name = name, restart = options.restart, shutdown = options.shutdown, run = function()
      count = count + 1
      log[#log + 1] = "+" .. name
      local life = lives[count]
      local ok, err = async.catch(async.sleep, math.abs(life or 1e6))
      if not ok then
        async.sleep(options.cleanup or 0)
        log[#log + 1] = "-" .. name
        error(err, 0)
      end
      if life > 0 then error(name .. " failed", 0) end
    end }
  end
end

local function states(sup)
  local list = {}
  for _, child in ipairs(sup:children()) do list[#list + 1] = child.name .. " " .. child.state end
  return list
end

test("children are started in order and ended in reverse order at the end of the block", function()
  local log, child = children()
  do
    local sup <close> = supervisor()
    for _, name in ipairs { "a", "b", "c" } do sup:start_child(child(name, { cleanup = 1 })) end
    async.sleep(1)
    equal(states(sup), { "a running", "b running", "c running" })
  end
  equal(log, { "+a", "+b", "+c", "-c", "-b", "-a" })
end)

test("one_for_one starts again the child that failed alone", function()
  local log, child = children()
  local sup <close> = supervisor { on_exit = quiet }
  sup:start_child(child("a", {}))
  sup:start_child(child("b", { lives = { 1 } }))
  sup:start_child(child("c", {}))
  async.sleep(2)
  equal(log, { "+a", "+b", "+c", "+b" })
  equal({ sup:children()[2].restarts, sup:children()[2].error }, { 1, "b failed" })
end)

test("one_for_all ends the others in reverse order and starts all again in order", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet }
  sup:start_child(child("a", {}))
  sup:start_child(child("b", { lives = { 1 } }))
  sup:start_child(child("c", { cleanup = 1 }))
  async.sleep(3)
  equal(log, { "+a", "+b", "+c", "-c", "-a", "+a", "+b", "+c" })
end)

test("rest_for_one starts again the child and those after it", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "rest_for_one", on_exit = quiet }
  for _, name in ipairs { "a", "b", "c", "d" } do
    sup:start_child(child(name, { lives = name == "b" and { 1 } or {} }))
  end
  async.sleep(2)
  equal(log, { "+a", "+b", "+c", "+d", "-d", "-c", "+b", "+c", "+d" })
end)

test("a permanent child is started again though it returned, a transient one when it failed, a temporary one never",
  function()
    local log, child = children()
    local sup <close> = supervisor { on_exit = quiet }
    sup:start_child(child("permanent", { lives = { -1 } }))
    sup:start_child(child("transient", { lives = { 2, -1 }, restart = "transient" }))
    sup:start_child(child("temporary", { lives = { 4 }, restart = "temporary" }))
    async.sleep(6)
    equal(log, { "+permanent", "+transient", "+temporary", "+permanent", "+transient" })
    equal(states(sup), { "permanent running", "transient finished" })
    equal(sup:children()[1].error.message, "the child 'permanent' returned")
  end)

test("a child that somebody cancels counts as failed for a permanent one, as ended for a transient one", function()
  local log, child = children()
  local sup <close> = supervisor { on_exit = quiet }
  sup:start_child(child("p", {}))
  sup:start_child(child("t", { restart = "transient" }))
  async.sleep(1)
  for _, each in ipairs(sup:children()) do each.task:cancel() end
  async.sleep(1)
  equal(log, { "+p", "+t", "-p", "-t", "+p" })
  equal(states(sup), { "p running", "t finished" })
end)

test("when a temporary child fails, the others stay, whatever the strategy", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet }
  sup:start_child(child("a", {}))
  sup:start_child(child("t", { lives = { 1 }, restart = "temporary" }))
  async.sleep(2)
  equal({ log, states(sup) }, { { "+a", "+t" }, { "a running" } })
end)

test("temporary children that are ended with the others are not started again, finished ones are", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet }
  sup:start_child(child("setup", { lives = { -1, -1 }, restart = "transient" }))
  sup:start_child(child("t", { restart = "temporary" }))
  sup:start_child(child("a", { lives = { 2 } }))
  async.sleep(3.5)
  equal(log, { "+setup", "+t", "+a", "-t", "+setup", "+a" })
  equal(states(sup), { "setup finished", "a running" })
end)

test("more than max_restarts within the time: all are ended, and the block raises what happened", function()
  local log, child = children()
  local reached
  local start = now()
  local err = raises(SupervisorError, function()
    local sup <close> = supervisor { max_restarts = 2, within = 10, on_exit = quiet }
    sup:start_child(child("a", {}))
    sup:start_child(child("b", { lives = { 1, 1, 1 } }))
    async.sleep(100)
    reached = true
  end)
  equal({ reached, now() - start }, { nil, 3.0 })
  equal(log, { "+a", "+b", "+b", "+b", "-a" })
  equal({ err.child, err.errors, err.cause }, { "b", { "b failed", "b failed", "b failed" }, "b failed" })
  equal(err.message, "the child 'b' ended 3 times within 10 seconds, more than max_restarts = 2: b failed")
end)

test("restarts that lie further apart than the time are not too many", function()
  local log, child = children()
  local sup <close> = supervisor { max_restarts = 1, within = 5, on_exit = quiet }
  sup:start_child(child("a", { lives = { 6, 6, 6, 6 } }))
  async.sleep(25)
  equal(#log, 5)
end)

test("restarts of all children count together", function()
  local _, child = children()
  local err = raises(SupervisorError, function()
    local sup <close> = supervisor { max_restarts = 1, on_exit = quiet }
    sup:start_child(child("a", { lives = { 1 } }))
    sup:start_child(child("b", { lives = { 2 } }))
    sup:wait()
  end)
  equal({ err.child, err.errors }, { "b", { "b failed" } })
  check(err.message:find("ended 1 time (2 of all children) within", 1, true))
end)

test("max_restarts = 0 gives up at the first failure", function()
  local _, child = children()
  raises(SupervisorError, function()
    local sup <close> = supervisor { max_restarts = 0, on_exit = quiet }
    sup:start_child(child("a", { lives = { 1 } }))
    sup:wait()
  end)
end)

test("backoff puts restarts off, and the others run on meanwhile", function()
  local start, times = now(), {}
  local sup <close> = supervisor { max_restarts = 9, within = 100, on_exit = quiet,
    backoff = { delay = 1, factor = 2, jitter = "none" } }
  sup:start_child { name = "a", run = function()
    times[#times + 1] = now() - start
    error("no", 0)
  end }
  sup:start_child { name = "b", run = function() async.sleep(1e6) end }
  async.sleep(2)
  equal(states(sup), { "a waiting", "b running" })
  async.sleep(6)
  equal(times, { 0.0, 1.0, 3.0, 7.0 })
end)

test("backoff of one_for_all: all are ended at once and started together after it", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", backoff = 5, on_exit = quiet }
  sup:start_child(child("a", {}))
  sup:start_child(child("b", { lives = { 1 } }))
  async.sleep(3)
  equal({ log, states(sup) }, { { "+a", "+b", "-a" }, { "a waiting", "b waiting" } })
  async.sleep(4)
  equal(states(sup), { "a running", "b running" })
end)

test("terminate_child waits for the end, and the child is not started again", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet }
  sup:start_child(child("a", { cleanup = 2 }))
  sup:start_child(child("b", { lives = { 5 } }))
  async.sleep(1)
  equal(elapsed(sup.terminate_child, sup, "a"), 2.0)
  async.sleep(4)
  equal(log, { "+a", "+b", "-a", "+b" })
  equal(states(sup), { "a stopped", "b running" })
  sup:restart_child("a")
  async.sleep(0)
  equal(states(sup), { "a running", "b running" })
end)

test("terminate_child of one that waits for its restart", function()
  local _, child = children()
  local sup <close> = supervisor { backoff = 10, on_exit = quiet }
  sup:start_child(child("a", { lives = { 1 } }))
  async.sleep(2)
  sup:terminate_child("a")
  sup:wait()
  async.sleep(20)
  equal(states(sup), { "a stopped" })
  sup:restart_child("a")
  async.sleep(0)
  equal(states(sup), { "a running" })
end)

test("a child may end another, while all are being started again too", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet }
  sup:start_child(child("a", { cleanup = 4 }))
  sup:start_child(child("b", { lives = { 1 } }))
  async.sleep(2)
  sup:terminate_child("a")
  async.sleep(2)
  equal({ log, states(sup) }, { { "+a", "+b", "-a", "+b" }, { "a stopped", "b running" } })
end)

test("delete_child takes it out, and the name is free again", function()
  local _, child = children()
  local sup <close> = supervisor()
  sup:start_child(child("a", {}))
  misuse(async.RuntimeError, sup.delete_child, sup, "a")
  sup:terminate_child("a")
  sup:delete_child("a")
  equal(sup:children(), {})
  sup:start_child(child("a", {}))
end)

test("wait ends when no child runs or will run again", function()
  local _, child = children()
  local sup <close> = supervisor { on_exit = quiet }
  sup:wait()
  sup:start_child(child("a", { lives = { -3 }, restart = "transient" }))
  sup:start_child(child("b", { lives = { 1, 4 }, restart = "temporary" }))
  equal(elapsed(sup.wait, sup), 3.0)
end)

test("wait of another task raises SupervisorError as well", function()
  local _, child = children()
  local other
  raises(SupervisorError, function()
    local sup <close> = supervisor { max_restarts = 0, on_exit = quiet }
    sup:start_child(child("a", { lives = { 1 } }))
    other = async.spawn(sup.wait, sup)
    async.sleep(50)
  end)
  raises(SupervisorError, await, other)
end)

test("stop ends all, and nothing can be started any more", function()
  local log, child = children()
  local sup <close> = supervisor()
  sup:start_child(child("a", { cleanup = 1 }))
  sup:start_child(child("b", {}))
  async.sleep(0)
  sup:stop()
  equal({ log, states(sup) }, { { "+a", "+b", "-b", "-a" }, { "a stopped", "b stopped" } })
  misuse(async.RuntimeError, sup.start_child, sup, child("c", {}))
  misuse(async.RuntimeError, sup.restart_child, sup, "a")
  sup:stop()
end)

test("a child that does not end is told again after its shutdown time, and that is reported", function()
  local list = reports()
  local tries = 0
  do
    local sup <close> = supervisor()
    sup:start_child { name = "stubborn", shutdown = 2, run = function()
      while tries < 3 do
        async.catch(async.sleep, 1e6)
        tries = tries + 1
      end
    end }
    async.sleep(0)
  end
  equal({ tries, #list }, { 3, 2 })
  equal(list[1].message, "Waiting for child 'stubborn' of <Supervisor one_for_one stopping children=1 running=0>")
  equal(list[1].exception.message, "it still runs 2 seconds after it was told to end")
end)

test("without on_exit a failure goes to the exception handler; one on being ended does always", function()
  local list = reports()
  local _, child = children()
  do
    local sup <close> = supervisor { name = "web" }
    sup:start_child(child("a", { lives = { 1 } }))
    sup:start_child { name = "b", run = function()
      async.catch(async.sleep, 1e6)
      error("in cleanup", 0)
    end }
    async.sleep(2)
  end
  equal({ #list, list[1].exception, list[2].exception }, { 2, "a failed", "in cleanup" })
  equal(list[1].message, "Exception in child 'a' of <Supervisor 'web' one_for_one open children=2 running=1>")
end)

test("on_exit is told of each end that nobody asked for", function()
  local _, child = children()
  local told = {}
  local sup <close> = supervisor { on_exit = function(...) told[#told + 1] = table.pack(...) end }
  sup:start_child(child("a", { lives = { 1, -1 } }))
  async.sleep(5)
  equal(told, { { "a", "a failed", n = 2 }, { "a", n = 2 } })
end)

test("an error of the body ends the children and is raised in a group, as a TaskGroup's", function()
  local log, child = children()
  local err = raises(async.ExceptionGroup, function()
    local sup <close> = supervisor()
    sup:start_child(child("a", {}))
    async.sleep(1)
    error("body", 0)
  end)
  equal({ err.exceptions, log }, { { "body" }, { "+a", "-a" } })
end)

test("a cancellation of the body ends the children first", function()
  local log, child = children()
  local task = async.spawn(function()
    local sup <close> = supervisor()
    sup:start_child(child("a", { cleanup = 2 }))
    sup:wait()
  end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel()
    async.wait { task }
  end), 2.0)
  check(task:cancelled())
  equal(log, { "+a", "-a" })
end)

test("async.with takes a supervisor, and returns what the body does", function()
  local log, child = children()
  equal(async.with(supervisor(), function(sup)
    sup:start_child(child("a", {}))
    async.sleep(1)
    return "done"
  end), "done")
  equal(log, { "+a", "-a" })
end)

test("a supervisor may be a child of another", function()
  local log, child = children()
  local sup <close> = supervisor { on_exit = quiet, max_restarts = 1 }
  sup:start_child { name = "inner", run = function()
    local inner <close> = supervisor { max_restarts = 0, on_exit = quiet }
    inner:start_child(child("a", { lives = { 1 } }))
    inner:wait()
  end }
  async.sleep(1.5)
  equal({ log, async.is(sup:children()[1].error, SupervisorError) }, { { "+a", "+a" }, true })
end)

test("a child has the context of who started it first, in every life", function()
  local var, seen = async.ContextVar("var", "none"), {}
  local sup <close> = supervisor { on_exit = quiet }
  await(async.spawn(function()
    var:set("mine")
    sup:start_child { name = "a", run = function()
      seen[#seen + 1] = var:get()
      var:set("changed")
      async.sleep(1)
      if #seen < 3 then error("again", 0) end
      async.sleep(1e6)
    end }
  end))
  async.sleep(5)
  equal(seen, { "mine", "mine", "mine" })
end)

test("two children that fail in the same turn are each started again", function()
  local log, child = children()
  local sup <close> = supervisor { on_exit = quiet }
  sup:start_child(child("a", { lives = { 1 } }))
  sup:start_child(child("b", { lives = { 1 } }))
  async.sleep(2)
  equal(log, { "+a", "+b", "+a", "+b" })
end)

test("two children that fail in the same turn under one_for_all are one restart", function()
  local log, child = children()
  local sup <close> = supervisor { strategy = "one_for_all", on_exit = quiet, max_restarts = 1 }
  sup:start_child(child("a", { lives = { 1 } }))
  sup:start_child(child("b", { lives = { 1 } }))
  async.sleep(2)
  equal(log, { "+a", "+b", "+a", "+b" })
end)

for _, strategy in ipairs { "one_for_one", "one_for_all", "rest_for_one" } do
  test("cancelled at any suspension, no child is left: " .. strategy, main, function()
    suspensions.each(function()
      local _, child = children()
      local sup <close> = supervisor { strategy = strategy, on_exit = quiet, backoff = 0.5, max_restarts = 9 }
      sup:start_child(child("a", { cleanup = 1 }))
      sup:start_child(child("b", { lives = { 1, -1 }, restart = "transient", cleanup = 1 }))
      sup:start_child(child("c", { lives = { 2 }, cleanup = 1 }))
      async.sleep(6)
      sup:terminate_child("a")
    end, function(ending, k)
      check(ending.ok or (k and ending.cancelled), tostring(ending.value))
    end)
  end)
end

test("tostring shows the state of a supervisor", function()
  local _, child = children()
  local sup = supervisor { name = "web" }
  equal(tostring(sup), "<Supervisor 'web' one_for_one open children=0 running=0>")
  async.with(sup, function() sup:start_child(child("a", {})) end)
  equal(tostring(sup), "<Supervisor 'web' one_for_one stopped children=1 running=0>")
end)

test("misuse of supervisor", function()
  misuse(async.TypeError, supervisor, 1)
  misuse(async.ValueError, supervisor, { strategy = "all" })
  misuse(async.ValueError, supervisor, { max_restarts = -1 })
  misuse(async.ValueError, supervisor, { within = 0 })
  misuse(async.ValueError, supervisor, { backoff = -1 })
  misuse(async.TypeError, supervisor, { backoff = { wait = 1 } })
  misuse(async.ValueError, supervisor, { backoff = { delay = -1 } })
  misuse(async.TypeError, supervisor, { on_exit = 1 })
  misuse(async.TypeError, supervisor, { children = {} })
  local sup <close> = supervisor()
  misuse(async.TypeError, sup.start_child, sup)
  misuse(async.TypeError, sup.start_child, sup, { name = "a" })
  misuse(async.TypeError, sup.start_child, sup, { run = print })
  misuse(async.TypeError, sup.start_child, sup, { name = 1, run = print })
  misuse(async.TypeError, sup.start_child, sup, { name = "a", run = 1 })
  misuse(async.ValueError, sup.start_child, sup, { name = "a", run = print, restart = "always" })
  misuse(async.ValueError, sup.start_child, sup, { name = "a", run = print, shutdown = 0 })
  sup:start_child { name = "a", run = function() async.sleep(1e6) end }
  misuse(async.ValueError, sup.start_child, sup, { name = "a", run = print })
  misuse(async.RuntimeError, sup.restart_child, sup, "a")
  misuse(async.TypeError, sup.terminate_child, sup, nil)
  local err = misuse(async.ValueError, sup.terminate_child, sup, "b")
  equal(err.message, 'argument 1 of terminate_child must be the name of a child (a), got the string "b"')
  misuse(async.TypeError, sup.start_child)
  local list = reports()
  async.get_running_loop():call_soon(supervisor)
  async.sleep(0)
  check(async.is(list[1].exception, async.RuntimeError))
end)

test("a child cannot terminate itself", function()
  local problem
  local sup <close> = supervisor()
  sup:start_child { name = "a", run = function()
    problem = raises(async.RuntimeError, sup.terminate_child, sup, "a")
    async.sleep(1e6)
  end }
  async.sleep(0)
  equal(problem.message, "the child 'a' cannot terminate itself: let it return")
end)
