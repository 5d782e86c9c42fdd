---@meta

---Latches: tasks wait until something has happened so many times.
---@class latch
local latch = {}

---@class latch.Latch
local Latch = {}

---A latch that opens when `count_down` has been called `count` times.
---TypeError when that is no integer, ValueError below 0.
---@param count integer
---@return latch.Latch
function latch.new(count) end

---Says that it has happened once more. An open latch stays open.
function Latch:count_down() end

---**Waits** until the latch is open.
function Latch:wait() end

return latch
