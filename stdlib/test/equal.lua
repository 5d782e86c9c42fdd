-- When two values are equal for a test: numbers and strings as `==` says, tables by what is in them.

local function is_nan(value) return type(value) == "number" and value ~= value end

local equal

-- Compares what two tables hold; `seen[a][b]` is set for pairs that are being compared, which may be cyclic.
local function equal_content(a, b, seen)
  seen[a] = seen[a] or {}
  if seen[a][b] then return true end
  seen[a][b] = true
  for key, value in next, a do
    if not equal(value, rawget(b, key), seen) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

-- Tables with a metatable are equal when it is the same for both and what they hold is equal; its __eq has the first
-- word. NaN is equal to itself.
function equal(a, b, seen)
  if a == b or (is_nan(a) and is_nan(b)) then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  local meta = debug.getmetatable(a)
  if meta ~= debug.getmetatable(b) then return false end
  if type(meta) == "table" and rawget(meta, "__eq") ~= nil then return false end
  return equal_content(a, b, seen or {})
end

-- True when every field of `part` is in `whole`; tables inside are parts of those at the same place.
local function includes(whole, part)
  local plain = type(whole) == "table" and type(part) == "table" and debug.getmetatable(part) == nil
  if not plain then return equal(whole, part) end
  for key, value in next, part do
    if not includes(whole[key], value) then return false end
  end
  return true
end

return { equal = equal, includes = includes }
