-- The process module: child processes. Scripts know it as `async.create_subprocess_exec`, `async.create_subprocess_shell` and
-- `async.subprocess`.
local core, use = ...

local create = use("create")

return {
  create_subprocess_exec = create.create_subprocess_exec,
  create_subprocess_shell = create.create_subprocess_shell,
  subprocess = {
    PIPE = create.PIPE,
    DEVNULL = create.DEVNULL,
    STDOUT = create.STDOUT,
    INHERIT = create.INHERIT,
    run = use("run").run,
  },
}
