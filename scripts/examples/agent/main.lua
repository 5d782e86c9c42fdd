-- An agent on the terminal: a model that is asked line by line, with tools of a server of the Model
-- Context Protocol.
--
--   neap scripts/examples/agent/main.lua
--
-- README.md beside this file shows how it is put together. The model is a script, so it needs no
-- network.
local help = [[
usage: neap main.lua [options]

Talks with a scripted model, which has tools: some of its own, and those of a
server of the Model Context Protocol that runs as a subprocess. Reads lines from
a terminal or a pipe; /help there shows what else can be written.

  --script FILE      what the model says (conversation.lua)
  --server COMMAND   the server: a command for the shell (notes_server.lua)
  --no-server        no server
  --ask              asks before each call of a tool
  --deny TOOL        forbids a tool; may be given several times
  --timeout SECONDS  how long a tool of the server may take (10)
  --grace SECONDS    how long the server may take to end (2)
  --delay SECONDS    between two words of the model (0.04)
  -h, --help         shows this text

Ctrl-C cancels the turn that is under way; at the prompt, or twice, it ends the
program. Exit status: 0; 1 when the server cannot be used; 2 for a mistake on the
command line; 130 after Ctrl-C, 143 after SIGTERM.
]]

local here = arg[0]:match("^.*/") or "./"
package.path = here .. "?.lua;" .. package.path

local function usage(text, ...)
  io.stderr:write("agent: ", text:format(...), "\n\n", help)
  os.exit(2)
end

local settings = {
  script = here .. "conversation.lua",
  timeout = "10", grace = "2", delay = "0.04", -- seconds; numbers from below on
  deny = {},
}
local flags = { ["no-server"] = true, ask = true }
local i = 1
while arg[i] do
  local name = arg[i]:match("^%-%-(%a[%a-]*)$")
  local value = arg[i + 1]
  if arg[i] == "-h" or name == "help" then
    io.write(help)
    return
  elseif flags[name] then
    settings[name] = true
  elseif name == "deny" and value then
    settings.deny[value] = true
    i = i + 1
  elseif (settings[name] or name == "server") and value then
    settings[name] = value
    i = i + 1
  else
    usage("'%s' is no option, or lacks its value", arg[i])
  end
  i = i + 1
end
for _, name in ipairs { "timeout", "grace", "delay" } do
  local seconds = tonumber(settings[name])
  if not seconds or seconds < 0 then
    usage("--%s has to be a number of seconds, not '%s'", name, settings[name])
  end
  settings[name] = seconds
end

-- --- The parts -----------------------------------------------------------------------------------

local function fail(text)
  io.stderr:write("agent: ", text, "\n")
  os.exit(1)
end

local found, mcp = pcall(require, "mcp.client")
if not found then fail(require("mcp.message_of")(mcp)) end
local callbacks = require "agent.callbacks"
local FrontEnd = require "agent.front_end"
local Printer = require "agent.printer"
local Runner = require "agent.runner"
local script_model = require "agent.script_model"
local Sessions = require("agent.session").Sessions
local Tools = require "agent.tools"

local function is_terminal(stream) return tostring(stream):find("^<Stream tty") ~= nil end

local on_terminal = is_terminal(async.stdin)
local front_end -- of the program; the server's messages and the questions go through it

local function write(text)
  io.write(text)
  io.flush()
end

local printer = Printer.new {
  out = write,
  log = function(text) io.stderr:write(text) end,
  colours = is_terminal(async.stdout) and not os.getenv("NO_COLOR"),
  echo = not on_terminal,
}

local own_tools = {
  name = "own",
  tools = {
    { name = "clock", description = "Tells the time.", inputSchema = { type = "object" } },
    {
      name = "count_words",
      description = "Counts the words of a text.",
      inputSchema = {
        type = "object", properties = { text = { type = "string" } }, required = { "text" },
      },
    },
  },
  call = function(name, arguments)
    if name == "clock" then return os.date("%H:%M") end
    return tostring(select(2, tostring(arguments.text):gsub("%S+", "")))
  end,
}

-- The tools of the server as a provider. Its limits are those of a service that is not to be
-- overrun.
local function tools_of(client)
  return {
    name = client.name,
    tools = client:list_tools(),
    call = function(...) return client:call_tool(...) end,
    timeout = settings.timeout,
    limit = { at_once = 4, rate = 20, burst = 10 },
  }
end

local denials = {
  before_tool = function(_, call)
    if settings.deny[call.name] then error(callbacks.Veto("--deny " .. call.name)) end
  end,
}

local one_question_at_a_time = async.Lock()

local consent = {
  before_tool = function(session, call)
    local held <close> = one_question_at_a_time:acquire()
    if not front_end:ask(session.name, ("call %s? [y/n]"):format(call.name)) then
      error(callbacks.Veto("the user said no"))
    end
  end,
}

-- The neap that runs this: what stands first on the command line.
local function neap_program()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

local function start_server()
  local command = { neap_program(), here .. "notes_server.lua" }
  if settings.server then command = { "/bin/sh", "-c", settings.server } end
  return mcp.start {
    name = "notes",
    command = command,
    grace = settings.grace,
    log = function(text) front_end:report(text) end,
  }
end

local function load_script()
  local chunk, err = loadfile(settings.script)
  if not chunk then fail("the script cannot be used: " .. err) end
  return chunk()
end

-- --- The program ---------------------------------------------------------------------------------

local function serve_user()
  local tools, sessions = Tools.new(), Sessions.new()
  front_end = FrontEnd.new {
    runner = Runner.new {
      model = script_model.new(load_script(), settings.delay),
      tools = tools,
      callbacks = settings.ask and callbacks.new(denials, consent) or callbacks.new(denials),
      limit = { at_once = 4 },
    },
    tools = tools,
    sessions = sessions,
    printer = printer,
    input = async.stdin,
    terminal = on_terminal,
    at_once = settings.ask and 1 or nil, -- so that the next line is the answer
  }
  tools:add(own_tools)
  local client <close> = not settings["no-server"] and start_server() or nil
  if client then tools:add(tools_of(client)) end
  front_end:run()
end

-- Ends with the exit status for the signal that ends the program. Ctrl-C may only cancel what is
-- under way.
local function heed_signals()
  for name in async.signals { "SIGINT", "SIGTERM" } do
    if name == "SIGTERM" then return 143 end
    if not front_end or not front_end:interrupt() then return 130 end
  end
end

-- Whichever ends first ends the other one: it is cancelled, cleans up, and has ended when `race`
-- returns.
local status = async.try(
  function() return async.race(heed_signals, serve_user) end,
  async.except({ mcp.Error, async.ValueError }, function(err) fail(err.message) end)
)
os.exit(status or 0)
