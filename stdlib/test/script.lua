-- `neap my_test.lua`: the tests that a script has declared are run when it has ended. Its arguments are options of
-- `neap test`.
local core, use = ...

return function()
  local collect = use("collect")
  local root = collect.finish()
  local options, problem = use("options").parse(table.move(arg or {}, 1, #(arg or {}), 1, {}))
  if options and #options.paths > 0 then problem = ("unexpected argument '%s'"):format(options.paths[1]) end
  if problem then
    io.stderr:write("neap test: ", problem, "\n")
    os.exit(2, true)
  end
  if options.help then
    io.stdout:write(use("options").HELP)
    return
  end
  local status
  status, problem = use("runner").run_script(root, options)
  if not status then io.stderr:write("neap test: ", problem, "\n") end
  if status ~= 0 then os.exit(status or 2, true) end
end
