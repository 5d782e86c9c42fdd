-- How the collector works: runtime/lua/collector.hpp.
if stressed then return end -- then it does not work in that way

test("a step of the collector frees a little of a large heap", function()
  local garbage
  for _ = 1, 100000 do garbage = { garbage } end
  collectgarbage()
  local before = collectgarbage("count")
  garbage = nil
  local freed, all = {}, 0
  repeat
    local ended = collectgarbage("step")
    local left = collectgarbage("count")
    freed[#freed + 1], all, before = before - left, all + before - left, left
  until ended
  check(all > 5000, ("the cycle frees the garbage: %.0f KiB"):format(all))
  table.sort(freed)
  check(freed[#freed] < 1000, ("no step frees much of it: %.0f KiB"):format(freed[#freed])) -- Lua's steps free 3,400
  equal(garbage, nil)
end)
