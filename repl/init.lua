-- neap.repl: the interactive prompt. See README.md beside this file.
local core, use = ...

local native = use("async/native")

local kinds = {
  env = { table = true },
  prompt = { string = true, ["function"] = true },
  banner = { string = true },
  history = { string = true, boolean = true },
}

local function check(options)
  options = use("async/task").check_options(options, kinds, "repl.start")
  for name, allowed in pairs(kinds) do
    if options[name] ~= nil and not allowed[type(options[name])] then
      local names = {}
      for kind in pairs(allowed) do names[#names + 1] = "a " .. kind end
      table.sort(names)
      error(native.errors.TypeError(("the option '%s' of repl.start must be %s, got %s"):format(
        name, table.concat(names, " or "), native.type_name(options[name]))), 3)
    end
  end
  return options
end

-- start{env=, prompt=, banner=, history=}: opens the prompt in the current task; returns when the user leaves it.
local function start(options)
  use("start").start(check(options), {})
end

return { start = start }
