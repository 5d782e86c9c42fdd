-- Entries in the user's own editor.
local core, use = ...

local function editor()
  for _, name in ipairs { "VISUAL", "EDITOR" } do
    local value = os.getenv(name)
    if value and value ~= "" then return value end
  end
  return "vi"
end

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function read_file(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

-- Runs the editor on the file, as a task in the foreground. True when it ended well.
local function run_editor(session, path)
  local ended
  session.reader:hold(true)
  session.jobs:call(session.number, "the editor", function() ended = os.execute(editor() .. " " .. quoted(path)) end)
  session.reader:hold(false)
  if not ended then session:say(("the editor failed: %s (VISUAL or EDITOR names another)"):format(editor())) end
  return ended
end

-- The text as it was left in the editor; the same text and "failed" when that failed.
local function edit_text(session, text)
  local fs = require "neap.fs"
  local folder <close> = fs.tempdir()
  local path = fs.join(folder.path, "entry.lua")
  fs.write(path, text .. "\n")
  if not run_editor(session, path) then return text, "failed" end
  return ((read_file(path) or text):gsub("%s+$", ""))
end

local function entry_to_edit(session, number)
  if number then return session.entries[number] and session.entries[number].text end
  for i = session.number - 1, 1, -1 do
    local record = session.entries[i]
    if record and not record.command then return record.text end
  end
  return ""
end

-- `.edit`, `.edit N`, `.edit FILE`: what was left in the editor is run.
local function edit(session, argument, number)
  local wanted = math.tointeger(tonumber(argument))
  if argument ~= "" and not wanted then
    argument = use("files").expanded(argument)
    if run_editor(session, argument) then use("commands").run(session, "load", argument, number) end
    return
  end
  local before = entry_to_edit(session, wanted)
  if not before then return session:say(("there is no entry %d"):format(wanted)) end
  local text, failed = edit_text(session, before)
  if failed then return end
  if text == "" or text == before then return session:say("nothing was changed") end
  session.reader:add_history(text)
  print(text)
  session:enter(text)
end

return { edit = edit, edit_text = edit_text }
