-- Values made from bytes, and what must hold of their copies. The first byte chooses: a value that
-- is copied for a thread, one that goes into a message for another process, or a message as it
-- comes from there.
local codec = module_file("isolate/codec")

local MOST_DEPTH, MOST_VALUES = 40, 400

local Reader = {}
Reader.__index = Reader

function Reader:byte()
  self.at = self.at + 1
  return self.bytes:byte(self.at) or 0
end

function Reader:take(size)
  local text = self.bytes:sub(self.at + 1, self.at + size)
  self.at = self.at + size
  return text
end

local NUMBERS = { 0.0, -0.0, 1.5, 1 / 0, -1 / 0, 0 / 0, 2.0 ^ 53, 5e-324, math.maxinteger + 0.0 }
local refused_kinds = {
  function() return coroutine.create(print) end,
  function() return io.stdout end,
  function() return setmetatable({}, {}) end,
  function() return async.Future() end,
}

local makers

-- A value; `unsendable` is set when it has something in it that cannot cross.
function Reader:value(depth)
  self.count = self.count + 1
  local code = self:byte()
  if depth >= MOST_DEPTH or self.count > MOST_VALUES then return code end
  return makers[code % #makers + 1](self, depth)
end

local function new_table(reader, depth)
  local result = {}
  reader.made[#reader.made + 1] = result
  for i = 1, reader:byte() % 5 do result[i] = reader:value(depth + 1) end
  for _ = 1, reader:byte() % 4 do
    local key = reader:value(depth + 1)
    local value = reader:value(depth + 1)
    if key ~= nil and key == key then result[key] = value end
  end
  return result
end

makers = {
  function() return nil end,
  function() return true end,
  function() return false end,
  function(reader) return reader:byte() - 128 end,
  function(reader) return string.unpack("<i8", reader:take(8) .. ("\0"):rep(8)) end,
  function(reader) return (string.unpack("<d", reader:take(8) .. ("\0"):rep(8))) end,
  function(reader) return NUMBERS[reader:byte() % #NUMBERS + 1] end,
  function(reader) return reader:take(reader:byte() % 60) end,
  function(reader)
    local piece = reader:take(3)
    return piece:rep(reader:byte() * 40)
  end,
  new_table,
  new_table,
  function(reader) return reader.made[reader:byte() % (#reader.made + 1)] end,
  function(reader, depth)
    local first, second = reader:value(depth + 1), reader:value(depth + 1)
    return reader:add_function(function() return first, second end)
  end,
  function(reader)
    local code = reader:byte()
    if code < 128 then return string.rep end
    reader.unsendable = true
    return refused_kinds[code % #refused_kinds + 1]()
  end,
}

function Reader:add_function(fn)
  self.made[#self.made + 1] = fn
  return fn
end

local function new_reader(bytes)
  return setmetatable({ bytes = bytes, at = 0, count = 0, made = {} }, Reader)
end

-- Whether the values are built alike: what is shared in one is shared in the other, and numbers are
-- of one type.
local function alike(a, b, there, back)
  local kind = type(a)
  if kind ~= type(b) then return false end
  if kind == "number" then
    if math.type(a) ~= math.type(b) then return false end
    return a ~= a and b ~= b or a == b and (a ~= 0 or 1 / a == 1 / b)
  end
  if kind == "function" and debug.getinfo(a, "S").what == "C" then return a == b end
  if kind ~= "table" and kind ~= "function" then return a == b end
  if there[a] or back[b] then return there[a] == b and back[b] == a end
  there[a], back[b] = b, a
  if kind == "function" then
    for i = 1, 2 do
      local _, x = debug.getupvalue(a, i)
      local _, y = debug.getupvalue(b, i)
      if not alike(x, y, there, back) then return false end
    end
    return true
  end
  -- Keys that are tables or functions have no other name by which they could be found: each needs a
  -- partner.
  local partners, count = {}, 0
  for key, value in next, b do
    count = count + 1
    if type(key) == "table" or type(key) == "function" then partners[#partners + 1] = { key, value } end
  end
  local odd = 0
  for key, value in next, a do
    count = count - 1
    if (type(key) == "table" or type(key) == "function") and key ~= b[key] and rawget(b, key) == nil then
      odd = odd + 1
    elseif not alike(value, b[key], there, back) then
      return false
    end
  end
  return count == 0 and (odd == 0 or odd <= #partners)
end

local function thread_copy(reader)
  local value = reader:value(0)
  local ok, result = pcall(copy, value)
  if reader.unsendable then
    -- It may be a key or a value that was overwritten, and is not in the value any more.
    if ok then return end
    if not tostring(result):find("cannot be copied", 1, true) then return "refused with: " .. tostring(result) end
    if not tostring(result):find("^TypeError: argument 1") then return "the place is not named: " .. tostring(result) end
    return
  end
  if not ok then return "refused: " .. tostring(result) end
  if not alike(value, result, {}, {}) then return "the copy is another value" end
end

-- What a message can hold: trees of plain data.
local function is_plain(value, seen, depth)
  local kind = type(value)
  if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then return true end
  if kind ~= "table" or getmetatable(value) or seen[value] or depth > 100 then return false end
  seen[value] = true
  local plain = true
  for key, item in next, value do
    plain = plain and is_plain(key, seen, depth + 1) and is_plain(item, seen, depth + 1)
  end
  seen[value] = nil
  return plain
end

local function message(reader)
  local value = reader:value(0)
  local ok, text = pcall(codec.encode, 1 << 20, "argument %d", value)
  if ok ~= is_plain(value, {}, 1) then
    if not ok and tostring(text):find("larger than a message", 1, true) then return end
    return ok and "a message holds what cannot cross" or "refused: " .. tostring(text)
  end
  if not ok then return end
  local values = codec.decode(text)
  if not values or values.n ~= 1 then return "a message cannot be read" end
end

-- Bytes from elsewhere: values, or nil; and of values the same bytes again, or ones that mean the
-- same.
local function incoming(reader)
  local values = codec.decode(reader.bytes)
  if values == nil then return end
  local ok, text = pcall(codec.encode, 1 << 20, "value %d", table.unpack(values, 1, values.n))
  if not ok then return "what was read cannot be written: " .. tostring(text) end
  local again = codec.decode(text)
  if not again or again.n ~= values.n then return "what was written cannot be read" end
end

local kinds = { thread_copy, thread_copy, message, incoming }

return function(input)
  if input == "" then return end
  local problem = kinds[input:byte() % #kinds + 1](new_reader(input:sub(2)))
  return problem
end
