-- create_subprocess_exec, create_subprocess_shell: start a program, and what its standard streams are.
local core, use = ...

local async = use("async/init")
local check_options = use("net/options").check
local new_process = use("process").new
local TypeError, ValueError = async.TypeError, async.ValueError

local function special(name)
  return setmetatable({}, { __name = name, __tostring = function() return "subprocess." .. name end })
end

local PIPE, DEVNULL, STDOUT, INHERIT = special("PIPE"), special("DEVNULL"), special("STDOUT"), special("INHERIT")

local known = {
  stdin = "any",
  stdout = "any",
  stderr = "any",
  cwd = "string",
  env = "table",
  process_group = "boolean",
  start_new_session = "boolean",
  grace = "number",
  limit = "count",
}

-- An argument or a part of the environment: what exec takes is strings that end with a zero.
local function check_string(value, place, level)
  if type(value) == "number" then value = tostring(value) end
  if type(value) ~= "string" then
    error(TypeError(("%s must be a string, got %s"):format(place, type(value))), level + 1)
  end
  if value:find("\0", 1, true) then
    error(ValueError(("%s contains a zero byte, which no program can be given"):format(place)), level + 1)
  end
  return value
end

local function environment_of(env, what)
  if env == nil then return nil end
  local list = {}
  for name, value in pairs(env) do
    check_string(name, "a name in the option 'env' of " .. what, 5)
    value = check_string(value, ("the variable '%s' in the option 'env' of %s"):format(name, what), 5)
    list[#list + 1] = name .. "=" .. value
  end
  table.sort(list)
  return list
end

-- What has been opened for a child: `theirs` are its ends of pipes, closed here once it has them; `ours` are Streams.
local Opened = {
  __close = function(opened, err)
    for _, fd in ipairs(opened.theirs) do core.close(fd) end
    if err == nil then return end
    for _, stream in pairs(opened.ours) do stream:abort() end
  end,
}

local names = { [0] = "stdin", "stdout", "stderr" }

-- The descriptor that the child gets as its `number`; `value` is the option.
local function descriptor(opened, number, value, what)
  if value == nil or value == INHERIT then return number end
  if value == DEVNULL then
    local fd = core.null_device()
    table.insert(opened.theirs, fd)
    return fd
  end
  if value == PIPE then
    local stream, fd = core.pipe(number ~= 0)
    core.set_limits(stream, opened.limit)
    opened.ours[names[number]] = stream
    table.insert(opened.theirs, fd)
    return fd
  end
  if value == STDOUT and number == 2 then return opened.stdout end
  local fd = core.descriptor(value)
  if fd == nil then
    error(TypeError(("the option '%s' of %s must be PIPE, DEVNULL, INHERIT%s of async.subprocess or an open Stream, got %s")
      :format(names[number], what, number == 2 and ", STDOUT" or "", tostring(value))), 5)
  end
  return fd
end

local function start(list, options, what)
  local environment = environment_of(options.env, what)
  local opened <close> = setmetatable({ theirs = {}, ours = {}, limit = options.limit }, Opened)
  local stdin = descriptor(opened, 0, options.stdin, what)
  opened.stdout = descriptor(opened, 1, options.stdout, what)
  local stderr = descriptor(opened, 2, options.stderr, what)
  io.stdout:flush()
  local child = core.launch(list, environment, options.cwd, options.process_group, options.start_new_session, stdin,
    opened.stdout, stderr)
  return new_process(child, opened.ours, list, options)
end

-- The options are the last argument when that is a table.
local function split(...)
  local list = table.pack(...)
  local last = list[list.n]
  if type(last) ~= "table" then return list, {} end
  list.n = list.n - 1
  return list, last
end

-- create_subprocess_exec(program, args..., options): a Process. OSError (ENOENT, EACCES) that names the program when it
-- cannot be started.
local function create_subprocess_exec(program, ...)
  local what = "create_subprocess_exec"
  local arguments, options = split(...)
  check_options(options, known, what)
  local list = { check_string(program, "argument 1 (program) of " .. what, 2) }
  for i = 1, arguments.n do
    list[i + 1] = check_string(arguments[i], ("argument %d of %s"):format(i + 1, what), 2)
  end
  return start(list, options, what)
end

-- create_subprocess_shell(command, options): the same of `/bin/sh -c command`.
local function create_subprocess_shell(command, options)
  local what = "create_subprocess_shell"
  check_string(command, "argument 1 (command) of " .. what, 2)
  return start({ "/bin/sh", "-c", command }, check_options(options, known, what), what)
end

return {
  PIPE = PIPE,
  DEVNULL = DEVNULL,
  STDOUT = STDOUT,
  INHERIT = INHERIT,
  create_subprocess_exec = create_subprocess_exec,
  create_subprocess_shell = create_subprocess_shell,
}
