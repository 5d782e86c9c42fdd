-- Reads entries where nothing can be drawn: from a pipe, from a file, from a terminal that is "dumb".
local core, use = ...

local async = require "async"

local HINT = "\n(Ctrl-D or .exit leaves)\n"

local Plain = {}
Plain.__index = Plain

-- Ctrl-C: an entry that runs is cancelled, one that is being typed is put away. The terminal has dropped the line.
local function interrupt(reader)
  if not reader.reading then
    if reader.handler then reader.handler("interrupt") end
    return
  end
  io.write(reader.text and "\n" or HINT, reader.options.prompt)
  io.flush()
  reader.text = nil
end

local function new()
  local reader = setmetatable({ entries = {}, reading = false }, Plain)
  if core.is_terminal(0) then
    reader.loop = async.get_running_loop()
    reader.loop:add_signal_handler("SIGINT", interrupt, reader)
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

function Plain:set_foreground() end

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
  if self.loop then self.loop:remove_signal_handler("SIGINT") end
end

return { new = new }
