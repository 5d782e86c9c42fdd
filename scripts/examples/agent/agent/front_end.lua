-- What the user sees: a prompt, lines of input, and what comes of them. Each line is a turn, which
-- runs beside the reading of the next one; turns of one session follow one another, those of
-- several run at the same time.
local FrontEnd = {}
FrontEnd.__index = FrontEnd

local HELP = [[
  TEXT           says it in the current session
  @NAME TEXT     says it in the session NAME, which may go on at the same time
  @NAME          makes NAME the current session
  /tools         lists the tools
  /sessions      lists the sessions
  /help          shows this
  /quit          ends, as Ctrl-D does
Ctrl-C cancels what is under way; at the prompt, or twice, it ends the program.
]]

-- new{ runner=, sessions=, tools=, printer=, input=, terminal=, at_once=16 }: `input` is a Stream;
-- `at_once` turns may be under way, and no line is read while there are as many; `terminal`:
-- whether to show a prompt.
function FrontEnd.new(options)
  return setmetatable({
    runner = options.runner,
    sessions = options.sessions,
    tools = options.tools,
    printer = options.printer,
    input = options.input,
    terminal = options.terminal,
    places = async.Semaphore(options.at_once or 16),
    current = "main",
    turns = {}, -- the tasks of the turns that are under way or wait for one: a set
    interrupted = false, -- from Ctrl-C until they have all ended
    prompted = false, -- whether the prompt is the last thing on the terminal
    at_end = false,
  }, FrontEnd)
end

local function prompt(self)
  if not self.terminal or self.prompted or self.at_end or next(self.turns) then return end
  self.prompted = true
  self.printer.out(self.current == "main" and "> " or self.current .. "> ")
end

-- A line for standard error; the prompt comes again behind it.
function FrontEnd:report(text)
  if self.prompted then self.printer.log("\r\27[K") end
  self.printer:report(text)
  if self.prompted then
    self.prompted = false
    prompt(self)
  end
end

-- --- Turns ---------------------------------------------------------------------------------------

local function run_turn(self, name, text)
  local task = async.current_task()
  async.try(
    function()
      for event in self.runner:turn(self.sessions:get(name), text) do self.printer:show(name, event) end
    end,
    async.except(async.CancelledError, function() self.printer:line(name, "(cancelled)") end),
    async.finally(function()
      self.turns[task] = nil
      self.places:release()
      if not next(self.turns) then self.interrupted = false end
      prompt(self)
    end)
  )
end

local function start_turn(self, group, name, text)
  if name ~= "main" then self.printer.named = true end
  local task = group:create_task(function() run_turn(self, name, text) end, { name = "turn of " .. name })
  self.turns[task] = true
end

-- Ctrl-C: cancels every turn that is under way. False when there is none, or they were told so
-- already: the user wants to leave.
function FrontEnd:interrupt()
  if self.terminal and not self.printer.open then self.printer.out("\n") end -- behind the ^C
  if self.interrupted or not next(self.turns) then
    self.at_end, self.prompted = true, false
    return false
  end
  self.interrupted = true
  for task in pairs(self.turns) do task:cancel("by the user") end
  return true
end

-- --- Lines ---------------------------------------------------------------------------------------

local commands = {}

commands["/help"] = function(self) self.printer.out(HELP) end

commands["/tools"] = function(self)
  for _, tool in ipairs(self.tools:list()) do
    self.printer.out(("  %-14s %s\n"):format(tool.name, tool.description or ""))
  end
end

commands["/sessions"] = function(self)
  for _, session in ipairs(self.sessions:list()) do self.printer.out(("  %s\n"):format(session)) end
end

commands["/quit"] = function(self) self.at_end = true end

-- Deals with the line; true when it began a turn.
local function take(self, group, line)
  local command = line:match("^/%a*")
  if command then
    local run = commands[line] or function() self.printer.out(("there is no command %s; see /help\n"):format(command)) end
    return run(self)
  end
  local name, text = line:match("^@([%w_-]+)%s*(.*)")
  if name and text == "" then
    self.current = name
  elseif line:find("%S") then
    start_turn(self, group, name or self.current, text or line)
    return true
  end
end

-- The next line; nil at the end. One that is longer than a line may be is left out, as far as it
-- goes.
local function read_line(self)
  return async.try(function() return self.input:read("l") end, async.except(async.LimitOverrunError, function()
    self:report("the line is too long")
    self.input:read(1 << 16)
    return ""
  end))
end

-- run(): **waits** until the input ends and all turns have ended. Cancelled, it cancels them.
function FrontEnd:run()
  local group <close> = async.TaskGroup()
  while not self.at_end do
    self.places:acquire()
    prompt(self)
    local line = read_line(self)
    self.prompted = false
    if not line then
      self.at_end = true
      if self.terminal then self.printer.out("\n") end
    elseif take(self, group, line) then
      goto continue -- the turn gives its place back
    end
    self.places:release()
    ::continue::
  end
end

-- ask(question): shows it, and **waits** for a line; true for one that begins with "y". For
-- callbacks, while no line is read otherwise: with `at_once = 1`.
function FrontEnd:ask(session, question)
  self.printer:line(session, question)
  local answer = read_line(self)
  return answer ~= nil and answer:lower():match("^%s*y") ~= nil
end

return FrontEnd
