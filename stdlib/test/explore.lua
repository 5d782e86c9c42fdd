-- explore: the same code in many orders of its tasks, and with a cancellation at each point where one could come.
local core, use = ...

local native = use("async/native")
local errors = native.errors
local collect, settings = use("collect"), use("settings")
local isolation, failure = use("isolate"), use("failure")
local fail = use("assertion").fail

local NEVER = math.maxinteger -- a suspension that is never reached: they are only counted

local function check_options(options)
  if options == nil then return { seeds = 200, cancel = true } end
  if type(options) ~= "table" then
    error(errors.TypeError("the options of explore must be a table, got " .. native.type_name(options)), 3)
  end
  for name in pairs(options) do
    if name ~= "seeds" and name ~= "cancel" then
      error(errors.TypeError(("explore has no option '%s', only cancel, seeds"):format(tostring(name))), 3)
    end
  end
  local seeds = options.seeds == nil and 200 or options.seeds
  if math.type(seeds) ~= "integer" or seeds < 0 then
    error(errors.ValueError("the option 'seeds' of explore is how many orders to try, got " .. tostring(seeds)), 3)
  end
  return { seeds = seeds, cancel = options.cancel ~= false }
end

-- What is wrong with the run; a cancellation that was asked for and came through is not.
local function problems_of(run, cancel_at, file)
  local found = {}
  if run.error and not (cancel_at and native.is(run.error.value, errors.CancelledError)) then found[1] = run.error end
  return failure.problems_of(run, { errors = found, file = file })
end

local function replay_options(seed, cancel_at)
  local text = seed and (" --seed %d"):format(seed) or ""
  return cancel_at and text .. (" --cancel-at %d"):format(cancel_at) or text
end

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- Runs fn once. Raises when it failed, with the lines of what was wrong.
local function try(fn, name, file, seed, cancel_at)
  local run = isolation.isolate(fn, { name = name, task_name = "explore", clock = "virtual", seed = seed,
    cancel_at = cancel_at })
  if run.interrupted or isolation.outermost().expired then
    error(errors.CancelledError("the exploration was cancelled"), 0)
  end
  local problems = problems_of(run, cancel_at, file)
  if #problems == 0 then return run end
  if cancel_at == NEVER then cancel_at = nil end
  local how = (seed and (" with seed %d"):format(seed) or " in the usual order")
    .. (cancel_at and (", a task cancelled at suspension %d"):format(cancel_at) or "")
  local lines = { ("replay: neap test %s --filter %s%s"):format(file, quote(name), replay_options(seed, cancel_at)) }
  for _, problem in ipairs(problems) do
    for line in (problem .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = "  " .. line end
  end
  fail("the code fails" .. how, lines, 4, { seed = seed, cancel_at = cancel_at })
end

-- explore(fn, {seeds=200, cancel=true}): calls fn in the usual order of tasks, in so many random ones, and once for
-- each suspension k of a task that fn starts, which is cancelled there. Returns how many times fn ran.
local function explore(fn, options)
  if type(fn) ~= "function" then
    error(errors.TypeError("explore takes a function, got " .. native.type_name(fn)), 2)
  end
  options = check_options(options)
  local running = collect.current()
  if not running then error(errors.RuntimeError("explore is called in a test"), 2) end
  local file = settings.file
  if settings.seed or settings.cancel_at then
    try(fn, running.name, file, settings.seed and running.seed, settings.cancel_at)
    return 1
  end
  local count = 1
  local suspensions = try(fn, running.name, file, nil, NEVER).suspensions
  for seed = 1, options.seeds do
    try(fn, running.name, file, seed)
    count = count + 1
  end
  for k = 1, options.cancel and suspensions or 0 do
    try(fn, running.name, file, nil, k)
    count = count + 1
  end
  return count
end

return { explore = explore }
