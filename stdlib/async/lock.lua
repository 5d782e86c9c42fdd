-- Lock: see lock.cpp.
local core = ...

local Lock, class = core.open_lock()

return { Lock = Lock, class = class }
