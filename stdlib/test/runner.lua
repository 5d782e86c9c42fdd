-- Runs files, or the tests of a script, as the options ask.
local core, use = ...

local settings, session_of = use("settings"), use("session")
local file_runner, isolation = use("file"), use("isolate")

local function apply(options)
  for _, name in ipairs { "timeout", "seed", "cancel_at", "filter", "repeats", "bail", "jobs" } do
    if options[name] ~= nil then settings[name] = options[name] end
  end
  if options.shuffle == true then
    settings.shuffle = (os.time() * 1000003 ~ math.floor(core.now() * 1e6)) % 1000000
  elseif options.shuffle then
    settings.shuffle = math.tointeger(tonumber(options.shuffle))
  end
end

local function wants_colour(options)
  if options.worker then return options.worker == 1 end
  local refused = os.getenv("NO_COLOR")
  return not options.output and (options.reporter or "spec") == "spec" and core.is_terminal(1)
    and (refused == nil or refused == "") and os.getenv("TERM") ~= "dumb"
end

-- The file that the report goes to; what tests print must not come between the lines of a machine's format.
local function open_output(options)
  if options.output then return io.open(options.output, "w") end
  if options.reporter == "tap" or options.reporter == "junit" then return core.divert_output() end
  return io.stdout
end

-- start(options): a session; or nil and what is wrong.
local function start(options)
  apply(options)
  settings.colour = wants_colour(options)
  local output, problem = open_output(options)
  if not output then return nil, problem end
  local function write(text)
    output:write(text)
    output:flush()
  end
  local session = session_of.new({ reporter = options.worker == 2 and "silent" or options.reporter,
    forward = options.worker and use("jobs").forward or nil }, write)
  if settings.shuffle and not options.worker then
    session.notes[1] = ("the order was that of --shuffle %d"):format(settings.shuffle)
  end
  return session
end

-- Ends the process when a test does not: it cannot be got rid of, and whatever came after would not be alone.
local function watch_over(session, exit)
  isolation.on_give_up(function(run)
    run.event.problems = { "it does not end, though it was cancelled again and again: the run ends here" }
    session:emit(run.event)
    if not session.forward then session:finish() end
    exit(1)
  end)
end

local function finish(session)
  if session.has_only then
    session.notes[#session.notes + 1] = "only: other tests of the same file were left out"
  end
  return session:finish()
end

-- run_files(files, options): the exit status; or nil and what is wrong.
local function run_files(files, options)
  local session, problem = start(options)
  if not session then return nil, problem end
  watch_over(session, os.exit)
  if settings.shuffle then files = file_runner.shuffled(files, settings.shuffle) end
  if (settings.jobs or 1) > 1 and #files > 1 then
    settings.silent = options.output ~= nil or (options.reporter or "spec") ~= "spec"
    use("jobs").run(files, session, function(text)
      io.stdout:write(text)
      io.stdout:flush()
    end)
    return finish(session)
  end
  for _, file in ipairs(files) do
    if file_runner.run_file(file, session) then
      session.interrupted = true
      break
    end
    if session:bails() then break end
  end
  if options.worker then
    if not session.interrupted then session.forward { kind = "end", has_only = session.has_only } end
    return session.interrupted and 130 or 0
  end
  return finish(session)
end

local function print_test(file, name) print(file .. " > " .. name) end

-- run_script(root, options): the tests that a script has declared; the exit status.
local function run_script(root, options)
  if options.list then
    apply(options)
    file_runner.list_root(root, print_test)
    return 0
  end
  local session, problem = start(options)
  if not session then return nil, problem end
  watch_over(session, os.exit)
  do
    local guard <close> = file_runner.guard_exit()
    settings.file = root.file
    session.interrupted = file_runner.run_root(root, session)
  end
  return finish(session)
end

-- list(files): prints the tests; the exit status.
local function list(files, options)
  apply(options)
  local exit = os.exit
  isolation.on_give_up(function(run)
    io.stderr:write(("neap test: %s does not end, though it was cancelled again and again\n"):format(run.name))
    exit(2)
  end)
  local count, broken = 0, false
  for _, file in ipairs(files) do
    local ok, problems = file_runner.list_file(file, function(path, name)
      count = count + 1
      print_test(path, name)
    end)
    if not ok then
      broken = true
      io.stderr:write(("neap test: %s cannot be run\n%s\n"):format(file, table.concat(problems, "\n")))
    end
  end
  if count == 0 and not broken then io.stderr:write("neap test: no tests found\n") end
  return (broken or count == 0) and 2 or 0
end

return { run_files = run_files, run_script = run_script, list = list }
