-- Runs the tests of a file's group and tells what came of each: emit{kind = "test", ...}.
local core, use = ...

local native = use("async/native")
local CancelledError = native.errors.CancelledError
local collect, settings = use("collect"), use("settings")
local isolation, failure = use("isolate"), use("failure")
local isolate = isolation.isolate

-- Names and choice ----------------------------------------------------------------------------------------------

-- The names of the groups around a node, outermost first.
local function group_names(node)
  local names = {}
  local group = node.parent
  while group and group.name do
    table.insert(names, 1, group.name)
    group = group.parent
  end
  return names
end

local function full_name(node)
  local names = group_names(node)
  names[#names + 1] = node.name
  return table.concat(names, " > ")
end

local function is_chosen(test, root)
  if root.has_only and not test.options.only then return false end
  return settings.filter == nil or full_name(test):find(settings.filter, 1, true) ~= nil
end

-- A random order that the seed decides, whatever tests do to math.random.
local function shuffled(list, seed)
  local copy, state = table.move(list, 1, #list, 1, {}), seed & 0xffffffff
  local function random(limit)
    state = (state * 1664525 + 1013904223) & 0xffffffff
    return (state >> 8) % limit + 1
  end
  for _ = 1, 8 do random(2) end
  for i = #copy, 2, -1 do
    local j = random(i)
    copy[i], copy[j] = copy[j], copy[i]
  end
  return copy
end

-- The tree with nothing but the chosen tests, in the order in which they run; nil for a group without any.
local function plan(group, root)
  local children = {}
  for _, child in ipairs(group.children) do
    if child.children then
      children[#children + 1] = plan(child, root)
    elseif is_chosen(child, root) then
      children[#children + 1] = { test = child }
    end
  end
  if #children == 0 then return nil end
  if settings.shuffle then children = shuffled(children, settings.shuffle) end
  return { group = group, children = children }
end

local function each_test(planned, visit)
  for _, child in ipairs(planned and planned.children or {}) do
    if child.test then visit(child.test) else each_test(child, visit) end
  end
end

-- One test ------------------------------------------------------------------------------------------------------

-- Calls one of the functions of a test. True when it returned.
local function attempt(state, fn, phase)
  local ok, err = native.trap(fn)
  if ok then return true end
  local trace = core.trail(err)
  native.caught()
  if native.is(err, collect.Skipped) and phase ~= "after_each" then
    state.skipped = err.message
  elseif native.is(err, CancelledError) then
    state.cancelled = true
  else
    state.errors[#state.errors + 1] = { value = err, trace = trace, phase = phase }
  end
  return false
end

local function groups_around(test)
  local groups, group = {}, test.parent
  while group do
    table.insert(groups, 1, group)
    group = group.parent
  end
  return groups
end

-- before_each from the outside in, the test, after_each from the inside out, whatever happened before.
local function run_parts(test, state)
  local groups = groups_around(test)
  local ok = true
  for _, group in ipairs(groups) do
    for _, hook in ipairs(group.hooks.before_each) do ok = ok and attempt(state, hook, "before_each") end
  end
  if ok then attempt(state, test.fn) end
  for i = #groups, 1, -1 do
    for _, hook in ipairs(groups[i].hooks.after_each) do attempt(state, hook, "after_each") end
  end
end

local function event_of(test, status)
  return { kind = "test", file = settings.file, place = test.file and ("%s:%d"):format(test.file, test.line),
    line = test.file == settings.file and test.line or nil, group = group_names(test), title = test.name,
    name = full_name(test), status = status, seconds = 0, problems = {} }
end

local function run_once(test, name, round)
  local options = test.options
  local seed = settings.seed or options.seed
  if seed then seed = seed + round - 1 end
  local state = { errors = {}, timeout = options.timeout or settings.timeout, file = test.file }
  collect.start(name, seed)
  local run = isolate(function() run_parts(test, state) end, {
    name = ("the test '%s'"):format(name),
    timeout = state.timeout,
    clock = options.clock,
    seed = seed,
    cancel_at = settings.cancel_at,
    event = event_of(test, "failed"),
  })
  state.unused = collect.stop()
  if run.error then table.insert(state.errors, run.error) end
  if #state.errors > 0 or state.skipped or state.cancelled then state.unused = {} end
  local problems = failure.problems_of(run, state)
  state.cancelled = state.cancelled or run.cancelled
  if #problems == 0 and state.cancelled and not run.interrupted then problems[1] = "the test was cancelled" end
  return run, state, problems, seed
end

local function note_round(event, round, seed)
  if settings.repeats == 1 then return end
  event.problems[#event.problems + 1] = ("in run %d of %d%s"):format(round, settings.repeats,
    seed and (", with --seed %d"):format(seed) or "")
end

-- The event of the test, and whether Ctrl-C has ended it.
local function run_test(test)
  local event = event_of(test, "passed")
  for round = 1, settings.repeats do
    local run, state, problems, seed = run_once(test, event.name, round)
    event.seconds = event.seconds + run.seconds
    if run.interrupted and (#problems > 0 or state.cancelled) then
      event.status, event.problems = "failed", { "interrupted" }
      return event, true
    end
    if #problems > 0 then
      event.status, event.problems = "failed", problems
      note_round(event, round, seed)
    elseif state.skipped then
      event.status, event.reason = "skipped", state.skipped
    end
    if run.interrupted then return event, true end
    if event.status ~= "passed" then break end
  end
  return event, false
end

local function skip_event(test, reason)
  local event = event_of(test, "skipped")
  event.reason = type(reason) == "string" and reason or ""
  return event
end

-- A group -------------------------------------------------------------------------------------------------------

-- Runs the group's hooks of the kind, in a run of their own. The run, or nil when there are none.
local function run_group_hooks(group, kind, emit, options)
  local hooks = group.hooks[kind]
  if #hooks == 0 and not options.since then return nil end
  local state = { errors = {}, timeout = settings.timeout, file = group.file }
  local node = { name = "(" .. kind .. ")", parent = group }
  options.name, options.timeout, options.event = kind, settings.timeout, event_of(node, "failed")
  collect.start(kind)
  local run = isolate(function()
    for _, hook in ipairs(hooks) do
      if not attempt(state, hook) and kind == "before_all" then break end
    end
  end, options)
  local unused = collect.stop()
  if #state.errors == 0 then state.unused = unused end
  local problems = failure.problems_of(run, state)
  if state.skipped then run.skipped = state.skipped end
  run.failed = #problems > 0
  if run.failed then
    local event = options.event
    event.problems, event.seconds = problems, run.seconds
    emit(event)
  end
  return run
end

local run_group

-- Runs the children until one says that the run must end.
local function run_children(planned, emit, reason)
  for _, child in ipairs(planned.children) do
    if not child.test then
      if run_group(child, emit, reason) then return true end
    elseif reason or child.test.options.skip then
      emit(skip_event(child.test, reason or child.test.options.skip))
    else
      local event, interrupted = run_test(child.test)
      emit(event)
      if interrupted or (settings.bail and event.status == "failed") then return true end
    end
  end
end

-- Runs the group; `reason`: why its tests are skipped. Returns whether the run must end.
function run_group(planned, emit, reason)
  local group = planned.group
  if reason then return run_children(planned, emit, reason) end
  local before = run_group_hooks(group, "before_all", emit, { leaks = false, keep = true })
  if before and before.interrupted then return true end
  if before and before.skipped then reason = before.skipped end
  if before and before.failed then reason = "before_all failed" end
  local ended = run_children(planned, emit, reason)
  local after = run_group_hooks(group, "after_all", emit, { leaks = before ~= nil, since = before })
  if after and after.interrupted then return true end
  return ended or (settings.bail and ((before and before.failed) or (after and after.failed))) or false
end

return { plan = plan, shuffled = shuffled, each_test = each_test, run_group = run_group, full_name = full_name }
