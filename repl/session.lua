-- A session of the prompt: it reads entries, runs each as a task, and shows what it gives.
--
-- It knows the terminal only by its reader (a Prompt, or plain.lua's): read, set_foreground, on_signal.
local core, use = ...

local native = use("async/native")
local entry, printer = use("entry"), use("printer")
local Jobs = use("jobs")

local KEPT_RESULTS = 1000 -- `_1` and so on; the oldest are forgotten

local Session = {}
Session.__index = Session

-- options: reader, env, prompt (a string, or function(number) -> string), colour, size (a function -> columns, rows).
local function new(options)
  local session = setmetatable({
    reader = options.reader,
    env = options.env,
    prompt = options.prompt,
    colour = options.colour,
    locals = use("locals").new(),
    number = 1,   -- of the entry that is read next
    entries = {}, -- number -> {text=, ok=}
    failures_seen = native.failures(),
  }, Session)
  session.jobs = Jobs.new(session)
  return session
end

-- The look of what the session says itself.
function Session:faint(text)
  return self.colour and "\27[2m" .. text .. "\27[0m" or text
end

-- Tells the user something that is no result.
function Session:say(text)
  io.stderr:write(text, "\n")
end

function Session:show_error(err, trace)
  io.stderr:write(core.format_error(err, trace, self.colour))
end

-- The values of `results` as they are shown, for the width of the terminal.
function Session:text_of(results)
  local options = { width = (self.reader:size()), colour = self.colour }
  return printer.show_values(options, table.unpack(results, 1, results.n))
end

local function is_ours(session, name)
  local current = rawget(session.env, name)
  return current == nil or rawequal(current, session.last)
end

-- Makes the results of entry `number` known as `_NUMBER`, and as `_` unless the user has a variable of that name.
function Session:keep(number, results)
  local value = results[1]
  if value == nil then return end
  rawset(self.env, "_" .. number, value)
  rawset(self.env, "_" .. number - KEPT_RESULTS, nil)
  if is_ours(self, "_") then
    rawset(self.env, "_", value)
    self.last = value
  end
end

function Session:show(number, results)
  if results.n == 0 then return end
  self:keep(number, results)
  print(self:text_of(results))
end

-- The text as an entry (entry.lua); its syntax error is shown. `name`: of the chunk, else that of entry `number`.
function Session:compile(number, text, name)
  if not name then
    name = ("=[%d]"):format(number)
    core.remember_source(name:sub(2), text)
  end
  local compiled, problem = entry.compile(text, name, self.env, self.locals)
  if not compiled then self:show_error(problem) end
  return compiled
end

-- Compiles and runs an entry, or the text of a file. True when it ended without an error.
function Session:run_text(number, text, name)
  local compiled = self:compile(number, text, name)
  return compiled and self.jobs:run(number, text, compiled)
end

-- Takes a chunk that the user typed: a command or Lua.
function Session:enter(text)
  if text:find("^%s*$") then return end
  local number = self.number
  self.number = number + 1
  local record = { text = text }
  self.entries[number] = record
  local commands = use("commands")
  local command, argument = commands.parse(text)
  if command then
    record.command = true
    commands.run(self, command, argument, number)
  else
    record.ok = self:run_text(number, text)
  end
end

function Session:prompt_text()
  if type(self.prompt) ~= "function" then return (self.prompt:gsub("%%d", self.number)) end
  local ok, text = pcall(self.prompt, self.number)
  return ok and type(text) == "string" and text or self.number .. "> "
end

-- Reads until the end of input or `.exit`.
function Session:loop()
  local text -- to begin with
  while not self.leaving do
    local prompt = self:prompt_text()
    local watch <close> = use("failures").watch(self)
    local typed, wish = self.reader:read {
      prompt = prompt,
      continuation = (" "):rep(math.max(0, utf8.len(prompt, 1, -1, true) - 3)) .. ".. ",
      text = text,
    }
    watch:stop()
    text = nil
    if typed == nil then return end
    if wish == "edit" then
      text = use("edit").edit_text(self, typed)
    else
      self:enter(typed)
    end
  end
end

-- What ran before the prompt opened: a script, called with its arguments, as entry 0.
function Session:run_script(load_script, ...)
  local fn, problem = load_script()
  if not fn then
    self:show_error(problem)
    return
  end
  self.jobs:run(0, "the script", entry.of(fn), ...)
end

return { new = new }
