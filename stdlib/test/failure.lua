-- What is wrong with a test, as text for people.
local core, use = ...

local native = use("async/native")
local settings = use("settings")
local AssertionError = use("assertion").AssertionError

local WIDEST = 120 -- bytes of a source line that are shown
local COLOURS = { ["-"] = "\27[31m", ["+"] = "\27[32m", ["@"] = "\27[2m" }

local function paint(code, text)
  return settings.colour and code .. text .. "\27[0m" or text
end

-- The lines of a diff by their first character.
local function paint_line(line)
  local code = COLOURS[line:match("^([-+@]) ")]
  return code and paint(code, line) or line
end

local function line_of(path, number)
  local file = io.open(path)
  if file == nil then return nil end
  local input <close> = file
  local count = 0
  for line in input:lines() do
    count = count + 1
    if count == number then return line end
  end
end

-- Frames of the runner's own C functions at the end of a trace tell nothing.
local function trim(trace)
  if trace == nil then return nil end
  trace = trace:gsub("^%[C%]:[^\n]*\n", "")
  local count
  repeat
    trace, count = trace:gsub("\n\t%[C%]:[^\n]*$", "")
  until count == 0
  return trace
end

local function format_assertion(err, trace)
  local path = err.source:gsub("^@", "")
  local lines = {}
  for line in (tostring(err.message) .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = paint_line(line) end
  lines[1] = ("%s:%d: %s"):format(path, err.line, paint("\27[1m", lines[1]))
  local source = line_of(path, err.line)
  if source then
    source = source:gsub("^%s+", ""):gsub("%c", " ")
    if #source > WIDEST then source = source:sub(1, WIDEST):gsub("[\128-\255]*$", "") .. "..." end
    lines[#lines + 1] = paint("\27[2m", ("%4d | "):format(err.line)) .. source
  end
  trace = trim(trace or err.traceback)
  if trace and trace:find("\n", 1, true) then lines[#lines + 1] = "stack traceback:\n" .. trace end
  return table.concat(lines, "\n")
end

-- A DeadlockError names every task that waits; the runner's own is none of the test's.
local function hide_runner(err)
  if native.is(err, native.errors.DeadlockError) then
    err.message = tostring(err.message):gsub("\n  'main' waits in wait for several at [^\n]*", "")
  elseif native.is(err, native.errors.ExceptionGroup) then
    for _, each in ipairs(err.exceptions) do hide_runner(each) end
  end
end

local function format_error(err, trace, file)
  hide_runner(err)
  if native.is(err, AssertionError) and err.source then return format_assertion(err, trace) end
  return (core.format_error(err, trim(trace), settings.colour, file):gsub("\n$", ""))
end

local function format_stack(stack)
  if type(stack) == "table" then
    stack = #stack > 0 and "\t" .. table.concat(stack, "\n\t") or ""
  end
  return stack == "" and "" or "\n" .. (trim(stack))
end

local function format_expired(expired, seconds)
  local text
  if expired.stuck then
    text = ("the test did not end in %g s; it was stopped in code that never waits:%s"):format(seconds,
      format_stack(expired.stuck))
  else
    text = ("the test did not end in %g s; it was waiting:%s"):format(seconds, format_stack(expired.stack))
  end
  if #expired.tasks > 0 then text = text .. "\nother tasks:\n  " .. table.concat(expired.tasks, "\n  ") end
  return text
end

local function format_report(context, file)
  local text = tostring(context.message or "an error that nobody received")
  if context.task then
    text = ("%s: task '%s', made at %s"):format(text, context.task:get_name(), core.place(context.task) or "?")
  end
  if context.exception == nil then return text end
  return text .. "\n" .. format_error(context.exception, context.traceback, file)
end

-- problems_of(run, {errors=, unused=, timeout=, file=}): a list of texts, empty when nothing is wrong with the run of
-- isolate and the errors {value=, trace=, phase=} of the test's parts.
local function problems_of(run, about)
  local list = {}
  local function add(text) list[#list + 1] = text end
  if run.expired then add(format_expired(run.expired, about.timeout)) end
  for _, problem in ipairs(about.errors) do
    local text = format_error(problem.value, problem.trace, about.file)
    add(problem.phase and ("in %s: %s"):format(problem.phase, text) or text)
  end
  for _, context in ipairs(run.reports) do add(format_report(context, about.file)) end
  if #run.leaks > 0 then add("it left behind:\n  " .. table.concat(run.leaks, "\n  ")) end
  for _, place in ipairs(about.unused or {}) do
    add(place .. ": expect() without a matcher checks nothing; write expect(x):to_equal(y)")
  end
  return list
end

return { problems_of = problems_of, format_error = format_error, paint = paint }
