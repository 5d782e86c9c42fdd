-- Semaphore and BoundedSemaphore: see semaphore.cpp.
local core = ...

local Semaphore, BoundedSemaphore = core.open_semaphore()

return { Semaphore = Semaphore, BoundedSemaphore = BoundedSemaphore }
