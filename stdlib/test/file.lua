-- Loads and runs one test file.
local core, use = ...

local native = use("async/native")
local collect, settings, run = use("collect"), use("settings"), use("run")
local failure, isolate = use("failure"), use("isolate").isolate

-- What the file changes in the globals and in package.loaded is taken back when this is closed.
local function insulate()
  local globals, modules = {}, {}
  for key, value in next, _G do globals[key] = value end
  for key, value in next, package.loaded do modules[key] = value end
  local function restore(t, before)
    for key in next, t do
      if before[key] == nil and not (t == package.loaded and tostring(key):match("^neap%.")) then t[key] = nil end
    end
    for key, value in next, before do t[key] = value end
  end
  return setmetatable({}, { __close = function()
    restore(_G, globals)
    restore(package.loaded, modules)
  end })
end

-- While tests run, os.exit is an error: it would end the runner.
local function guard_exit()
  local exit = os.exit
  os.exit = function(code)
    local argument = code == nil and "" or tostring(code)
    error(native.errors.RuntimeError(("os.exit(%s) was called in a test"):format(argument)), 2)
  end
  return setmetatable({}, { __close = function() os.exit = exit end })
end

local function error_event(path, problems)
  return { kind = "error", file = path, seconds = 0, problems = problems }
end

-- Loads the file. Its root group and the run of its chunk; or nil and what is wrong.
local function load_group(path)
  local environment = setmetatable({ arg = { [0] = path } }, { __index = _G })
  local chunk, problem = loadfile(path, "t", environment)
  if not chunk then return nil, { (failure.format_error(problem, nil, path)) } end
  local root = collect.begin(path)
  local loaded = isolate(chunk, { name = ("the file '%s'"):format(path), timeout = settings.timeout, leaks = false,
    keep = true, task_name = "file", event = error_event(path, {}) })
  collect.finish()
  local problems = failure.problems_of(loaded, { errors = { loaded.error }, timeout = settings.timeout, file = path })
  if #problems > 0 then return nil, problems, loaded end
  return root, nil, loaded
end

-- What the file has started at its top goes on until its tests are over.
local function unload(loaded)
  if loaded then isolate(function() end, { name = "the end of the file", leaks = false, since = loaded,
    timeout = settings.timeout, event = error_event(settings.file, {}) }) end
end

-- Runs the tests of the root group. True when Ctrl-C has ended them.
local function run_root(root, session)
  local planned = run.plan(root, root)
  if root.has_only then session.has_only = true end
  if not planned then return false end
  run.run_group(planned, function(event) session:emit(event) end)
  return core.interrupted()
end

local function run_file(path, session)
  local insulation <close> = insulate()
  local guard <close> = guard_exit()
  settings.file = path
  local root, problems, loaded = load_group(path)
  local interrupted = core.interrupted()
  if root and not interrupted then
    interrupted = run_root(root, session)
  elseif not interrupted then
    session:emit(error_event(path, problems))
  end
  unload(loaded)
  return interrupted
end

local function list_root(root, visit)
  run.each_test(run.plan(root, root), function(test) visit(root.file, run.full_name(test)) end)
end

-- Calls visit(file, full name) for each chosen test of the file; false and what is wrong when it does not load.
local function list_file(path, visit)
  local insulation <close> = insulate()
  local guard <close> = guard_exit()
  local root, problems, loaded = load_group(path)
  if root then list_root(root, visit) end
  unload(loaded)
  return root ~= nil, problems
end

return {
  run_file = run_file,
  run_root = run_root,
  list_file = list_file,
  list_root = list_root,
  guard_exit = guard_exit,
  shuffled = run.shuffled,
}
