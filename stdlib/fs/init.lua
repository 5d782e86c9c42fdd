-- The fs module: files and directories, through the thread pool, so that nothing blocks the loop.
local core, use = ...

return {
  read = core.read,
  write = core.write,
  append = core.append,
  open = core.open,
  stat = core.stat,
  list = core.list,
  walk = use("walk"),
  mkdir = core.mkdir,
  remove = core.remove,
  rename = core.rename,
}
