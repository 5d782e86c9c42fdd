-- The conformance tests under other schedules: many seeded orders of the tasks, and a cancellation
-- at each suspension.
--
-- A seeded run must pass. A run with a cancellation must end: by the cancellation, by passing, or
-- by a check that the cancelled task made fail; never by an error of neap's own, and it leaves no
-- task, timer or handle, and no memory.
local native = module_file("async/native")

local schedules = {}

-- Tests that are about the main task of a program; here each runs in a task of its own.
-- A10b has a timer that sets itself again for ever, A32 counts all tasks.
local OF_MAIN = { A10b = true, A32 = true, A8a = true, A8b = true, A8c = true, A8d = true, A9 = true, A21 = true }

-- Tests of what follows from first in, first out, or that let a task begin (or a report be made) by
-- a `sleep(0)`: in another order of the tasks the answer is another. With cancellations they run
-- too, in the usual order.
local ORDERED = {}
for number in ([[S1b S8 S11b W1c W1d W3a W3b C4 G12 E4 A4 A10a A13 A14 A19a A19b A20]]):gmatch("%w+") do
  ORDERED[number] = true
end

-- Tests of 100,000 things: these run in two orders only, and are cancelled at a few of their
-- suspensions.
local LARGE = { S12a = true, S12b = true, S12c = true, W3b = true }
local MOST_SUSPENSIONS_OF_LARGE = 5

local NEVER = math.maxinteger -- a suspension that does not come: they are only counted

-- Steps of tasks after which a run does not end any more.
local MOST_STEPS = 200000

local function number_of(name)
  return name:match("^(%u%d+%l?)")
end

-- The pieces of a test that have schedules of their own run once, under that of the test.
local plain_orders = {
  in_every_order = function(_, fn) fn() end,
  cancelled_everywhere = function(_, fn)
    fn()
    return math.huge
  end,
}

-- The test that runs in a task.
local test_of = setmetatable({}, { __mode = "k" })

-- To microseconds; in plain tables too.
local function rounded(value)
  if math.type(value) == "float" and math.abs(value) < 1e12 then return math.floor(value * 1e6 + 0.5) / 1e6 end
  if type(value) ~= "table" or getmetatable(value) then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = rounded(item) end
  return copy
end

-- The tests of a conformance file: {name=, number=, fn=}; or only the one with that number.
function schedules.tests_of(path, only)
  local tests = {}
  local env = setmetatable({
    test = function(name, options, fn)
      local number = number_of(name)
      if OF_MAIN[number] or number ~= (only or number) then return end
      tests[#tests + 1] = { name = name, number = number, fn = fn or options }
    end,
    dofile = function() return plain_orders end,
    elapsed = function(...) return rounded(elapsed(...)) end, -- the clock has run for years
    equal = function(actual, expected, message) return equal(rounded(actual), rounded(expected), message) end,
    reports = function()
      test_of[async.current_task()].counts_reports = true
      return reports()
    end,
  }, { __index = _G })
  assert(loadfile(path, "t", env))()
  return tests
end

local function traceback_of(err)
  return type(err) == "table" and rawget(err, "traceback") or ""
end

-- An error that Lua raised within neap's own files: nobody else can have made it.
local function is_internal(err)
  local text = tostring(err)
  return text:find("^[^\n]*stdlib/[%w_]+/[%w_]+%.lua:%d+: ") ~= nil
end

local function leftovers()
  local tasks = async.all_tasks()
  if #tasks > 1 then return "a task is left: " .. tostring(tasks[2]) end
  local handles = async.open_handles { timers = true }
  if #handles > 0 then return "left open: " .. handles[1].description end
end

-- Cancels everything when there are too many steps; the second result tells whether it did.
local function new_guard()
  local steps, over = 0, false
  local guard = {}
  function guard.before_step()
    steps = steps + 1
    if steps % MOST_STEPS > 0 then return end
    over = true
    for _, task in ipairs(async.all_tasks()) do task:cancel() end
  end
  return guard, function() return over end
end

-- What a cancellation makes of the tasks that a test has left is nobody's error.
local function ignore() end

-- Runs the test once as a task of its own; what is wrong with that, or nil and how it ended.
local function run(test, options)
  local loop, task = async.get_running_loop(), nil
  local guard, over = new_guard()
  loop:set_exception_handler(ignore)
  local suspensions
  if not LARGE[test.number] then loop:add_instrument(guard) end
  local ok, err = async.catch(async.run, function()
    if test.counts_reports then -- those of runs before are made now, to nobody; and their callbacks run
      collectgarbage()
      async.sleep(1)
    end
    task = async.spawn(test.fn)
    test_of[task] = test
    async.wait { task }
    suspensions = native.suspensions()
    if #async.open_handles { timers = true } > 0 then async.sleep(1000) end -- of call_later, which no task owns
  end, options)
  if not LARGE[test.number] then loop:remove_instrument(guard) end
  loop:set_exception_handler(ignore) -- in place of the test's
  local left = leftovers()
  if left or over() then return left or "it does not end" end
  if not ok then return nil, { error = err, deadlock = async.is(err, async.DeadlockError) } end
  local cancelled = task:cancelled()
  return nil, { cancelled = cancelled, error = not cancelled and task:exception() or nil, suspensions = suspensions }
end

local function fail(test, how, what)
  error(("%s, %s: %s"):format(test.name, how, what), 0)
end

local function with_trace(err)
  return tostring(err) .. "\n" .. traceback_of(err)
end

-- The test as it is, in that order (nil: the usual one); how often its tasks were suspended.
local function run_whole(test, seed)
  local how = seed and "seed " .. seed or "in the usual order"
  local problem, ending = run(test, { seed = seed, cancel_at = NEVER, clock = "virtual" })
  if problem then fail(test, how, problem) end
  if not (seed and ORDERED[test.number]) then
    if ending.error ~= nil then fail(test, how, with_trace(ending.error)) end
    if ending.cancelled then fail(test, how, "it was cancelled") end
  end
  return ending.suspensions or 0
end

local function run_cancelled(test, seed, k)
  local how = ("%scancelled at suspension %d"):format(seed and "seed " .. seed .. ", " or "", k)
  local problem, ending = run(test, { seed = seed, cancel_at = k, clock = "virtual" })
  if problem then fail(test, how, problem) end
  if ending.error ~= nil and is_internal(ending.error) then fail(test, how, with_trace(ending.error)) end
  if ending.cancelled then return "cancelled" end
  if ending.error == nil then return "passed" end
  return ending.deadlock and "waited for what was cancelled" or "checks failed"
end

-- Memory in use, in KiB, after what can be freed has been.
local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

local Count = {}
Count.__index = Count

function Count:add(kind)
  self[kind] = (self[kind] or 0) + 1
  self.runs = self.runs + 1
end

local function explore_order(test, seed, everywhere, count)
  local suspensions = run_whole(test, seed)
  count:add("whole")
  if suspensions == 0 then return end
  local first, last, stride = 1, suspensions, 1
  if LARGE[test.number] then
    stride = math.max(1, suspensions // MOST_SUSPENSIONS_OF_LARGE)
  elseif not everywhere then
    first = seed % suspensions + 1
    last = first
  end
  for k = first, last, stride do count:add(run_cancelled(test, seed, k)) end
end

local function explore_test(test, orders, count)
  local before
  for seed = 0, LARGE[test.number] and 1 or orders do
    explore_order(test, seed > 0 and seed or nil, seed % 10 == 0, count)
    if seed == orders // 5 then before = memory() end
  end
  local grown = before and memory() - before or 0
  if grown > 300 then fail(test, orders .. " orders", ("memory grew by %.0f KiB"):format(grown)) end
end

-- explore(tests, orders, large): each test in the usual order and under so many seeds; in the usual
-- order and in each tenth of the others with a cancellation at each of its suspensions, else at
-- one, another one each time. `large`: those of 100,000 things as well. How many runs there were,
-- by how they ended.
function schedules.explore(tests, orders, large)
  local count = setmetatable({ runs = 0 }, Count)
  for _, test in ipairs(tests) do
    if large or not LARGE[test.number] then explore_test(test, orders, count) end
  end
  return count
end

return schedules
