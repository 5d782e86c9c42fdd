-- How the process of an isolate is started: its command line and its environment.
local core, use = ...

local async = use("async/init")
local TypeError, ValueError = async.TypeError, async.ValueError

local LISTS = { read = true, write = true, net = true, run = true, env = true, native = true }
local FLAGS = { thread = true, signal = true }
local NAMES = "read, write, net, run, env, native, thread or signal"

local function refuse(class, what, ...)
  error(class(("isolate.start: " .. what):format(...)), 0)
end

local function add_values(command, name, values)
  for i, value in ipairs(values) do
    local place = ("'%s' %d of the option 'sandbox'"):format(name, i)
    if type(value) ~= "string" then refuse(TypeError, "%s must be a string, got %s", place, type(value)) end
    if value == "" or value:find("[,\0]") then
      refuse(ValueError, "%s must not be empty nor have a comma or a zero byte in it, got %q", place, value)
    end
    command[#command + 1] = ("--allow-%s=%s"):format(name, value)
  end
end

local function add_sandbox(command, sandbox, confine)
  command[#command + 1] = confine and "--sandbox=confined" or "--sandbox"
  for name, value in pairs(sandbox) do
    if not LISTS[name] and not FLAGS[name] then
      refuse(ValueError, "there is no permission '%s' for the option 'sandbox', only %s", tostring(name), NAMES)
    end
    if type(value) == "table" and LISTS[name] then
      add_values(command, name, value)
    elseif type(value) ~= "boolean" then
      refuse(TypeError, "'%s' of the option 'sandbox' must be true, false%s, got %s", name,
        LISTS[name] and " or a list of strings" or "", type(value))
    elseif value then
      command[#command + 1] = "--allow-" .. name
    end
  end
end

-- command(options): the program and its arguments, a list; and its environment, nil for that of this process.
return function(options)
  local program = options.program or core.find_program()
  if program == nil then
    refuse(async.RuntimeError, "the program 'neap' is neither beside the library nor in PATH; the option 'program' says where it is")
  end
  local command = { program }
  local sandbox = options.sandbox
  if sandbox == nil or sandbox == true then sandbox = {} end
  if sandbox then add_sandbox(command, sandbox, options.confine ~= false) end
  if options.debug then command[#command + 1] = "--debug" end
  command[#command + 1] = options.directory and "--isolate=" .. options.directory or "--isolate"
  if not sandbox then return command, nil end
  local env = sandbox.env
  return command, env ~= true and core.environment(env or {}) or nil
end
