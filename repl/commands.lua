-- What begins with a point or a question mark: `.tasks`, `?async.sleep`.
local core, use = ...

local async = require "async"
local native = use("async/native")
local as_statement = use("entry").as_statement

local HELP_COLUMN = 18

local commands = {} -- name -> {usage=, help=, run=function(session, argument, number)}
local order = {}

local function command(name, usage, help, run)
  commands[name] = { usage = usage, help = help, run = run }
  order[#order + 1] = name
end

-- The command and its argument that a text is; nil when it is Lua. "?name" and "name?" are "help" of a name.
local function parse(text)
  local name, argument = text:match("^%s*%.(%a[%w_]*!?)%s*(.-)%s*$")
  if name then return name, argument end
  argument = text:match("^%s*%?+%s*(.-)%s*$") or text:match("^%s*([%a_][%w_.:]*)%?%s*$")
  if argument then return "?", argument end
end

local function is_command(text)
  return parse(text) ~= nil
end

-- The command whose name is nearest, if one is near.
local function nearest(name)
  local best, best_distance
  for _, other in ipairs(order) do
    local row = {}
    for j = 0, #other do row[j] = j end
    for i = 1, #name do
      local before = row[0]
      row[0] = i
      for j = 1, #other do
        local cost = name:byte(i) == other:byte(j) and before or before + 1
        before, row[j] = row[j], math.min(cost, row[j] + 1, row[j - 1] + 1)
      end
    end
    if row[#other] <= 2 and (best == nil or row[#other] < best_distance) then best, best_distance = other, row[#other] end
  end
  return best
end

local function run(session, name, argument, number)
  local found = commands[name]
  if not found then
    local near = nearest(name)
    session:say(("there is no command '.%s'; %s"):format(name, near and "did you mean '." .. near .. "'?" or "'.help' lists them"))
    return
  end
  -- In a task like any entry, so that it may wait and be cancelled.
  session.jobs:call(number, name == "?" and "?" .. argument or "." .. name, function() found.run(session, argument, number) end)
end

-- Help.

local function show_commands(session)
  for _, name in ipairs(order) do
    local usage = commands[name].usage
    print(usage .. (" "):rep(math.max(1, HELP_COLUMN - #usage)) .. commands[name].help)
  end
  print("\nTopics for .help: " .. table.concat(use("docs").topic_names(), ", "))
end

command("help", ".help [TOPIC]", "this list; with a topic, or any name, what is to be known of it", function(session, argument)
  if argument == "" then return show_commands(session) end
  local docs = use("docs")
  local text = docs.topic(argument, { width = session:width(), colour = session.colour })
  if text then return print(text) end
  commands["?"].run(session, argument)
end)

command("?", "?NAME", "signature and documentation of a function, method, module or value", function(session, argument)
  if argument == "" then return show_commands(session) end
  print(use("docs").describe(argument, {
    env = session.env, locals = session.locals, width = session:width(), colour = session.colour,
  }))
end)

-- Tasks and jobs.

local function visible_tasks(session)
  local tasks, own = {}, async.current_task()
  for _, task in ipairs(async.all_tasks()) do
    if task ~= own and not (session.main == task) then tasks[#tasks + 1] = task end
  end
  return tasks
end

local function show_tasks(session)
  local tasks = visible_tasks(session)
  if #tasks == 0 then return print("no tasks") end
  for _, task in ipairs(tasks) do print(("%6d  %s"):format(native.task_id(task), tostring(task))) end
end

command("tasks", ".tasks", "the tasks that have not ended, with their numbers", show_tasks)

command("tree", ".tree", "the same as a tree of who waits for whom, with the lines", function()
  print((async.format_tasks():gsub("\n$", "")))
end)

command("cancel", ".cancel N", "cancel the task of that number in .tasks, or the job [N]", function(session, argument)
  local job_number = tonumber(argument:match("^%[(%d+)%]$"))
  local number = math.tointeger(tonumber(argument))
  if not number and not job_number then
    return session:say((".cancel takes the number of a task (see .tasks) or a job in brackets (see .jobs), got '%s'"):format(argument))
  end
  if job_number then
    local job = session.jobs:find(job_number)
    if not job then return session:say(("there is no job [%d]; .jobs lists them"):format(job_number)) end
    job.interrupted = true
    job.task:cancel()
    return async.wait({ job.task }, { timeout = 1 })
  end
  for _, task in ipairs(visible_tasks(session)) do
    if native.task_id(task) == number then
      task:cancel()
      async.wait({ task }, { timeout = 1 })
      return print(tostring(task))
    end
  end
  session:say(("there is no task %d; .tasks lists them"):format(number))
end)

command("jobs", ".jobs", "the entries that run in the background", function(session)
  if #session.jobs.list == 0 then return print("no jobs; Ctrl-Z sends a running entry to the background") end
  for _, job in ipairs(session.jobs.list) do
    print(("[%d]  %s\n     %s"):format(job.number, use("jobs").summary(job.text), tostring(job.task)))
  end
end)

-- What follows runs entries itself, and not inside the task of a command.
local outside = {}

command("bg", ".bg CODE", "run CODE in the background (a running entry: press Ctrl-Z)", nil)
function outside.bg(session, argument, number)
  if argument == "" then
    return session:say("nothing runs in the foreground; '.bg CODE' starts CODE in the background, Ctrl-Z sends a running entry there")
  end
  local entry = session:compile(number, argument)
  if entry then session.jobs:run_in_background(number, argument, entry) end
end

command("fg", ".fg [N]", "bring the job [N], or the last one, to the foreground", nil)
function outside.fg(session, argument)
  local number = tonumber(argument:match("^%[?(%d+)%]?$"))
  if argument ~= "" and not number then return session:say((".fg takes the number of a job, got '%s'"):format(argument)) end
  local job = session.jobs:find(number)
  if not job then return session:say(number and ("there is no job [%d]; .jobs lists them"):format(number) or "no jobs") end
  session:say(session:faint(job.text))
  session.jobs:to_foreground(job)
end

-- Measuring.

command("time", ".time CODE", "run CODE and show how long it took", nil)
function outside.time(session, argument, number)
  if argument == "" then return session:say(".time takes an expression or statements, as in '.time async.sleep(1)'") end
  local entry = session:compile(number, argument)
  if entry then session.jobs:run(number, argument, use("timing").timed(entry)) end
end

command("bench", ".bench CODE", "run CODE many times and show how long one takes", nil)
function outside.bench(session, argument, number)
  if argument == "" then return session:say(".bench takes an expression or statements, as in '.bench async.sleep(0)'") end
  if not session:compile(number, argument) then return end
  local entry = session:compile(number, use("timing").loop_of(argument))
  core.remember_source(("[%d]"):format(number), argument) -- as it was typed, for the reports of errors
  if entry then session.jobs:call(number, ".bench", function() print(use("timing").bench(entry)) end) end
end

-- Files.

command("load", ".load FILE", "run the file as if it had been typed: its locals stay", nil)
function outside.load(session, argument, number)
  if argument == "" then return session:say(".load takes the path of a Lua file") end
  argument = use("files").expanded(argument)
  local file, problem = io.open(argument, "rb")
  local text = file and file:read("a")
  if file then file:close() end
  if not text then return session:say(("cannot load %s"):format(problem or argument .. ": it cannot be read")) end
  session:run_text(number, text:gsub("^#[^\n]*", ""), "@" .. argument)
end

local function save(session, argument, overwrite)
  if argument == "" then return session:say(".save takes the path of a file to write") end
  argument = use("files").expanded(argument)
  local exists = io.open(argument, "rb")
  if exists then exists:close() end
  if exists and not overwrite then
    return session:say(("%s is there already; '.save! %s' replaces it"):format(argument, argument))
  end
  local lines = {}
  for number = 1, session.number - 1 do
    local record = session.entries[number]
    if record and record.ok then lines[#lines + 1] = as_statement(record.text) end
  end
  require("neap.fs").write(argument, table.concat(lines, "\n") .. (#lines > 0 and "\n" or ""), { atomic = true })
  print(("%d entries written to %s"):format(#lines, argument))
end

command("save", ".save FILE", "write what was entered so far, without what failed, to the file", function(session, argument)
  save(session, argument, false)
end)
commands["save!"] = { run = function(session, argument) save(session, argument, true) end }

command("edit", ".edit [N|FILE]", "edit the last entry, entry N or a file in $EDITOR, and run it", nil)
function outside.edit(session, argument, number)
  use("edit").edit(session, argument, number)
end

-- The session.

command("history", ".history [TEXT]", "the entries of this and earlier sessions that hold TEXT, the last 50", function(session, argument)
  session:tell_of_history()
  local found = {}
  for _, text in ipairs((session.reader:history())) do
    if text:find(argument, 1, true) then found[#found + 1] = text end
  end
  for i = math.max(1, #found - 49), #found do print(found[i]) end
end)

command("clear", ".clear", "clear the screen", function(session) session.reader:clear() end)

command("exit", ".exit", "leave (also Ctrl-D); what still runs is cancelled", function(session) session.leaving = true end)

-- For completion: every command with what it does.
local described = {}
for i, name in ipairs(order) do described[i] = { name = name, detail = commands[name].help } end

return {
  parse = parse,
  described = described,
  is_command = is_command,
  names = order,
  run = function(session, name, argument, number)
    if outside[name] then return outside[name](session, argument, number) end
    return run(session, name, argument, number)
  end,
}
