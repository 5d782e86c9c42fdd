-- hedge: a second attempt when the first is slow, and whichever succeeds first is enough.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments = use("arguments")
local end_all = use("async/ending").end_all
local call = use("call")
local catch, trap = native.catch, native.trap
local kinds, is_meant = arguments.kinds, arguments.is_meant
local ExceptionGroup = async.ExceptionGroup

local spec = {
  after = { kinds.seconds { from = 0 } },
  max = { kinds.count { from = 1 }, 2 },
  on = { kinds.errors },
}

local function start(race)
  local task = async.spawn(call, race.fn, table.unpack(race.arguments, 1, race.arguments.n))
  table.insert(race.tasks, task)
  table.insert(race.running, task)
end

-- Waits until one of those that run is done, or it is time for another.
local function wait(race)
  local more = #race.tasks < race.options.max
  local done, pending = async.wait(race.running,
    { return_when = async.FIRST_COMPLETED, timeout = more and race.options.after or nil })
  race.running = pending
  return done
end

-- The first that succeeds, or fails for good; nil when `done` has none, whose errors are noted
-- then.
local function decide(race, done)
  for _, task in ipairs(done) do
    local ok, err = catch(task.result, task)
    if ok or task:cancelled() or not is_meant(race.options.on, err) then return task end
    if err == nil then err = async.Error("nil") end -- a list cannot hold it
    table.insert(race.errors, err)
  end
end

local function run(race)
  while true do
    if #race.tasks < race.options.max then
      start(race)
    elseif #race.running == 0 then
      return nil
    end
    local winner = decide(race, wait(race))
    if winner then return winner end
  end
end

-- The attempts have ended when this does. Tail calls lead here, so level 2 is the script.
local function settle(race, ok, winner)
  for _, task in ipairs(race.tasks) do
    if task:done() then catch(task.result, task) end -- nobody else asks for it
  end
  end_all(race.tasks, not ok and winner or nil)
  if not ok then error(winner, 0) end
  if winner then return winner:result() end
  local count = #race.errors
  local message = count == 1 and "the only attempt failed" or "all %d attempts failed"
  error(ExceptionGroup(message:format(count), race.errors), 2)
end

-- hedge(fn, {after=, max=2, on=}, ...): the results of fn(...), which is called once more when it
-- has not ended `after` seconds later, or has failed.
local function hedge(fn, options, ...)
  arguments.check(fn, kinds.callable, "argument 1 of hedge", 2)
  local read = arguments.options(options, spec, "hedge", 2)
  if read.after == nil then
    error(async.TypeError("hedge needs the option 'after', the seconds after which another attempt"
      .. " starts"), 2)
  end
  local race = { fn = fn, arguments = table.pack(...), options = read, tasks = {}, running = {},
    errors = {} }
  return settle(race, trap(run, race))
end

return { hedge = hedge }
