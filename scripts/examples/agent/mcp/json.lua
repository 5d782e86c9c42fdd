-- JSON, by lua-cjson: the text of a value, and the value of a text.
--
-- null is nil here, and a whole number is an integer. An empty table is written as an object, {};
-- this program never has to write an empty list.
local json = {}

local found, cjson = pcall(require, "cjson")
if not found then
  local why = tostring(cjson):match("[^\n]*")
  error(async.Error("the Lua module 'cjson' is needed. Install it with\n"
    .. "  sudo apt install lua-cjson      Debian, Ubuntu\n"
    .. "  luarocks install lua-cjson      elsewhere, for Lua 5.4\n(" .. why .. ")"), 0)
end

-- To be written where the protocol wants a null, as the id of an answer to what could not be read.
json.null = cjson.null

local function tidy(value)
  if value == cjson.null then return nil end
  if math.type(value) == "float" then return math.tointeger(value) or value end
  if type(value) ~= "table" then return value end
  for key, item in pairs(value) do value[key] = tidy(item) end
  return value
end

-- encode(value): one line of text. An error for what JSON has not: functions, NaN.
json.encode = cjson.encode

-- decode(text): the value, or nil and what is wrong with the text.
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok then return nil, value end
  return tidy(value)
end

return json
