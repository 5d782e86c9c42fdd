-- A model of what is inside a queue, for storms. support "items" gives a function(better): better(a, b) is true when
-- item a leaves before item b; their fields `woken` number them as they came in.
--
-- An item is the ticket of the call that puts it in. It is in when its putter is woken, which may be for a cancellation
-- as well: it is `sure` when the call has succeeded.

local Items = {}
Items.__index = Items

-- The putter has been woken, or need not wait.
function Items:add(item)
  if not item.got then self[#self + 1] = item end
end

function Items:remove(item)
  for i, other in ipairs(self) do
    if other == item then return table.remove(self, i) end
  end
end

-- The item was taken out. One may come straight from a putter that waits, of whose waking the model learns later.
function Items:take(item, straight)
  check(not item.got, "an item came twice")
  item.got = true
  check(self:remove(item) or straight and item.woken == nil, "an item came that was not put")
  for _, other in ipairs(self) do
    if not self.unordered and (item.woken == nil or self.better(other, item)) then
      check(not other.sure, "an item came before its turn")
      other.must_fail = true
    end
  end
end

-- The call that put it has succeeded.
function Items:confirm(item)
  check(not item.must_fail, "an item came before its turn")
  if not item.waited then self:add(item) end
  item.sure = true
end

-- The call has failed.
function Items:withdraw(item)
  check(not item.got, "an item came whose put failed")
  self:remove(item)
end

return function(better) return setmetatable({ better = better }, Items) end
