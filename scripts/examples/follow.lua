-- Shows what is added to files, as `tail -F` does: also after they were rotated, truncated, or made anew.
--
--   neap scripts/examples/follow.lua [--all] [--interval SECONDS] FILE...
--
-- One task for each file. It looks for news every so often, which works on every file system, those of the network too.
local fs = require "neap.fs"

local help = [[
usage: neap follow.lua [--all] [--interval SECONDS] FILE...

Shows the lines that are added to the files, until it is interrupted. A file may come later, and be replaced by another.

  -a, --all                show what is in the files already, too
  -i, --interval SECONDS   how often to look for news (0.25)
  -h, --help               show this text
]]

local function usage()
  io.stderr:write(help)
  os.exit(2)
end

local all, interval, paths = false, 0.25, {}
local arguments, i = { ... }, 1
while i <= #arguments do
  local argument = arguments[i]
  if argument == "-h" or argument == "--help" then
    io.write(help)
    return
  elseif argument == "-a" or argument == "--all" then
    all = true
  elseif argument == "-i" or argument == "--interval" then
    i = i + 1
    interval = tonumber(arguments[i])
  elseif argument:find("^%-") then
    usage()
  else
    paths[#paths + 1] = argument
  end
  i = i + 1
end
if #paths == 0 or not interval or interval <= 0 then usage() end

local function show(path, line)
  print(#paths > 1 and path .. ": " .. line or line)
end

local function complain(path, err)
  io.stderr:write(("follow: %s: %s\n"):format(path, err.message))
end

-- What stands at the path, or nil.
local function look(path)
  local ok, entry = pcall(fs.stat, path)
  return ok and entry or nil
end

-- Shows the whole lines that were added to the open file; `state.rest` is the beginning of the next one.
local function show_news(path, file, state)
  for piece in file:lines(65536) do
    state.read = state.read + #piece
    local text = state.rest .. piece
    local last = 1
    for line, after in text:gmatch("([^\n]*)\n()") do
      show(path, line)
      last = after
    end
    state.rest = text:sub(last)
  end
end

-- Follows the file that stands at the path now, until another one does.
local function follow_one(path, skip)
  local file <close> = fs.open(path)
  local id = file:stat().ino
  local state = { rest = "", read = skip and file:seek("end") or 0 }
  repeat
    show_news(path, file, state)
    async.sleep(interval)
    local now = look(path)
    if now and now.ino == id and now.size < state.read then
      io.stderr:write(("follow: %s: was truncated\n"):format(path))
      state.read = file:seek("set", 0)
    end
  until now and now.ino ~= id
  show_news(path, file, state) -- what was added before the other one came
  if state.rest ~= "" then show(path, state.rest) end
end

local function follow(path)
  local skip, complained = not all, false
  while true do
    local ok, err = pcall(follow_one, path, skip)
    skip = false -- another file is shown from its beginning
    if ok then
      complained = false
    else
      if not complained then complain(path, err) end
      complained = true
      async.sleep(interval)
    end
  end
end

async.map(paths, follow)
