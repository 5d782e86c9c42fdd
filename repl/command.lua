-- `neap` on a terminal, `neap -i script.lua`, `neap repl`.
local core, use = ...

-- XDG_CONFIG_HOME/neap/init.lua, or the same under ~/.config.
local function start_file()
  local config, home = os.getenv("XDG_CONFIG_HOME"), os.getenv("HOME")
  if config and config:sub(1, 1) == "/" then return config .. "/neap/init.lua" end
  return home and home ~= "" and home .. "/.config/neap/init.lua" or nil
end

-- banner, ignore_environment, and for a script: a function that loads it, and its arguments.
return function(banner, ignore_environment, ...)
  local all_ended = use("start").start({ banner = banner .. "   .help for help, Ctrl-D to leave" }, {
    owns_program = true,
    start_file = not ignore_environment and start_file() or nil,
    script = select("#", ...) > 0 and table.pack(...) or nil,
  })
  -- Errors that were reported are no reason to fail. Tasks that do not end are not waited for again.
  os.exit(0, all_ended)
end
