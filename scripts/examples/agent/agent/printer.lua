-- Shows the events of turns. Several sessions may speak at the same time: one of them has the line
-- that is open, and what the others say is kept until that line has ended. So no line is torn.
local json = require "mcp.json"
local message_of = require "mcp.message_of"

local Printer = {}
Printer.__index = Printer

local WIDEST = 100 -- bytes of a result or an argument that are shown
local GREY, RED, PLAIN = "\27[90m", "\27[31m", "\27[0m"

-- new{ out=, log=, colours=, echo= }: `out` and `log` are functions that write a string, to
-- standard output and standard error; `echo`: what the user said is shown too, for input that
-- nobody sees being typed.
function Printer.new(options)
  return setmetatable({
    out = options.out,
    log = options.log,
    colours = options.colours,
    echo = options.echo,
    named = false, -- whether lines begin with the name of their session
    open = nil, -- the session whose line has not ended
    kept = {}, -- what others have said since then: a list of { session=, text= }, or { log= }
  }, Printer)
end

-- What a model or a tool says could else move the cursor, or hide what was there.
local function harmless(text)
  return (text:gsub("%c", function(c) return (c == "\n" or c == "\t") and c or "" end))
end

local function short(text)
  text = harmless(text):gsub("%s+", " "):match("^%s*(.-)%s*$")
  if #text <= WIDEST then return text end
  return text:sub(1, WIDEST):gsub("[\192-\255][\128-\191]*$", "") .. "..." -- no half characters
end

local function write(self, session, text)
  for line, ending in text:gmatch("([^\n]*)(\n?)") do
    if line .. ending == "" then break end
    if self.named and self.open == nil then self.out(("[%s] "):format(session)) end
    self.out(line .. ending)
    self.open = ending == "" and session or nil
  end
end

-- The place in `kept` of what can be said now: anything when no line is open, or else what goes on
-- with that line.
local function next_place(self)
  if not self.open then return self.kept[1] and 1 end
  for i, item in ipairs(self.kept) do
    if item.session == self.open then return i end
  end
end

local function say_what_was_kept(self)
  for place in next_place, self do
    local item = table.remove(self.kept, place)
    if item.log then
      self.log(item.log)
    else
      write(self, item.session, item.text)
    end
  end
end

function Printer:say(session, text)
  if self.open and self.open ~= session then
    table.insert(self.kept, { session = session, text = text })
  else
    write(self, session, text)
    if not self.open then say_what_was_kept(self) end
  end
end

-- Whether the last thing that the session said has no end of line yet.
local function is_in_line(self, session)
  if self.open == session then return true end
  for i = #self.kept, 1, -1 do
    if self.kept[i].session == session then return self.kept[i].text:sub(-1) ~= "\n" end
  end
  return false
end

-- A line of its own.
function Printer:line(session, text, colour)
  if self.colours and colour then text = colour .. text .. PLAIN end
  self:say(session, (is_in_line(self, session) and "\n" or "") .. text .. "\n")
end

-- A line for standard error.
function Printer:report(text)
  if self.open then
    table.insert(self.kept, { log = harmless(text) .. "\n" })
  else
    self.log(harmless(text) .. "\n")
  end
end

local function show_arguments(arguments)
  local parts = {}
  for name, value in pairs(arguments) do
    local text = type(value) == "table" and json.encode(value) or tostring(value)
    parts[#parts + 1] = ("%s=%s"):format(name, short(text))
  end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local show = {}

function show.begin(self, session, event)
  if self.echo then self:line(session, "> " .. harmless(event.text)) end
end

function show.text(self, session, event) self:say(session, harmless(event.text)) end

function show.tool_call(self, session, event)
  local call = event.call
  self:line(session, ("  -> %s(%s)"):format(call.name, show_arguments(call.arguments)), GREY)
end

function show.tool_progress(self, session, event)
  local total = event.total and ("/%g"):format(event.total) or ""
  local what = short(event.message or "")
  self:line(session, ("  .. %s %g%s %s"):format(event.call.name, event.progress, total, what), GREY)
end

function show.tool_result(self, session, event)
  local sign, colour = "<-", GREY
  if event.is_error then sign, colour = "!!", RED end
  self:line(session, ("  %s %s: %s"):format(sign, event.call.name, short(event.text)), colour)
end

function show.error(self, session, event)
  self:line(session, "error: " .. harmless(message_of(event.error)), RED)
end

function show.done(self, session, event)
  if is_in_line(self, session) then self:say(session, "\n") end
  if event.reason ~= "too many rounds" then return end
  self:line(session, "(stopped: too many rounds of tools)", RED)
end

function Printer:show(session, event)
  show[event.kind](self, session, event)
end

return Printer
