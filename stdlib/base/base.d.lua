---@meta

-- What neap adds to Lua's globals; `async` and `await` are in ../async/async.d.lua.

---neap's own modules by name, each loaded when it is first asked for: `neap.fs` is `require "neap.fs"`. pairs(neap)
---loads and lists them all; a name that no module has gives nil.
---@class neap
neap = {}
