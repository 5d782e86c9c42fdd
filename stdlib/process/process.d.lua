---@meta neap.process

-- Types of neap.process for lua-language-server. Scripts reach it as `async.create_subprocess_exec`,
-- `async.create_subprocess_shell` and `async.subprocess`.

---Child processes.
---@class process
local process = {}

---A constant that says what a standard stream of the child is.
---@class process.Special

---What a standard stream of the child is: a pipe to a Stream here, the null device, the same as stdout (for stderr),
---or that of this process. An open Stream is its descriptor.
---@alias process.Stdio process.Special|async.Stream

---Options of `create_subprocess_exec` and `create_subprocess_shell`.
---@class process.Options
---@field stdin? process.Stdio default: INHERIT
---@field stdout? process.Stdio default: INHERIT
---@field stderr? process.Stdio default: INHERIT
---@field cwd? string directory of the child
---@field env? table<string, string|number> the whole environment of the child; default: that of this process
---@field process_group? boolean a process group of its own, to which its signals go
---@field start_new_session? boolean a session of its own, and a group
---@field limit? integer bytes of the longest line that is read from a pipe; default: 65536
---@field grace? number seconds between SIGTERM and SIGKILL when a `<close>` variable of it ends; default: SIGKILL at once

---Starts a program, looked for in PATH. OSError that names the program (ENOENT, EACCES) or the directory when that fails;
---TypeError and ValueError for arguments that no program can be given. asyncio's.
---@param program string
---@param ... string|number|process.Options arguments, and options as the last of them
---@return process.Process
function process.create_subprocess_exec(program, ...) end

---The same of `/bin/sh -c command`.
---@param command string
---@param options? process.Options
---@return process.Process
function process.create_subprocess_shell(command, options) end

---Options of `subprocess.run`.
---@class process.RunOptions: process.Options
---@field input? string written to the child's stdin
---@field capture? boolean stdout and stderr are read
---@field check? boolean CalledProcessError unless it returns 0
---@field timeout? number seconds; then it is killed, and TimeoutError raised

---What `subprocess.run` gives.
---@class process.Result
---@field returncode integer negative: the signal that killed it
---@field stdout? string
---@field stderr? string
---@field args string[]|string

---`async.subprocess`: `run`, and what a standard stream of a child can be.
process.subprocess = {}

---A pipe to a Stream here.
---@type process.Special
process.subprocess.PIPE = {}
---The null device.
---@type process.Special
process.subprocess.DEVNULL = {}
---For stderr: the same as stdout.
---@type process.Special
process.subprocess.STDOUT = {}
---That of this process.
---@type process.Special
process.subprocess.INHERIT = {}

---A program from its start to its end. A string is for the shell. Cancelled, it kills and reaps the child first.
---@async
---@param args string[]|string
---@param options? process.RunOptions
---@return process.Result
function process.subprocess.run(args, options) end

---A child process. A `<close>` variable of it kills and reaps it.
---@class process.Process
---@field pid integer
---@field returncode? integer nil while it runs; negative: the signal that killed it
---@field stdin? async.Stream when it is a pipe
---@field stdout? async.Stream when it is a pipe
---@field stderr? async.Stream when it is a pipe
---@field args string[]
local Process = {}

---Waits for its end. Its pipes may be open still: a grandchild may hold them.
---@async
---@return integer returncode
function Process:wait() end

---Writes the input, reads both outputs to their ends, all at once, and waits for its end. Cancelled, it leaves the process to its
---owner. ValueError for input without a pipe.
---@async
---@param input? string
---@return string? stdout nil when it is no pipe
---@return string? stderr
function Process:communicate(input) end

---Sends a signal: to its whole group when it has one of its own. ValueError for one that does not exist.
---@param signal string|integer "SIGTERM", "TERM" or a number
---@return boolean sent false when it has ended
function Process:send_signal(signal) end

---Sends SIGTERM.
---@return boolean sent
function Process:terminate() end

---Sends SIGKILL.
---@return boolean sent
function Process:kill() end

---Sends SIGTERM, and SIGKILL when it has not ended after `grace` seconds; waits for its end.
---@async
---@param grace? number seconds; default: the option, or 5
---@return integer returncode
function Process:stop(grace) end

return process
