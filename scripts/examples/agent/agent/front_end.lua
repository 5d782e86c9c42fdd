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
    turns = {}, -- by task, until it has ended: "going on" or "cancelled"
    prompted = false, -- whether the prompt is the last thing on the terminal
    at_end = false, -- no line is read any more
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
  local printer, task = self.printer, async.current_task()
  async.try(
    function()
      local session = self.sessions:get(name)
      for event in self.runner:turn(session, text) do printer:show(name, event) end
    end,
    async.except(async.CancelledError, function() printer:line(name, "(cancelled)") end),
    async.finally(function()
      self.turns[task] = nil
      self.places:release()
      prompt(self)
    end)
  )
end

local function start_turn(self, group, name, text)
  if name ~= "main" then self.printer.named = true end
  local task = group:spawn(run_turn, self, name, text)
  task:set_name("turn of " .. name)
  self.turns[task] = "going on"
end

-- Ctrl-C: cancels every turn that goes on. False when there is none, be it that they have been told
-- before and still clean up: the user wants to leave.
function FrontEnd:interrupt()
  if self.terminal and not self.printer.open then self.printer.out("\n") end -- behind the ^C
  self.prompted = false
  local any = false
  for task, state in pairs(self.turns) do
    if state == "going on" then
      self.turns[task], any = "cancelled", true
      task:cancel("by the user")
    end
  end
  self.at_end = self.at_end or not any
  return any
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
  if commands[line] then return commands[line](self) end
  if line:sub(1, 1) == "/" then return self.printer.out("there is no such command; see /help\n") end
  local name, text = line:match("^@([%w_-]+)%s*(.*)")
  if text == "" then
    self.current = name
    return false
  end
  if line:find("%S") then start_turn(self, group, name or self.current, text or line) end
  return line:find("%S") ~= nil
end

-- The next line; nil at the end. Of one that is longer than a line may be (64 KiB) the beginning is
-- left out.
local function read_line(self)
  return async.try(
    function() return self.input:read("l") end,
    async.except(async.LimitOverrunError, function()
      self:report("the line is too long")
      self.input:read(1 << 16)
      return ""
    end)
  )
end

-- run(): **waits** until the input ends and all turns have ended. Cancelled, it cancels them.
function FrontEnd:run()
  local group <close> = async.TaskGroup()
  while not self.at_end do
    self.places:acquire()
    prompt(self)
    local line = read_line(self)
    if not line then
      if self.prompted then self.printer.out("\n") end
      self.at_end = true
    end
    self.prompted = false
    local is_turn = line and take(self, group, line)
    if not is_turn then self.places:release() end -- a turn does that at its end
  end
end

-- ask(session, question): shows it, and **waits** for a line; true for one that begins with "y".
-- For callbacks, while no line is read otherwise: with `at_once = 1`.
function FrontEnd:ask(session, question)
  self.printer:line(session, question)
  local answer = read_line(self)
  return answer ~= nil and answer:lower():match("^%s*y") ~= nil
end

return FrontEnd
