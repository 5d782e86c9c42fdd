-- neap.repl: the interactive prompt.
local core, use = ...

return {}
