-- neap test --jobs N: every file in a process of its own, N at once. What a file printed and its events are shown in
-- one piece, in the order of the files.
local core, use = ...

local native = use("async/native")
local settings = use("settings")
local create_task = use("async/task").create_task

local SIGINT, SIGKILL = 2, 9
local GRACE = 0.5 -- seconds that a child has to end by itself after Ctrl-C, and again after SIGINT

-- Events as text -------------------------------------------------------------------------------------------------

local function literal(value)
  if type(value) ~= "table" then return ("%q"):format(value) end
  local parts = {}
  for key, each in pairs(value) do parts[#parts + 1] = ("[%s]=%s"):format(literal(key), literal(each)) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function encode(event)
  local text = "return " .. literal(event)
  return ("%d\n%s"):format(#text, text)
end

-- The events in the text; one that was cut off is left out.
local function decode(text)
  local events, at = {}, 1
  while true do
    local size, first = text:match("^(%d+)\n()", at)
    if not size or first + size - 1 > #text then return events end
    events[#events + 1] = load(text:sub(first, first + size - 1), "=event", "t", {})()
    at = first + math.tointeger(size)
  end
end

-- forward(event): sends it to the parent.
local function forward(event)
  core.write_events(3, encode(event))
end

-- Children ------------------------------------------------------------------------------------------------------

local function arguments(file)
  local words = { core.executable() }
  local first = -1
  while arg[first - 1] do first = first - 1 end
  for i = first + 1, -1 do words[#words + 1] = arg[i] end
  words[#words + 1] = "test"
  words[#words + 1] = "--worker=" .. (settings.silent and 2 or settings.colour and 1 or 0)
  words[#words + 1] = "--timeout=" .. settings.timeout
  words[#words + 1] = "--repeat=" .. settings.repeats
  for name, value in pairs { seed = settings.seed, ["cancel-at"] = settings.cancel_at, filter = settings.filter,
    shuffle = settings.shuffle } do
    words[#words + 1] = ("--%s=%s"):format(name, value)
  end
  if settings.bail then words[#words + 1] = "--bail" end
  words[#words + 1] = "--"
  words[#words + 1] = file
  return words
end

-- Runs the file in a child, and waits for its end. {status=, output=, events=}.
local function run_child(file, children)
  local ended = native.Future()
  local child = core.spawn(arguments(file), function() ended:set_result() end)
  children[child] = true
  native.await(ended)
  children[child] = nil
  local status, output, events = child:result()
  return { status = status, output = output, events = decode(events) }
end

local function describe_end(status)
  if status < 0 then return ("was ended by signal %d"):format(-status) end
  return ("ended with exit status %d"):format(status)
end

-- The event for a child that has not told its end.
local function crash_event(file, status)
  local problem = ("the process of this file %s before its tests were over"):format(describe_end(status))
  return { kind = "test", file = file, group = {}, title = "(process)", name = "(process)", status = "failed",
    seconds = 0, problems = { problem } }
end

-- Shows what came of a file.
local function show(file, result, session, write_output)
  if result.output ~= "" then write_output(result.output) end
  local complete = false
  for _, event in ipairs(result.events) do
    if event.kind == "end" then
      complete = true
      session.has_only = session.has_only or event.has_only
    else
      event.printed = not settings.silent
      session:emit(event)
    end
  end
  if not complete and result.status ~= 130 then session:emit(crash_event(file, result.status)) end
end

-- What is left of the run after Ctrl-C: the children end, and what they had done is shown.
local function interrupt(children, tasks)
  local waits = { GRACE, SIGINT, GRACE, SIGKILL, math.huge }
  for _, step in ipairs(waits) do
    if math.type(step) == "integer" then
      for child in pairs(children) do child:kill(step) end
    else
      local watch <close> = native.watch(tasks)
      native.catch(function()
        local scope <close> = native.timeout(step)
        watch:wait(3)
      end)
      if next(children) == nil then return end
    end
  end
end

-- run(files, session, write_output): with settings.jobs processes.
local function run(files, session, write_output)
  local results, children, tasks, next_file, shown = {}, {}, {}, 1, 0
  local function show_ready()
    while results[shown + 1] do
      shown = shown + 1
      show(files[shown], results[shown], session, write_output)
    end
  end
  local function work()
    while next_file <= #files and not session:bails() do
      local i = next_file
      next_file = next_file + 1
      results[i] = run_child(files[i], children)
      show_ready()
    end
  end
  for i = 1, math.min(settings.jobs, #files) do tasks[i] = create_task(work) end
  local ok, err = native.catch(function()
    local watch <close> = native.watch(tasks)
    watch:wait(3)
  end)
  if not ok and not core.interrupted() then error(err, 0) end
  if core.interrupted() then
    next_file = #files + 1
    interrupt(children, tasks)
    session.interrupted = true
    show_ready()
    return
  end
  for _, task in ipairs(tasks) do task:result() end
end

return { run = run, forward = forward }
