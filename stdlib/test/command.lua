-- `neap test [options] [paths]`: called with the words of the command line behind `test`.
local core, use = ...

local options_of, files_of = use("options"), use("files")

local function usage_error(problem)
  io.stderr:write("neap test: ", problem, "\nTry 'neap test --help' for the options.\n")
  return 2
end

local function main(...)
  local options, problem = options_of.parse { ... }
  if not options then return usage_error(problem) end
  if options.help then
    io.stdout:write(options_of.HELP)
    return 0
  end
  local files
  files, problem = files_of.find(options.paths)
  if not files then return usage_error(problem) end
  if #files == 0 then
    return usage_error(("no test files: nothing is called *_test.lua in %s"):format(
      #options.paths > 0 and table.concat(options.paths, ", ") or "the current directory"))
  end
  local runner = use("runner")
  if options.list then return runner.list(files, options) end
  local status
  status, problem = runner.run_files(files, options)
  return status or usage_error(problem)
end

return function(...)
  local exit = os.exit
  exit(main(...), true)
end
