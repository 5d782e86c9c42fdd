-- The module's C++ functions, for other modules of the library: use("async/native").
local core = ...

return core
