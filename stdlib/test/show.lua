-- Values as text: on one line for a message, over several for a diff. Tables are shown by what is in them, keys sorted,
-- so that equal tables give equal text.

local DEEP = 12 -- tables inside each other that are shown

local escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\\"] = "\\\\", ['"'] = '\\"' }

local function quote(text)
  local escaped = text:gsub('[%c"\\\127]', function(c) return escapes[c] or ("\\x%02X"):format(c:byte()) end)
  if not utf8.len(escaped) then
    escaped = escaped:gsub("[\128-\255]", function(c) return ("\\x%02X"):format(c:byte()) end)
  end
  return '"' .. escaped .. '"'
end

-- With as many digits as it takes to tell it from every other number.
local function show_float(value)
  local text = tostring(value)
  if value ~= value or tonumber(text) == value then return text end
  return ("%.17g"):format(value)
end

-- Text of a value that is no table, or of one that says itself what it is.
local function plain(value)
  if type(value) == "string" then return quote(value) end
  if math.type(value) == "float" then return show_float(value) end
  local ok, text = pcall(tostring, value)
  return ok and text or ("(a %s whose __tostring failed)"):format(type(value))
end

local order = { number = 1, string = 2, boolean = 3 }

local function key_before(a, b)
  local left, right = order[type(a)] or 4, order[type(b)] or 4
  if left ~= right then return left < right end
  if left <= 2 then return a < b end
  return tostring(a) < tostring(b)
end

-- The keys of a table that are not in its list part, sorted.
local function other_keys(t)
  local length, keys = rawlen(t), {}
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then keys[#keys + 1] = key end
  end
  table.sort(keys, key_before)
  return keys
end

local function show_key(key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") then return key end
  return "[" .. plain(key) .. "]"
end

local function is_opaque(value)
  if type(value) ~= "table" then return true end
  local meta = debug.getmetatable(value)
  return meta ~= nil and type(meta) == "table" and rawget(meta, "__tostring") ~= nil
end

-- The entries of the table as {prefix, value} pairs.
local function entries_of(t)
  local entries = {}
  for i = 1, rawlen(t) do entries[i] = { "", rawget(t, i) } end
  for _, key in ipairs(other_keys(t)) do entries[#entries + 1] = { show_key(key) .. " = ", rawget(t, key) } end
  return entries
end

local function class_prefix(t)
  local meta = debug.getmetatable(t)
  local name = type(meta) == "table" and rawget(meta, "__name")
  return type(name) == "string" and name .. " " or ""
end

-- `path` has the tables that the value is in.
local function inline(value, path, depth)
  if is_opaque(value) then return plain(value) end
  if path[value] then return "<cycle>" end
  if depth > DEEP then return "{...}" end
  path[value] = true
  local parts, size = {}, 0
  for i, entry in ipairs(entries_of(value)) do
    parts[i] = entry[1] .. inline(entry[2], path, depth + 1)
    size = size + #parts[i]
    if size > 4000 then
      parts[i + 1] = "..."
      break
    end
  end
  path[value] = nil
  return class_prefix(value) .. (#parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }")
end

local function add_lines(lines, indent, prefix, value, suffix, path)
  if is_opaque(value) or path[value] or next(value) == nil or #indent > 2 * DEEP then
    lines[#lines + 1] = indent .. prefix .. inline(value, path, 1) .. suffix
    return
  end
  path[value] = true
  lines[#lines + 1] = indent .. prefix .. class_prefix(value) .. "{"
  for _, entry in ipairs(entries_of(value)) do
    add_lines(lines, indent .. "  ", entry[1], entry[2], ",", path)
  end
  lines[#lines + 1] = indent .. "}" .. suffix
  path[value] = nil
end

-- lines(value): a list of lines, one for each entry of every table.
local function lines(value)
  local list = {}
  add_lines(list, "", "", value, "", {})
  return list
end

-- show(value): on one line; cut when it is very long.
local function show(value)
  local text = inline(value, {}, 1)
  if #text > 1000 then text = text:sub(1, 1000):gsub("[\128-\255]*$", "") .. "..." end
  return text
end

return { show = show, lines = lines, quote = quote, plain = plain, is_opaque = is_opaque }
