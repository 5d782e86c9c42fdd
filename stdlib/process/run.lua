-- subprocess.run: a program from its start to its end.
local core, use = ...

local async = use("async/init")
local create = use("create")

local own = { input = "string", check = "boolean", timeout = "number", capture = "boolean" }

-- What the command is called in messages.
local function text_of(args)
  return type(args) == "table" and table.concat(args, " ") or args
end

local function check(options)
  if options == nil then return {}, {} end
  if type(options) ~= "table" then
    error(async.TypeError(("the options of subprocess.run must be a table, got %s"):format(type(options))), 3)
  end
  local mine, rest = {}, {}
  for name, value in pairs(options) do
    if own[name] and type(value) ~= own[name] then
      error(async.TypeError(("the option '%s' of subprocess.run must be a %s, got %s"):format(name, own[name], type(value))), 3)
    end
    (own[name] and mine or rest)[name] = value
  end
  return mine, rest
end

local function start(args, rest)
  if type(args) == "string" then return create.create_subprocess_shell(args, rest) end
  local list = table.move(args, 1, #args, 1, {})
  list[#list + 1] = rest
  return create.create_subprocess_exec(table.unpack(list, 1, #list))
end

local function describe(code)
  if code >= 0 then return ("returned %d"):format(code) end
  return ("was killed by %s"):format(core.signal_name(-code) or "signal " .. -code)
end

-- run(args, {input=, check=, timeout=, capture=, and the options of create_subprocess_exec}): args is a list, or a
-- string for the shell. Waits for its end; {returncode=, stdout=, stderr=, args=}. With `check` CalledProcessError
-- unless it returned 0. After `timeout` seconds, or cancelled, it is killed and reaped before the error is raised.
local function run(args, options)
  if type(args) ~= "string" and (type(args) ~= "table" or #args == 0) then
    error(async.TypeError(("argument 1 of subprocess.run must be a list of strings, or a string for the shell, got %s")
      :format(type(args) == "table" and "an empty list" or type(args))), 2)
  end
  local mine, rest = check(options)
  if mine.input then rest.stdin = create.PIPE end
  if mine.capture then
    rest.stdout = rest.stdout or create.PIPE
    rest.stderr = rest.stderr or create.PIPE
  end
  local process <close> = start(args, rest)
  local output, errors = async.timeout(mine.timeout, process.communicate, process, mine.input)
  local result = { returncode = process.returncode, stdout = output, stderr = errors, args = args }
  if mine.check and result.returncode ~= 0 then
    local message = ("'%s' %s"):format(text_of(args), describe(result.returncode))
    if errors and errors ~= "" then message = message .. ": " .. errors:gsub("%s+$", "") end
    error(async.CalledProcessError(message, result), 2)
  end
  return result
end

return { run = run }
