---@meta neap.isolate

-- Types of neap.isolate for lua-language-server.

---Lua code in a process of its own, which the kernel holds: for code that is really hostile.
---@class isolate
local isolate = {}

---What the code in the process may do, by permission: true (all), false, or a list of values. See neap.permissions.
---@class isolate.Sandbox
---@field read? boolean|string[] paths, which hold for what is below them
---@field write? boolean|string[] the same
---@field net? boolean|string[] HOST, HOST:PORT, :PORT
---@field run? boolean|string[] programs
---@field env? boolean|string[] variables; NAME* for all that begin so
---@field native? boolean|string[] C modules
---@field thread? boolean
---@field signal? boolean

---Options of `isolate.start`.
---@class isolate.Options
---@field sandbox? isolate.Sandbox|boolean default: one that allows nothing. False: none, only a process of its own
---@field confine? boolean default: true. False: without what the kernel holds, for systems that cannot
---@field limits? async.LimitOptions of all code in the process together, as `async.limit` takes them; default: none
---@field arguments? string[] its `arg`
---@field output? fun(name: "stdout"|"stderr", text: string) gets what it prints; default: it goes where this process prints to
---@field directory? string where its `require` finds Lua files
---@field program? string the neap program; default: this one, one beside the library, one in PATH
---@field grace? number seconds that a call which is given up, or the whole at its end, has for its cleanup; default: 1
---@field max_message? integer bytes of the arguments, or the results, of a call; default: 64 MiB
---@field debug? boolean asyncio's debug mode in the process

---Starts a process with a Lua interpreter in it, and waits until it is there. OSError when the program cannot be started,
---RuntimeError when there is none or it ends at once; TypeError, ValueError for options.
---@async
---@param options? isolate.Options
---@return isolate.Isolate
function isolate.start(options) end

---A process that runs Lua code for this one. Values are copied: nil, booleans, numbers, strings, tables of these without
---cycles, and errors (class and message). A `<close>` variable of it closes it, or terminates it when an error leaves the block.
---
---Every call waits, and any number may run at once. Giving one up (cancelling the task, a timeout) cancels it in the process; if it
---has not ended there within `grace`, the process is killed. A call on one that has ended, or ends meanwhile, is a RuntimeError that
---says how, or the LimitError that ended it.
---@class isolate.Isolate
---@field pid integer of the process
local Isolate = {}

---Compiles the text and runs it with the arguments; what it returns. Bytecode is refused.
---@async
---@param code string
---@param name? string of the chunk, for messages; default: "=(isolate)"
---@param ... any arguments, its `...`
---@return any ...
function Isolate:run(code, name, ...) end

---The same of a file, which is read by this process. OSError when it cannot be read.
---@async
---@param path string
---@param ... any arguments
---@return any ...
function Isolate:run_file(path, ...) end

---Calls a function of the isolate by its name: a global, or "table.name". TypeError when there is none.
---@async
---@param name string
---@param ... any arguments
---@return any ...
function Isolate:call(name, ...) end

---A global of the isolate, or the field "table.name".
---@async
---@param name string
---@return any
function Isolate:get(name) end

---Sets one; tables on the way are made. A function becomes one there that waits for what this one returns here: it may wait too,
---and what it is called with is not to be trusted.
---@async
---@param name string
---@param value any
function Isolate:set(name, value) end

---False once it is closed or has ended.
---@return boolean
function Isolate:running() end

---Tells it to end, which cancels its tasks, and waits until it has; it is killed after `grace`.
---@async
function Isolate:close() end

---Kills it. Does not wait.
function Isolate:kill() end

---Kills it, and waits until it has ended.
---@async
function Isolate:terminate() end

return isolate
