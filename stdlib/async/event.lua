-- Event: see event.cpp.
local core = ...

return { Event = core.open_event() }
