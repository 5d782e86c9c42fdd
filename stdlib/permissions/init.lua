-- The permissions module: what the sandbox allows, and giving it up.
local core, use = ...

local async = use("async/init")
local TypeError, ValueError = async.TypeError, async.ValueError

local KINDS = { read = "list", write = "list", net = "list", run = "list", env = "list", native = "list",
  thread = "whole", signal = "whole" }
local NAMES = "read, write, net, run, env, thread, signal or native"

-- narrow{read = {...}, net = false, ...}: of each kind that is named, what is listed stays and the rest goes, for ever.
local function narrow(wanted)
  if type(wanted) ~= "table" then
    error(TypeError(("permissions.narrow takes a table such as {net = false}, got %s"):format(type(wanted))), 2)
  end
  for name, value in next, wanted do
    local kind = KINDS[name]
    if not kind then
      error(ValueError(("permissions.narrow: there is no permission '%s', only %s"):format(tostring(name), NAMES)), 2)
    end
    if type(value) ~= "boolean" and (kind == "whole" or type(value) ~= "table") then
      error(TypeError(("permissions.narrow: '%s' must be true, false%s, got %s"):format(name,
        kind == "list" and " or a list of strings" or "", type(value))), 2)
    end
  end
  core.narrow(wanted)
end

-- revoke(permission): nothing of the kind is allowed any more.
local function revoke(name)
  if not KINDS[name] then
    error(ValueError(("argument 1 (permission) of permissions.revoke must be %s, got %s"):format(NAMES, tostring(name))), 2)
  end
  core.narrow { [name] = false }
end

return { query = core.query, list = core.list, is_sandboxed = core.is_sandboxed, narrow = narrow, revoke = revoke }
