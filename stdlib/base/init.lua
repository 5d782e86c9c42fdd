-- What neap changes in Lua's own globals, and where its modules are found.
local core, use = ...

-- coroutine.close(co), and then what was put off because closes had nested too deep.
local function close(...)
  local ok, err = core.close(...)
  for co in core.next_put_off do
    local closed, problem = core.close(co)
    if not closed then
      core.report { message = "Exception while a coroutine was closed", exception = problem }
    end
  end
  if ok then return true end
  return false, err
end

-- Modules that scripts know under other names: globals, and `async.NAME`.
local hidden = { base = true, async = true, net = true, stream = true, thread = true }

-- Names of modules -> fields of neap.compat.
local stand_ins = { ["socket"] = "socket", ["socket.core"] = "socket" }

return function(load_module, module_names)
  print = core.print
  os.exit = core.exit
  load = core.load
  loadfile = core.loadfile
  dofile = core.dofile
  coroutine.close = close
  core.replace_io()
  core.replace_unbounded()
  require = use("require")

  async = load_module("async")
  await = async.await
  package.loaded.async = async

  -- `neap.fs` at the prompt is what `require "neap.fs"` gives.
  neap = setmetatable({}, {
    __index = function(modules, name)
      if type(name) ~= "string" or hidden[name] then return nil end
      local module = load_module(name)
      rawset(modules, name, module)
      if module ~= nil then package.loaded["neap." .. name] = module end
      return module
    end,
    __pairs = function(modules)
      for _, name in ipairs(module_names()) do local _ = modules[name] end
      return next, modules, nil
    end,
  })

  table.insert(package.searchers, 2, function(name)
    local short = name:match("^neap%.([%w_]+)$")
    if not short then return nil end
    if neap[short] == nil then return "\n\tneap has no module '" .. short .. "'" end
    return function() return neap[short] end, ":neap:"
  end)

  -- `require "neap.compat.socket"` gives `neap.compat.socket`, a field of a module.
  table.insert(package.searchers, 3, function(name)
    local short, field = name:match("^neap%.([%w_]+)%.([%w_]+)$")
    if not short then return nil end
    local module = neap[short]
    if type(module) ~= "table" or module[field] == nil then
      return ("\n\tneap has no module '%s.%s'"):format(short, field)
    end
    return function() return module[field] end, ":neap:"
  end)

  -- Libraries that neap can stand in for, when they are not installed.
  table.insert(package.searchers, function(name)
    local field = stand_ins[name]
    if not field then return nil end
    return function() return neap.compat[field] end, ":neap:"
  end)
end
