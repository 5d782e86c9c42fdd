---@meta neap.repl

-- Types of neap.repl for lua-language-server.

---The interactive prompt.
---@class repl
local repl = {}

---Options of `repl.start`.
---@class repl.Options
---@field env? table the globals of entries. Default: `_G`
---@field prompt? string|fun(number: integer): string what stands before an entry; `%d` in a string is its number. Default "%d> "
---@field banner? string what is shown first
---@field history? string|false the file of the history, or none. Default: see NEAP_HISTORY in `neap --help`

---Opens the prompt in the calling task, and returns when the user leaves it (Ctrl-D, `.exit`); tasks that were started at it are
---cancelled then. The loop runs on meanwhile. Where nothing can be drawn (no terminal, TERM=dumb) it reads plain lines from standard
---input. RuntimeError when a prompt is open already.
---@async
---@param options? repl.Options
function repl.start(options) end

return repl
