-- A server of the Model Context Protocol: some notes, and a sum. The agent starts it; to see what
-- it says:
--
--   neap scripts/examples/agent/notes_server.lua [NOTES [SECONDS]]
--   {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}
--   {"jsonrpc":"2.0","id":2,"method":"tools/list"}
--
-- NOTES is the folder of the notes, SECONDS how long it takes to look through one (0.4).
local here = arg[0]:match("^.*/") or "./"
package.path = here .. "?.lua;" .. package.path

local fs = require "neap.fs"

local ok, server = pcall(require, "mcp.server")
if not ok then
  io.stderr:write("notes_server: ", require("mcp.message_of")(server), "\n")
  os.exit(1)
end

local folder = (arg[1] or here .. "notes"):gsub("/$", "")
local seconds = tonumber(arg[2] or 0.4)

local function note_names()
  local names = {}
  for path in fs.glob("*.txt", { cwd = folder }) do names[#names + 1] = path:match("(.*)%.txt$") end
  table.sort(names)
  return names
end

local function read_note(name)
  local ok, text
  if name:match("^[%w_-]+$") then ok, text = pcall(fs.read, ("%s/%s.txt"):format(folder, name)) end
  if not ok then error(async.ValueError(("there is no note '%s'"):format(name))) end
  return text
end

local function object(properties)
  local schema = { type = "object", properties = properties, required = {} }
  for name in pairs(properties) do table.insert(schema.required, name) end
  table.sort(schema.required)
  return schema
end

local text = { type = "string" }
local number = { type = "number" }

local tools = {
  {
    name = "add",
    description = "Adds two numbers.",
    inputSchema = object { a = number, b = number },
    run = function(arguments) return ("%.14g"):format(arguments.a + arguments.b) end,
  },
  {
    name = "read_note",
    description = "Gives the text of a note.",
    inputSchema = object { name = text },
    run = function(arguments) return read_note(arguments.name) end,
  },
  {
    name = "search_notes",
    description = "Gives the names of the notes that have a word. Slow.",
    inputSchema = object { word = text },
    run = function(arguments, progress)
      local hits, names = {}, note_names()
      for i, name in ipairs(names) do
        async.sleep(seconds)
        local found = read_note(name):lower():find(arguments.word:lower(), 1, true)
        if found then hits[#hits + 1] = name end
        progress(i, #names, name)
      end
      return #hits > 0 and table.concat(hits, ", ") or "no note"
    end,
  },
  {
    name = "delete_note",
    description = "Deletes a note.",
    inputSchema = object { name = text },
    run = function(arguments)
      read_note(arguments.name)
      error(async.PermissionError("the notes are read-only"))
    end,
  },
}

io.stderr:write(("%d notes in %s\n"):format(#note_names(), folder))
server.serve { name = "notes", version = "1.0", tools = tools }
io.stderr:write("the client has gone\n")
