-- The isolate module: Lua code in a process of its own, for code that is not trusted at all.
local _, use = ...

return { start = use("isolate").start }
