-- Runs shell commands, several at a time, as a small `xargs -P`.
--
--   neap scripts/examples/parallel.lua [--jobs N] [FILE]
--
-- The commands are read as they come: what is piped into it starts at once, and a million lines take no memory.
local subprocess = async.subprocess

local help = [[
usage: neap parallel.lua [--jobs N] [FILE]

Runs the commands in FILE, or from standard input: one in each line, blank lines and those that begin with # left out.
What a command prints is shown in one piece when it has ended. The exit status is 1 when a command has failed.

  -j, --jobs N   commands at a time (4)
  -h, --help     show this text
]]

local function usage()
  io.stderr:write(help)
  os.exit(2)
end

local function read_arguments(arguments)
  local jobs, file, i = 4, nil, 1
  while i <= #arguments do
    local argument = arguments[i]
    if argument == "-h" or argument == "--help" then
      io.write(help)
      os.exit(0)
    elseif argument == "-j" or argument == "--jobs" then
      i = i + 1
      jobs = math.tointeger(tonumber(arguments[i]))
    elseif argument:find("^%-") or file then
      usage()
    else
      file = argument
    end
    i = i + 1
  end
  if not jobs or jobs < 1 then usage() end
  return jobs, file
end

local jobs, file = read_arguments { ... }
local running, done, failed = 0, 0, 0

-- The line at the bottom of a terminal.
local on_terminal = tostring(async.stderr):find("^<Stream tty") ~= nil
local CLEAR_LINE = "\r\27[K"

local function clear_status()
  if on_terminal then io.stderr:write(CLEAR_LINE) end
end

local function show_status()
  if on_terminal then
    io.stderr:write(CLEAR_LINE, ("%d running, %d done, %d failed"):format(running, done, failed))
  end
end

-- When the program is interrupted, the end of the block kills the command.
local function run(command)
  local process <close> = async.create_subprocess_shell(command, {
    stdin = subprocess.DEVNULL,
    stdout = subprocess.PIPE,
    stderr = subprocess.STDOUT,
    process_group = true,
  })
  local output = process:communicate()
  return output, process.returncode
end

local function run_and_show(command)
  if command:find("^%s*$") or command:find("^%s*#") then return end
  running = running + 1
  show_status()
  local output, status = run(command)
  running, done = running - 1, done + 1
  clear_status()
  io.write(output)
  io.stdout:flush()
  if status ~= 0 then
    failed = failed + 1
    local reason = status < 0 and "was ended by signal " .. -status or "returned " .. status
    io.stderr:write(("parallel: '%s' %s\n"):format(command, reason))
  end
  show_status()
end

local input = io.stdin
if file then
  local opened, problem = io.open(file)
  if not opened then
    io.stderr:write("parallel: ", problem, "\n")
    os.exit(2)
  end
  input = opened
end

async.map(input:lines(), run_and_show, { limit = jobs })
clear_status()
if failed > 0 then os.exit(1) end
