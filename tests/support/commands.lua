-- Runs the commands of a page in a shell, in a folder of their own, and tells what they print.
local example = support("example")
local pages = support("pages")

local PATIENCE = 20 -- seconds for a command

local function is_prompt(command)
  return command == "neap" or command:find("^neap %-i ") ~= nil
end

-- The commands of a `console` block: {command =, input =, expected = {line...}, line =}. `$ ` begins a command, `> `
-- goes on with it. Lines that begin like `1> ` are typed at the prompt of neap, which a block may also begin with.
local function commands_of(block)
  local list, current = {}, nil
  local number = block.line
  for line in block.text:gmatch("([^\n]*)\n") do
    number = number + 1
    local command, more = line:match("^%$ (.*)$"), line:match("^> ?(.*)$")
    local entry = (current == nil or current.prompt) and line:match("^%d+>+ ?(.*)$")
    if command or current == nil and entry then
      command = command or "neap"
      current = { command = command, expected = {}, line = number, prompt = is_prompt(command) }
      if entry then current.input = entry .. "\n" end
      list[#list + 1] = current
    elseif current == nil then
      error(("%s:%d: the block does not begin with '$ '"):format(block.path, number), 0)
    elseif more and #current.expected == 0 then
      current.command = current.command .. "\n" .. more
    elseif entry then
      current.input = (current.input or "") .. entry .. "\n"
    elseif line ~= "" and not (current.prompt and line:find("^neap %d")) then
      current.expected[#current.expected + 1] = line
    end
  end
  return list
end

-- A test that took long shows how long, which no page does.
local function without_time(line)
  return (line:gsub(" %(%d+%.%d+ s%)$", ""))
end

-- Whether the lines are as expected; a line that is only `...` stands for any number of lines.
local function fits(lines, expected, i, j)
  i, j = i or 1, j or 1
  while j <= #expected do
    if expected[j]:match("^%s*%.%.%.%s*$") then
      for skip = i, #lines + 1 do
        if fits(lines, expected, skip, j + 1) then return true end
      end
      return false
    end
    if not (lines[i] and example.same(without_time(lines[i]), expected[j])) then return false end
    i, j = i + 1, j + 1
  end
  return i > #lines
end

local Shell = {}
Shell.__index = Shell

-- A shell in the folder. It sees this neap, and no settings of the user.
local function new_shell(folder)
  local env = { PATH = neap_binary:match("^(.*)/[^/]*$") .. ":" .. os.getenv("PATH"), HOME = folder, TERM = "dumb",
    NO_COLOR = "1", LC_ALL = "C.UTF-8", PAGER = "cat", NEAP_HISTORY = "", NEAP_STDLIB = os.getenv("NEAP_STDLIB"),
    PYTHONDONTWRITEBYTECODE = "1" }
  local pipe = async.subprocess.PIPE
  local process = async.create_subprocess_exec("sh", { stdin = pipe, stdout = pipe,
    stderr = async.subprocess.STDOUT, env = env, cwd = folder, start_new_session = true })
  return setmetatable({ process = process, folder = folder }, Shell)
end

function Shell:close()
  self.process:send_signal("SIGKILL")
  self.process:wait()
end

-- The next line; nil when the command is done.
function Shell:line()
  local line = self.process.stdout:readline()
  if line == nil then error("the shell has ended", 0) end
  local status = line:match("^\1(%d+)\n$")
  if status then
    self.status = tonumber(status)
    return nil
  end
  return (line:gsub("\n$", ""))
end

-- Takes lines until the command is done, and for one in the background until they are as expected.
function Shell:lines(expected, in_background)
  local lines = {}
  for line in function() return self:line() end do lines[#lines + 1] = line end
  if lines[#lines] == "" then lines[#lines] = nil end
  while in_background and #expected > 0 and not fits(lines, expected) do lines[#lines + 1] = self:line() end
  return lines
end

-- What the entries show: neither the prompt's greeting nor the prompts.
local function without_prompts(lines)
  local kept = {}
  for _, line in ipairs(lines) do
    while line:find("^%d+>+ ") do line = line:gsub("^%d+>+ ", "") end
    if not line:find("^neap %d") then kept[#kept + 1] = line end
  end
  return kept
end

-- run(item) -> the lines that the command printed, and its status.
function Shell:run(item)
  local command = item.command
  if item.prompt then command = command:gsub("^neap$", "neap repl") end
  local text = "{ (exit $NEAP_STATUS)\n" .. command .. "\n} "
  text = text .. (item.input and "<<'NEAP_INPUT'\n" .. item.input .. "NEAP_INPUT\n" or "</dev/null\n")
  self.process.stdin:write(text, "NEAP_STATUS=$?; printf '\\n\\001%d\\n' $NEAP_STATUS\n")
  local lines = async.timeout(PATIENCE, self.lines, self, item.expected, item.command:find("&%s*$"))
  return item.prompt and without_prompts(lines) or lines, self.status
end

local function describe(lines)
  return #lines == 0 and "  (nothing)" or "  " .. table.concat(lines, "\n  ")
end

-- Commands one after the other; what they print must be as it stands there.
local function run_console(shell, block)
  for _, item in ipairs(commands_of(block)) do
    local lines, status = shell:run(item)
    local kept = {}
    for _, line in ipairs(lines) do
      if line:find("%S") then kept[#kept + 1] = line end
    end
    local place = ("%s:%d: %s"):format(block.path, item.line, item.command)
    if not fits(kept, item.expected) then
      error(("%s\nshould print\n%s\nbut prints\n%s"):format(place, describe(item.expected), describe(lines)), 0)
    end
    if status ~= 0 and #item.expected == 0 then error(("%s\nended with status %d"):format(place, status), 0) end
  end
end

-- Commands that must succeed.
local function run_script(shell, block)
  local lines, status = shell:run { command = "( set -e\n" .. block.text .. ")", expected = {} }
  if status ~= 0 then
    error(("%s:%d: the commands ended with status %d\n%s"):format(block.path, block.line, status, describe(lines)), 0)
  end
end

-- run(page): the blocks of a page that are files and commands, from the first to the last.
local function run(page)
  local path = page.path
  local folder <close> = neap.fs.tempdir()
  local shell <close> = setmetatable({ shell = new_shell(folder.path) },
    { __close = function(self) self.shell:close() end })
  for _, block in ipairs(page.blocks) do
    block.path = path
    if block.file then
      local file = folder.path .. "/" .. block.file
      if block.file:find("/") then neap.fs.mkdir(file:match("^(.*)/"), { parents = true, exist_ok = true }) end
      neap.fs.write(file, block.text)
    end
    if block.language == "console" then
      run_console(shell.shell, block)
    elseif block.language == "sh" and not block.file then
      run_script(shell.shell, block)
    elseif block.file and block.file:find("_test%.lua$") and not pages.is_used(page, block) then
      run_script(shell.shell, { path = path, line = block.line, text = "neap test " .. block.file .. "\n" })
    end
  end
end

-- python(block, path) -> the lines that the program prints.
local function python(block, path)
  local folder <close> = neap.fs.tempdir()
  local script = folder.path .. "/example.py"
  neap.fs.write(script, ("\n"):rep(block.line) .. block.text)
  local result = async.subprocess.run({ "python3", pages.root .. "/tests/support/virtual_clock.py", script },
    { capture = true, timeout = PATIENCE })
  if result.returncode ~= 0 then
    error(("%s:%d: python3 ended with status %d\n%s"):format(path, block.line, result.returncode, result.stderr), 0)
  end
  local lines = {}
  for line in result.stdout:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

return { run = run, python = python, fits = fits, commands_of = commands_of }
