-- Latches: tasks wait until something has happened so many times.
local core = ...

return { new = core.new }
