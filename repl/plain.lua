-- Reads entries where nothing can be drawn: from a pipe, from a file, from a terminal that is "dumb".
local core, use = ...

local HINT = "\n(Ctrl-D or .exit leaves)\n"

local Plain = {}
Plain.__index = Plain

-- Ctrl-C: an entry that runs is cancelled, one that is being typed is put away. The terminal has dropped the line.
-- `computes`: called in code that keeps the loop from turning, which is about to be stopped.
local function interrupt(reader, computes)
  if not reader.reading then
    if reader.handler then reader.handler("interrupt") end
    return
  end
  if computes then return end
  io.write(reader.text and "\n" or HINT, reader.options.prompt)
  io.flush()
  reader.text = nil
end

local function new()
  local reader = setmetatable({ entries = {}, reading = false }, Plain)
  if core.is_terminal(0) then
    reader.signals = core.plain_signals(function(computes) interrupt(reader, computes) end)
  end
  return reader
end

-- The next entry; nil at the end of the input.
function Plain:read(options)
  self.options, self.text, self.reading = options, nil, true
  repeat
    io.write(self.text and options.continuation or options.prompt)
    io.flush()
    local line = io.read("L")
    if not line then
      print()
      break
    end
    self.text = (self.text and self.text .. "\n" or "") .. line:gsub("\r?\n$", "")
  until self.is_complete(self.text)
  self.reading = false
  if self.text then self:add_history(self.text) end
  return self.text
end

function Plain:set_hooks(hooks)
  self.is_complete = hooks.is_complete
end

function Plain:set_foreground(task)
  if self.signals then self.signals:set_foreground(task) end
end

-- handler("interrupt") is called when an entry is to be cancelled.
function Plain:on_signal(handler)
  self.handler = handler
end

function Plain:add_history(text)
  if text:find("%S") then self.entries[#self.entries + 1] = text end
end

function Plain:history()
  return self.entries
end

function Plain:size()
  return 80, 24
end

function Plain:clear() end

function Plain:hold() end

function Plain:close()
  if self.signals then self.signals:close() end
end

return { new = new }
