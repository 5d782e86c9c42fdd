-- The bars on a terminal, one below the other.
--
-- The cursor stays at the beginning of the first bar, and what draws clears from there to the end
-- of the screen: whatever is written in between moves the bars down, and nothing that is not a bar
-- is ever cleared. While there are bars on the process's own terminal, `print` goes through here.
local core, use = ...

local async = use("async/init")

local Screen = {}
Screen.__index = Screen

local function now()
  return async.get_running_loop():time()
end

local CLEAR = "\r\27[J"

-- Takes the bars off the screen.
local function clear(screen)
  if screen.drawn then screen.write(CLEAR) end
  screen.drawn = false
end

-- Draws all bars, as far as there are rows for them; nothing when there is no terminal now.
function Screen:draw()
  if self.timer then self.timer:cancel() end
  self.timer = nil
  self.drawn_at = now()
  local columns, rows = self.size()
  self.shown = columns ~= nil
  if not columns then return end
  local lines = {}
  for i = 1, math.min(#self.bars, math.max(1, rows - 1)) do
    lines[i] = self.bars[i]:line(columns - 1)
  end
  if #lines == 0 then return end
  local back = #lines > 1 and ("\27[%dA"):format(#lines - 1) or ""
  self.write("\r" .. table.concat(lines, "\27[K\r\n") .. "\27[J" .. back .. "\r")
  self.drawn = true
end

-- Something has changed: draws it now, or when it has been `seconds` since the last time.
function Screen:changed(seconds)
  local time = now()
  if time - self.drawn_at >= seconds then
    self:draw()
  elseif self.shown and not self.timer then
    self.timer = async.get_running_loop():call_at(self.drawn_at + seconds, self.draw, self)
  end
end

-- Calls fn(...), which writes lines, above the bars.
function Screen:above(fn, ...)
  clear(self)
  fn(...)
  self:draw()
end

-- What print would write.
local function text_of(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  return table.concat(parts, "\t") .. "\n"
end

-- print(...): prints above the bars, also where the script's print has not been replaced.
function Screen:print(...)
  if not self.is_own then return self:above(self.write, text_of(...)) end
  self:above(self.printed_by or _G.print, ...)
end

-- While there are bars, print is this. One that is called by what is printed (a __tostring) prints
-- just so.
local function hook_print(screen)
  screen.printed_by = _G.print
  screen.print_hook = function(...)
    if screen.printing then return screen.printed_by(...) end
    screen.printing = true
    local guard <close> = setmetatable({}, { __close = function() screen.printing = false end })
    screen:above(screen.printed_by, ...)
  end
  _G.print = screen.print_hook
end

local function unhook_print(screen)
  if _G.print == screen.print_hook then _G.print = screen.printed_by end
  screen.printed_by, screen.print_hook = nil, nil
end

function Screen:add(bar)
  table.insert(self.bars, bar)
  if #self.bars == 1 and self.is_own and self.size() then hook_print(self) end
  self:draw()
end

-- The bar is over; `line` (nil for none) stays on the screen, above those that go on.
function Screen:remove(bar, line)
  for i, other in ipairs(self.bars) do
    if other == bar then table.remove(self.bars, i) end
  end
  local shown = self.size()
  if shown then
    clear(self)
    if line then self.write(line .. "\n") end
  end
  if #self.bars > 0 then
    self:draw()
  else
    if self.timer then self.timer:cancel() end
    self.timer = nil
    if self.print_hook then unhook_print(self) end
  end
end

local function new_screen(write, size, is_own)
  return setmetatable({ write = write, size = size, is_own = is_own, bars = {}, drawn = false,
    drawn_at = -math.huge }, Screen)
end

local own = new_screen(core.write, core.terminal, true)
local others = setmetatable({}, { __mode = "k" }) -- by the function that writes

-- screen(write, width): that of standard error; or one of so many columns (80) that a function
-- writes on. One of 0 columns is no terminal.
local function screen(write, width)
  if not write then return own end
  if not others[write] then
    local made = new_screen(write, nil, false)
    made.size = function()
      if made.width > 0 then return made.width, math.huge end
    end
    others[write] = made
  end
  others[write].width = width or 80
  return others[write]
end

return { screen = screen }
