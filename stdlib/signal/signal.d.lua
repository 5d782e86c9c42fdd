---@meta neap.signal

-- Types of neap.signal for lua-language-server. Scripts reach it as `async.signals`, `loop:add_signal_handler` and
-- `loop:remove_signal_handler`.

---Signals of the system, handled from the loop.
---@class signal
local signal = {}

---An iterator over the names of arriving signals. A `<close>` variable of it closes it.
---@class signal.Signals
---@overload fun(): string?
local Signals = {}

---Signals are handled as before; a loop that waits for one ends. A second call does nothing.
function Signals:close() end

---For `for name in signals:each() do`, which closes it on the way out.
---@return signal.Signals, nil, nil, signal.Signals
function Signals:each() end

---`for name in async.signals { "SIGTERM", "SIGHUP" } do`: the names of those that arrive, from now on. ValueError for a signal that does
---not exist or cannot be handled.
---@param list (string|integer)[]
---@return signal.Signals, nil, nil, signal.Signals
function signal.signals(list) end

---See `loop:add_signal_handler`.
---@param number_or_name string|integer
---@param fn fun(...: any)
---@param ... any
function signal.add_handler(number_or_name, fn, ...) end

---See `loop:remove_signal_handler`.
---@param number_or_name string|integer
---@return boolean
function signal.remove_handler(number_or_name) end

return signal
