-- What crosses between two processes: plain data, and error objects as what they say. Both sides may read what the
-- other one wrote without trusting it: every length is checked, nothing is code, and nothing is looked up but the
-- classes of errors.
--
--   value    n | t | f | i <8 bytes> | d <8 bytes> | s <4 bytes: size> bytes | { <4 bytes: pairs> key value ... | e class message
--
-- Numbers are little-endian.
local _, use = ...

local async = use("async/init")
local native = use("async/native")
local TypeError, ValueError = async.TypeError, async.ValueError

local MOST_NESTED = 100
local MOST_SHOWN = 10 -- steps of the way to what is refused

local pack, unpack, byte = string.pack, string.unpack, string.byte

-- Writing.

local Packer = {}
Packer.__index = Packer

function Packer:add(text)
  self.size = self.size + #text
  if self.size > self.most then
    self:stop(ValueError, ("%s is larger than a message may be (%d bytes); raise max_message, or send it in parts"):format(
      self.path[1], self.most))
  end
  self.count = self.count + 1
  self[self.count] = text
end

-- Leaves `encode`, which raises the error: from here the caller's line would be too many levels away to be told.
function Packer:stop(class, message)
  self.refusal = class
  error(message, 0)
end

function Packer:refuse(class, problem)
  local path = self.path
  local where = table.concat(path, "", 1, math.min(#path, MOST_SHOWN))
  self:stop(class, ("%s%s %s"):format(where, #path > MOST_SHOWN and "..." or "", problem))
end

local function step(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return "." .. key end
  if type(key) == "string" then return ("[%q]"):format(key) end
  return ("[%s]"):format(tostring(key))
end

local writers = {}

function writers.boolean(packer, value) packer:add(value and "t" or "f") end

function writers.number(packer, value)
  packer:add(math.type(value) == "integer" and pack("<c1i8", "i", value) or pack("<c1d", "d", value))
end

function writers.string(packer, value) packer:add(pack("<c1s4", "s", value)) end

writers["nil"] = function(packer) packer:add("n") end

local function write(packer, value)
  local writer = writers[type(value)]
  if not writer then
    packer:refuse(TypeError, ("is a %s, which stays in its process; what crosses is nil, booleans, numbers, strings, "
      .. "tables of these, and errors"):format(native.type_name(value)))
  end
  writer(packer, value)
end

function writers.table(packer, value)
  if async.is(value, async.Error) or async.is(value, async.CancelledError) then
    packer:add("e")
    write(packer, tostring(native.type_name(value)))
    return write(packer, tostring(value.message))
  end
  if getmetatable(value) ~= nil then
    packer:refuse(TypeError, ("is a %s, an object, which stays in its process"):format(native.type_name(value)))
  end
  if packer.seen[value] then packer:refuse(ValueError, "holds itself, which no message can") end
  if packer.depth == MOST_NESTED then
    packer:refuse(ValueError, ("is nested more than %d tables deep"):format(MOST_NESTED))
  end
  packer.seen[value], packer.depth = true, packer.depth + 1
  packer:add("{")
  local place, pairs_count = packer.count + 1, 0
  packer:add("....") -- the number of pairs
  local path = packer.path
  for key, item in next, value do
    path[#path + 1] = step(key)
    write(packer, key)
    write(packer, item)
    path[#path] = nil
    pairs_count = pairs_count + 1
  end
  packer[place] = pack("<I4", pairs_count)
  packer.seen[value], packer.depth = nil, packer.depth - 1
end

local function write_all(packer, name, ...)
  for i = 1, select("#", ...) do
    packer.path = { name:format(i) }
    write(packer, (select(i, ...)))
  end
end

-- encode(most, name, ...): the values as text of at most so many bytes. `name` says in messages which of them it is: a
-- format of its number.
local function encode(most, name, ...)
  local packer = setmetatable({ count = 0, size = 0, most = most, depth = 0, seen = {}, path = { "a message" } }, Packer)
  local ok, problem = pcall(write_all, packer, name, ...)
  if not ok then error(packer.refusal and packer.refusal(problem) or problem, 0) end
  return table.concat(packer, "", 1, packer.count)
end

-- Reading. Where the text is none of ours, `damaged` leaves it; string.unpack raises by itself when there is too
-- little.

local function damaged()
  error(ValueError("a message that cannot be read"), 0)
end

local read

local function read_number(text, at)
  return unpack("<i8", text, at)
end

local function read_double(text, at)
  return unpack("<d", text, at)
end

local function read_string(text, at)
  return unpack("<s4", text, at)
end

local function read_table(text, at, depth)
  local count
  count, at = unpack("<I4", text, at)
  if depth == MOST_NESTED or count > #text then damaged() end
  local result = {}
  for _ = 1, count do
    local key, value
    key, at = read(text, at, depth + 1)
    value, at = read(text, at, depth + 1)
    if key == nil or key ~= key then damaged() end
    result[key] = value
  end
  return result, at
end

-- A class of neap's own by its name; any other error is an Error that says what it was.
local function read_error(text, at)
  local name, message
  name, at = read(text, at, MOST_NESTED)
  message, at = read(text, at, MOST_NESTED)
  if type(name) ~= "string" or type(message) ~= "string" then damaged() end
  local class = native.errors[name]
  if class == nil then return async.Error(name .. ": " .. message), at end
  if class == async.CancelledError then -- nobody here has cancelled anything
    return async.RuntimeError("cancelled in its process" .. (message ~= "" and ": " .. message or "")), at
  end
  if class == async.ExceptionGroup then class = async.Error end        -- of what is in it there is but the message
  return class(message), at
end

local readers = {
  [byte "n"] = function(_, at) return nil, at end,
  [byte "t"] = function(_, at) return true, at end,
  [byte "f"] = function(_, at) return false, at end,
  [byte "i"] = read_number,
  [byte "d"] = read_double,
  [byte "s"] = read_string,
  [byte "{"] = read_table,
  [byte "e"] = read_error,
}

function read(text, at, depth)
  local reader = readers[byte(text, at)] or damaged
  return reader(text, at + 1, depth)
end

-- decode(text): the values of encode, as a table with `n`; nil for a text that is none of ours.
local function decode(text)
  local values, at, count = {}, 1, 0
  local fine = pcall(function()
    while at <= #text do
      count = count + 1
      values[count], at = read(text, at, 0)
    end
  end)
  if not fine then return nil end
  values.n = count
  return values
end

return { encode = encode, decode = decode }
