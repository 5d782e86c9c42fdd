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

-- An argument or a part of the environment of `what`: what exec takes is strings that end with a zero. `place`, a
-- format of what follows it, says which one.
local function check_string(value, what, level, place, ...)
  if type(value) == "number" then value = tostring(value) end
  if type(value) == "string" and not value:find("\0", 1, true) then return value end
  local name = place:format(...) .. " of " .. what
  if type(value) ~= "string" then
    error(TypeError(("%s must be a string, got %s"):format(name, type(value))), level + 1)
  end
  error(ValueError(("%s contains a zero byte, which no program can be given"):format(name)), level + 1)
end

local function environment_of(env, what)
  if env == nil then return nil end
  local list = {}
  for name, value in pairs(env) do
    check_string(name, what, 5, "a name in the option 'env'")
    value = check_string(value, what, 5, "the variable '%s' in the option 'env'", name)
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

-- Nothing: no options, and no Streams of a child that has the descriptors of this process.
local NONE = {}

local names = { [0] = "stdin", "stdout", "stderr" }

-- The descriptor that the child gets as its `number`; `value` is the option.
local function descriptor(opened, number, value, what)
  if value == nil or value == INHERIT then return number end
  if value == STDOUT and number == 2 then return opened.stdout end
  -- A place before there is a descriptor, so that none is lost for want of memory.
  local theirs = opened.theirs
  local place = #theirs + 1
  theirs[place] = -1
  if value == DEVNULL then
    theirs[place] = core.null_device()
    return theirs[place]
  end
  if value == PIPE then
    local stream
    stream, theirs[place] = core.pipe(number ~= 0)
    core.set_limits(stream, opened.limit)
    opened.ours[names[number]] = stream
    return theirs[place]
  end
  local fd, own = core.descriptor(value)
  if fd == nil then
    error(TypeError(("the option '%s' of %s must be PIPE, DEVNULL, INHERIT%s of async.subprocess or an open Stream, got %s")
      :format(names[number], what, number == 2 and ", STDOUT" or "", tostring(value))), 5)
  end
  if own then theirs[place] = fd end
  return fd
end

local function start(list, options, what)
  local environment = environment_of(options.env, what)
  if options.stdin == nil and options.stdout == nil and options.stderr == nil then
    io.stdout:flush()
    local child = core.launch(list, environment, options.cwd, options.process_group, options.start_new_session, 0, 1, 2)
    return new_process(child, NONE, list, options)
  end
  local opened <close> = setmetatable({ theirs = {}, ours = {}, limit = options.limit }, Opened)
  local stdin = descriptor(opened, 0, options.stdin, what)
  opened.stdout = descriptor(opened, 1, options.stdout, what)
  local stderr = descriptor(opened, 2, options.stderr, what)
  io.stdout:flush()
  local child = core.launch(list, environment, options.cwd, options.process_group, options.start_new_session, stdin,
    opened.stdout, stderr)
  return new_process(child, opened.ours, list, options)
end

-- create_subprocess_exec(program, args..., options): a Process. OSError (ENOENT, EACCES) that names the program when it
-- cannot be started.
local function create_subprocess_exec(program, ...)
  local what = "create_subprocess_exec"
  local list, count, options = { program, ... }, select("#", ...) + 1, NONE
  if count > 1 and type(list[count]) == "table" then
    options = list[count]
    list[count] = nil
    count = count - 1
    check_options(options, known, what)
  end
  list[1] = check_string(program, what, 2, "argument 1 (program)")
  for i = 2, count do list[i] = check_string(list[i], what, 2, "argument %d", i) end
  return start(list, options, what)
end

-- create_subprocess_shell(command, options): the same of `/bin/sh -c command`.
local function create_subprocess_shell(command, options)
  local what = "create_subprocess_shell"
  check_string(command, what, 2, "argument 1 (command)")
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
