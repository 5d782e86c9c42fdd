-- A session of the prompt: it reads entries, runs each as a task, and shows what it gives.
--
-- It knows the terminal only by its reader (a Prompt, or plain.lua's): read, set_foreground, on_signal.
local core, use = ...

local native = use("async/native")
local entry, printer, scalars = use("entry"), use("printer"), use("scalars")
local Jobs = use("jobs")

-- An entry may take them away from where scripts find them.
local stderr, gsub, rep = io.stderr, string.gsub, string.rep

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
  stderr:write(text, "\n")
end

function Session:show_error(err, trace)
  -- A value that says nothing of itself is shown as any value.
  if type(err) ~= "string" and scalars.meta_field(err, "__tostring") == nil then
    err = "error: " .. printer.show(err, { width = self:width() })
  end
  stderr:write(core.format_error(err, trace, self.colour))
end

function Session:width()
  return (self.reader:size())
end

-- The values of `results` as they are shown, for the width of the terminal.
function Session:text_of(results)
  local options = { width = self:width(), colour = self.colour }
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

-- What is wrong with the file of the history.
function Session:tell_of_history()
  local _, problem = self.reader:history()
  if problem then self:say(self:faint(problem)) end
end

-- Takes a chunk that the user typed: a command or Lua.
function Session:enter(text)
  if text:find("^%s*$") then return end
  local number = self.number
  self.number = number + 1
  if number == 1 then self:tell_of_history() end
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
  if type(self.prompt) ~= "function" then return (gsub(self.prompt, "%%d", self.number)) end
  local ok, text = pcall(self.prompt, self.number)
  return ok and type(text) == "string" and text or self.number .. "> "
end

-- What the user types behind the prompt, and whether it is to be edited; `text` is there to begin with.
function Session:read(text)
  local prompt = self:prompt_text()
  local watch <close> = use("failures").watch(self)
  return self.reader:read {
    prompt = prompt,
    continuation = rep(" ", core.width(prompt) - 3) .. ".. ",
    text = text,
  }
end

-- Does what the user wants. Returns the text to begin the next entry with, or nil.
function Session:take(typed, wish)
  if wish == "edit" then return use("edit").edit_text(self, typed) end
  self:enter(typed)
end

-- Reads until the end of input or `.exit`.
function Session:loop()
  local text
  while not self.leaving do
    local typed, wish = self:read(text)
    if typed == nil then return end
    -- What fails in the prompt itself, because an entry has broken what it needs, does not end it either.
    local ok, answer = pcall(self.take, self, typed, wish)
    if not ok then self:show_error(answer) end
    text = ok and answer or nil
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
