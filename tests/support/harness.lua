-- What a Lua test file sees: test, check, equal, raises, misuse, elapsed, reports, churn, support; `sanitized`,
-- "address" or "thread" where that sanitizer makes everything slow and memory grow, else nil; `stressed`, true where
-- everything is collected every few allocations; and `neap_binary`, the path of the program. Called with the file and
-- the name of the test to run; without a name, returns the list of the file's tests.
local file, chosen = ...

local tests, names, found = {}, {}, nil

function test(name, options, fn)
  if fn == nil then options, fn = {}, options end
  if names[name] then error("two tests are called '" .. name .. "'", 2) end
  names[name] = true
  tests[#tests + 1] = { name = name, clock = options.clock }
  if name == chosen then found = fn end
end

-- check(value, message): fails unless the value is true.
function check(value, message)
  if not value then error(message or "check failed", 2) end
  return value
end

local function show(value, depth)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" or getmetatable(value) or depth > 3 then return tostring(value) end
  local parts, keys = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    parts[#parts + 1] = ("[%s]=%s"):format(show(key, depth + 1), show(value[key], depth + 1))
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) or getmetatable(b) then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- equal(actual, expected): plain tables are compared by what is in them.
function equal(actual, expected, message)
  if same(actual, expected) then return end
  error(("%sexpected %s, got %s"):format(message and message .. ": " or "", show(expected, 1), show(actual, 1)), 2)
end

-- raises(expected, fn, ...): calls fn(...), which must raise: an instance of the class, or a value whose text
-- has the pattern. Returns the error. Catches cancellations too.
function raises(expected, fn, ...)
  local ok, err = async.catch(fn, ...)
  if ok then error("no error was raised", 2) end
  if type(expected) == "string" then
    if not tostring(err):find(expected) then
      error(("expected an error matching %q, got %s"):format(expected, tostring(err)), 2)
    end
  elseif not async.is(err, expected) then
    error(("expected %s, got %s"):format(tostring(expected), tostring(err)), 2)
  end
  return err
end

-- misuse(class, fn, ...): fn(...) must raise an error of the class whose traceback begins in the test.
function misuse(class, fn, ...)
  local err = raises(class, function(...)
    fn(...)
    return nil
  end, ...)
  local place = err.traceback:match("^%s*[^\n]*")
  if not place:find("harness.lua:", 1, true) then error("the error is placed at " .. place, 2) end
  return err
end

-- elapsed(fn, ...): the seconds on the loop's clock that the call takes.
function elapsed(fn, ...)
  local loop = async.get_running_loop()
  local start = loop:time()
  fn(...)
  return loop:time() - start
end

-- reports(): collects what reaches the exception handler from now on; returns the list of contexts.
function reports()
  local list = {}
  async.get_running_loop():set_exception_handler(function(_, context) list[#list + 1] = context end)
  return list
end

-- churn(seed, workers, rounds, step): in so many tasks calls step(worker, round) so many times, and cancels tasks at
-- random meanwhile; a step that is cancelled is over, its task goes on with the next one.
function churn(seed, workers, rounds, step)
  math.randomseed(seed)
  local tasks = {}
  for worker = 1, workers do
    tasks[worker] = async.spawn(function()
      local task = async.current_task()
      for round = 1, rounds do
        local ok, err = async.catch(step, worker, round)
        if not ok and not async.is(err, async.CancelledError) then error(err, 0) end
        while task:cancelling() > 0 do task:uncancel() end
      end
    end)
  end
  async.sleep(0)
  local unfinished = workers
  while unfinished > 0 do
    for _ = 1, math.random(3) do tasks[math.random(workers)]:cancel() end
    async.sleep(math.random(0, 4) * 0.25)
    unfinished = 0
    for _, task in ipairs(tasks) do
      if not task:done() then unfinished = unfinished + 1 end
    end
  end
  for _, task in ipairs(tasks) do await(task) end
end

-- support(name): what tests/support/NAME.lua returns; it is called with the name of the test that runs.
function support(name)
  local path = debug.getinfo(1, "S").source:match("^@(.*)harness%.lua$") .. name .. ".lua"
  return assert(loadfile(path))(chosen)
end

local function leftovers()
  local left = {}
  for _, task in ipairs(async.all_tasks()) do
    if task ~= async.current_task() then left[#left + 1] = tostring(task) end
  end
  return left
end

local chunk = assert(loadfile(file))
chunk()
if chosen == nil then return tests end
assert(found, "no such test: " .. chosen)()
local left = leftovers()
if #left > 0 then error("the test left tasks behind:\n  " .. table.concat(left, "\n  ")) end
