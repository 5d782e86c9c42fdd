-- A line that shows how far something is: of text alone, as wide as it may be.
local core = ...

-- Columns of a character. Wide and combining ones are known by the great ranges of Unicode.
local wide = {
  { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF },
  { 0x20000, 0x3FFFD },
}
local without_width = { { 0x300, 0x36F }, { 0x200B, 0x200F }, { 0xFE00, 0xFE0F } }

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function columns_of(code)
  if code < 0x300 then return 1 end
  if is_in(without_width, code) then return 0 end
  return is_in(wide, code) and 2 or 1
end

-- The text for one line of a terminal: no control characters, and only valid UTF-8.
local function printable(text)
  text = text:gsub("[%c\127]", " ")
  return utf8.len(text) and text or (text:gsub("[\128-\255]", "?"))
end

local function width_of(text)
  local width = 0
  for _, code in utf8.codes(text) do width = width + columns_of(code) end
  return width
end

-- The beginning of the text that fits.
local function cut(text, columns)
  local width = 0
  for at, code in utf8.codes(text) do
    width = width + columns_of(code)
    if width > columns then return text:sub(1, at - 1) end
  end
  return text
end

-- The same, with a mark where something is left out.
local function shorten(text, columns, mark)
  if width_of(text) <= columns then return text end
  if columns < 2 then return cut(text, math.max(0, columns)) end
  return cut(text, columns - 1) .. mark
end

-- Numbers for people.

local scales = { { 1 << 40, "TiB" }, { 1 << 30, "GiB" }, { 1 << 20, "MiB" }, { 1 << 10, "KiB" } }

local function scale_of(bytes)
  for _, scale in ipairs(scales) do
    if bytes >= scale[1] then return scale[1], scale[2] end
  end
  return 1, "B"
end

local function scaled(bytes, divisor)
  return divisor == 1 and ("%.0f"):format(bytes) or ("%.1f"):format(bytes / divisor)
end

local function number(value)
  local integer = math.tointeger(value)
  return integer and tostring(integer) or ("%.2f"):format(value)
end

local function counts(state)
  local value, total, unit = state.value, state.total, state.unit
  if unit == "bytes" then
    local divisor, name = scale_of(math.max(value, total or 0))
    local text = scaled(value, divisor)
    if total then text = text .. "/" .. scaled(total, divisor) end
    return text .. " " .. name
  end
  local text = number(value)
  if total then text = text .. "/" .. number(total) end
  return unit and text .. " " .. unit or text
end

local function rate(state)
  local per_second = state.rate
  if not per_second then return nil end
  if state.unit == "bytes" then
    local divisor, name = scale_of(per_second)
    return ("%s %s/s"):format(scaled(per_second, divisor), name)
  end
  if per_second >= 100 then return ("%.0f/s"):format(per_second) end
  return ("%.3g/s"):format(per_second)
end

local function clock(seconds)
  seconds = math.floor(seconds + 0.5)
  local hours, minutes = seconds // 3600, seconds // 60 % 60
  if hours > 0 then return ("%d:%02d:%02d"):format(hours, minutes, seconds % 60) end
  return ("%02d:%02d"):format(minutes, seconds % 60)
end

local MOST_SECONDS = 360000 -- 100 hours: what is longer is not known

local function time(state)
  local per_second, total = state.rate, state.total
  if state.finished then return "in " .. clock(state.elapsed) end
  if not total then return clock(state.elapsed) end
  if not per_second or per_second <= 0 then return nil end
  local left = (total - state.value) / per_second
  if left < 0 or left > MOST_SECONDS then return nil end
  return clock(left) .. " left"
end

local function fraction(state)
  if state.total <= 0 then return 1 end
  return math.max(0, math.min(1, state.value / state.total))
end

-- The bar itself.

local eighths = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

local function bar(part, columns)
  if not core.shows_utf8() then
    local full = math.floor(part * columns)
    return "[" .. ("#"):rep(full) .. ("-"):rep(columns - full) .. "]"
  end
  local steps = math.floor(part * columns * 8)
  local full, rest = steps // 8, steps % 8
  local text = ("█"):rep(full) .. (eighths[rest] or "")
  return text .. ("░"):rep(columns - full - (rest > 0 and 1 or 0))
end

local SHORTEST, LONGEST = 10, 40 -- columns of a bar

local function join(parts)
  local found = {}
  for i = 1, parts.n do
    if parts[i] and parts[i] ~= "" then found[#found + 1] = parts[i] end
  end
  return table.concat(found, "  ")
end

-- line(state, columns): state has label, value, total (nil when unknown), unit, rate (nil when
-- unknown), elapsed, finished.
local function line(state, columns)
  local mark = core.shows_utf8() and "…" or "~"
  local label = shorten(printable(state.label or ""), columns // 3, mark)
  local percent = state.total and ("%3d %%"):format(fraction(state) * 100 // 1)
  local parts = { n = 5, label, percent, counts(state), rate(state), time(state) }
  if state.total then
    local brackets = core.shows_utf8() and 0 or 2
    local room = columns - width_of(join(parts)) - 2 - brackets
    if room >= SHORTEST then
      parts = { n = 6, label, percent, bar(fraction(state), math.min(LONGEST, room)), counts(state),
        rate(state), time(state) }
    end
  end
  for i = parts.n, 3, -1 do
    if width_of(join(parts)) <= columns then break end
    parts[i] = nil
  end
  return shorten(join(parts), columns, mark)
end

-- plain(state): the same as a line of a log.
local function plain(state)
  local percent = state.total and ("%d %%"):format(fraction(state) * 100 // 1)
  local parts = { n = 4, counts(state), percent, rate(state), time(state) }
  local label = state.label and printable(state.label) .. ": " or ""
  return label .. join(parts):gsub("  ", ", ")
end

return { line = line, plain = plain }
