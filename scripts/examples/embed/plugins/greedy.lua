-- Wants all the memory.
local all = {}
while true do all[#all + 1] = ("x"):rep(1000000) end
