-- The process module: child processes. Scripts know it as `async.create_subprocess_exec`,
-- `async.create_subprocess_shell` and `async.subprocess`.
local core, use = ...

local create = use("create")

local subprocess = {
  PIPE = create.PIPE,
  DEVNULL = create.DEVNULL,
  STDOUT = create.STDOUT,
  INHERIT = create.INHERIT,
}

return setmetatable({
  create_subprocess_exec = create.create_subprocess_exec,
  create_subprocess_shell = create.create_subprocess_shell,
}, {
  -- Few programs need both this and the functions above.
  __index = function(module, name)
    if name ~= "subprocess" then return nil end
    subprocess.run = use("run").run
    module.subprocess = subprocess
    return subprocess
  end,
})
