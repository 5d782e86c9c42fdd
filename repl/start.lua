-- Opens a prompt, and closes it.
local core, use = ...

local async = require "async"
local native = use("async/native")
local hidden_tasks = use("async/run").hidden_tasks

-- The path of the history, or nil for none.
local function history_path(wish)
  if wish == false then return nil end
  if type(wish) == "string" then return wish end
  return core.history_path()
end

-- What reads entries: the terminal, or lines where nothing can be drawn.
local function open_reader(options)
  if core.can_prompt() then return core.prompt { history = history_path(options.history) } end
  return use("plain").new()
end

local function hooks(env, locals)
  local commands, entry = use("commands"), use("entry")
  return {
    is_complete = function(text) return commands.is_command(text) or entry.is_complete(text) end,
    complete = function(text, cursor) return use("complete").complete(text, cursor, env, locals, commands.described) end,
    describe = function(text, cursor) return use("complete").describe(text, cursor, env, locals) end,
    names = function(name) return rawget(env, name) ~= nil or (locals:get(name)) end,
  }
end

local function run_start_file(session, path)
  local file = path and io.open(path, "rb")
  if not file then return end
  local text = file:read("a")
  file:close()
  session:run_text(0, text, "@" .. path)
end

local active = false

local Ending = {
  __close = function(ending)
    active = false
    hidden_tasks[ending.main] = ending.was_hidden
    ending.reader:close()
  end,
}

local function present()
  local tasks = {}
  for _, task in ipairs(async.all_tasks()) do tasks[task] = true end
  return tasks
end

-- Reads and runs entries until the end of input or `.exit`. `own`: what only the command line may ask for.
local function start(options, own)
  if active then error(native.errors.RuntimeError("there is a prompt already; leave it first (.exit)"), 3) end
  local main, env = async.current_task(), options.env or _G
  local before = own.owns_program and {} or present()
  local reader = open_reader(options)
  active = true
  local ending <close> = setmetatable({ main = main, was_hidden = hidden_tasks[main], reader = reader }, Ending)
  hidden_tasks[main] = true
  local session = use("session").new {
    reader = reader,
    env = env,
    prompt = options.prompt or "%d> ",
    colour = core.can_prompt() and (os.getenv("NO_COLOR") or "") == "",
  }
  session.main = main
  reader:set_hooks(hooks(env, session.locals))
  if options.banner then session:say(options.banner) end
  run_start_file(session, own.start_file)
  if own.script then session:run_script(table.unpack(own.script, 1, own.script.n)) end
  session:loop()
  return use("leave").leave(session, before)
end

return { start = start }
