-- Reads entries where nothing can be drawn: from a pipe, from a file, from a terminal that is "dumb".
local core, use = ...

local Plain = {}
Plain.__index = Plain

local function new()
  return setmetatable({ entries = {} }, Plain)
end

-- The next entry; nil at the end of the input.
function Plain:read(options)
  local prompt, text = options.prompt, nil
  repeat
    io.write(prompt)
    io.flush()
    local line = io.read("L")
    if not line then
      print()
      return text
    end
    text = (text and text .. "\n" or "") .. line:gsub("\r?\n$", "")
    prompt = options.continuation
  until self.is_complete(text)
  self:add_history(text)
  return text
end

function Plain:set_hooks(hooks)
  self.is_complete = hooks.is_complete
end

function Plain:set_foreground() end

-- Ctrl-C asks what the handler does with it; at the prompt it does nothing.
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

function Plain:close() end

return { new = new }
