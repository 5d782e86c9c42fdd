-- A list of tables in the order in which they were added, from which any can be removed at once.
local LinkedList = {}
LinkedList.__index = LinkedList

local function new_list()
  return setmetatable({ after = {}, before = {} }, LinkedList)
end

function LinkedList:add(item)
  local last = self.last
  if last then self.after[last], self.before[item] = item, last end
  self.first, self.last = self.first or item, item
end

function LinkedList:remove(item)
  local before, after = self.before[item], self.after[item]
  self.before[item], self.after[item] = nil, nil
  if before then self.after[before] = after else self.first = after end
  if after then self.before[after] = before else self.last = before end
end

return new_list
