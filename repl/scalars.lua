-- Values without a look inside them, as text. Nothing here runs code of the value's but `said`, which asks its
-- __tostring, and no text holds a control that a terminal would obey.
local core, use = ...

local SAID = 4000 -- bytes of what a __tostring says

local escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\\"] = "\\\\", ['"'] = '\\"' }

local function hexadecimal(bytes)
  return (bytes:gsub(".", function(c) return ("\\x%02X"):format(c:byte()) end))
end

local function escape(c)
  return escapes[c] or hexadecimal(c)
end

local function code_point(c)
  return ("\\u{%X}"):format(utf8.codepoint(c))
end

-- Escapes what is in the set, and beyond ASCII the C1 controls, line ends, and the signs that turn the direction.
local function escape_valid(text, set)
  text = text:gsub(set, escape)
  if not text:find("[\194\226]") then return text end
  text = text:gsub("\194[\128-\159]", code_point)
  return (text:gsub("\226\128[\168-\174]", code_point):gsub("\226\129[\166-\169]", code_point))
end

-- The same of any bytes: those that are no UTF-8 are escaped one by one.
local function escape_all(text, set)
  if utf8.len(text) then return escape_valid(text, set) end
  local parts, from = {}, 1
  while from <= #text do
    local _, bad = utf8.len(text, from)
    parts[#parts + 1] = escape_valid(text:sub(from, (bad or #text + 1) - 1), set)
    if bad == nil then break end
    parts[#parts + 1] = hexadecimal(text:sub(bad, bad))
    from = bad + 1
  end
  return table.concat(parts)
end

-- The first bytes of the text, at most `size`, without half a character at the end.
local function beginning(text, size)
  local last = size
  while last > 0 and last > size - 3 and (text:byte(last + 1) or 0) & 0xC0 == 0x80 do last = last - 1 end
  return text:sub(1, last)
end

-- 12345 -> "12,345"
local function grouped(count)
  local text = ("%d"):format(count):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

-- quote(text, size): as Lua would read it; of a text longer than `size` bytes the beginning, and how much is left.
local function quote(text, size)
  local shown = #text > size and beginning(text, size) or text
  local quoted = '"' .. escape_all(shown, '[%c"\\]') .. '"'
  if #shown == #text then return quoted end
  return ("%s… (%s more bytes)"):format(quoted, grouped(#text - #shown))
end

-- With as few digits as tell it from every other number, and never like an integer.
local function float(value)
  if value ~= value then return "nan" end
  if value == math.huge then return "math.huge" end
  if value == -math.huge then return "-math.huge" end
  local text = ("%.14g"):format(value)
  if tonumber(text) ~= value then text = ("%.16g"):format(value) end
  if tonumber(text) ~= value then text = ("%.17g"):format(value) end
  return text:find("[.e]") and text or text .. ".0"
end

local function number(value)
  if math.type(value) == "float" then return float(value) end
  return value == math.mininteger and "math.mininteger" or ("%d"):format(value)
end

-- "table: 0x55d0c8f3a2b0": the value by its kind and address.
local function address(value, name)
  return ("%s: %p"):format(name or type(value), value)
end

-- "file:line" of a function, nil of one in C.
local function place_of(info)
  if info.what == "C" then return nil end
  return info.linedefined > 0 and ("%s:%d"):format(info.short_src, info.linedefined) or info.short_src
end

-- The names of a Lua function's parameters, "..." included.
local function parameters(fn)
  local info = debug.getinfo(fn, "u")
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(fn, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return names
end

-- known(fn) -> name and parameters, as a text, of a function of Lua's or neap's; or nil.
local function function_text(fn, known)
  local name, signature = known(fn)
  if name then return ("function: %s %s"):format(name, signature) end
  local info = debug.getinfo(fn, "S")
  local place = place_of(info)
  if place == nil then return address(fn, "function") .. " [C]" end
  if info.what == "main" then return "function: main chunk of " .. info.short_src end
  return ("function: @%s (%s)"):format(place, table.concat(parameters(fn), ", "))
end

local function thread_text(thread)
  local status = coroutine.status(thread)
  local info = status == "suspended" and (debug.getinfo(thread, 0, "Sl") or debug.getinfo(thread, 1, "Sl"))
  if info and info.currentline <= 0 then info = debug.getinfo(thread, 1, "Sl") end
  local place = info and info.currentline > 0 and (" at %s:%d"):format(info.short_src, info.currentline) or ""
  return ("%s (%s%s)"):format(address(thread), status, place)
end

-- A field of the value's metatable, or nil; asks no metamethod.
local function meta_field(value, name)
  local meta = debug.getmetatable(value)
  return type(meta) == "table" and rawget(meta, name) or nil
end

-- The __name of its metatable, made harmless; or nil.
local function class_name(value)
  local name = meta_field(value, "__name")
  if type(name) ~= "string" or name == "" then return nil end
  return escape_all(beginning(name, 100), "%c")
end

-- said(value, on_one_line): what its __tostring says; nil when there is none, or it fails, or waits (tostring is a
-- function in C, so nothing can wait in it), or says nothing of use. Ctrl-C in it is no failure, and passes on.
local function said(value, on_one_line)
  if meta_field(value, "__tostring") == nil then return nil end
  local ok, text = pcall(tostring, value)
  if not ok or type(text) ~= "string" then return nil end
  local left = #text - SAID
  if left > 0 then text = beginning(text, SAID) end
  text = escape_all(text, on_one_line and "%c" or "[^%C\n\t]")
  return left > 0 and ("%s… (%s more bytes)"):format(text, grouped(left)) or text
end

local scalars = {
  ["nil"] = function() return "nil", "constant" end,
  boolean = function(value) return value and "true" or "false", "constant" end,
  number = function(value) return number(value), "number" end,
  thread = function(value) return thread_text(value), "object" end,
  userdata = function(value) return address(value, class_name(value)), "object" end,
  table = function(value) return address(value, class_name(value)), "object" end,
}

return {
  scalars = scalars,
  quote = quote,
  function_text = function_text,
  parameters = parameters,
  place_of = place_of,
  meta_field = meta_field,
  class_name = class_name,
  said = said,
  address = address,
  grouped = grouped,
  beginning = beginning,
}
