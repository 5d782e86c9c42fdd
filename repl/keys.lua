-- The keys of a table in the order in which they are shown, without sorting them all: a table may have millions.
--
-- Numbers come first, then strings, both as `<` has them, then false, true, and what is left by its type and address.
local core, use = ...

local MOST = 2000000 -- keys looked at

local rank = { number = 1, string = 2, boolean = 3 }

local function other_before(a, b)
  if type(a) ~= type(b) then return type(a) < type(b) end
  if type(a) == "boolean" then return not a and b end
  return ("%p"):format(a) < ("%p"):format(b)
end

local function plain_before(a, b) return a < b end

-- Keeps the first `most` of the keys added, in any order until it is sorted.
local Least = {}
Least.__index = Least

local function new_least(most, before)
  return setmetatable({ most = most, before = before, keys = {}, worst = nil }, Least)
end

function Least:cut()
  local keys = self.keys
  table.sort(keys, self.before)
  for i = #keys, self.most + 1, -1 do keys[i] = nil end
  if #keys == self.most then self.worst = keys[self.most] end
  return keys
end

function Least:add(key)
  local keys = self.keys
  keys[#keys + 1] = key
  if #keys >= 2 * self.most + 100 then self:cut() end
end

-- keys_of(t, length, most, hidden): the first `most` keys that are not in its list of that length, nor in `hidden`.
-- Returns them, how many there are, and whether that is all: of a giant only so many are counted.
local function keys_of(t, length, most, hidden)
  local least = { new_least(most, plain_before), new_least(most, plain_before), new_least(most, other_before),
    new_least(most, other_before) }
  local count, looked = 0, 0
  for key in next, t do
    looked = looked + 1
    if looked > MOST then break end
    local in_list = math.type(key) == "integer" and key >= 1 and key <= length
    if not in_list and not (hidden and hidden[key]) then
      count = count + 1
      local kind = rank[type(key)] or 4
      local some = least[kind]
      local worst = some.worst
      if worst == nil or kind > 2 or key < worst then some:add(key) end
    end
  end
  local keys = {}
  for _, some in ipairs(least) do
    for _, key in ipairs(some:cut()) do
      if #keys < most then keys[#keys + 1] = key end
    end
  end
  return keys, count, looked <= MOST
end

return { keys_of = keys_of }
