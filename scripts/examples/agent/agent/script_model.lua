-- A model that follows a script: so the program runs without a network, and its tests do. A real
-- one would send the messages to a server, and yield what its stream brings.
--
-- A script is a list of { when = PATTERN, STEP, STEP, ... }. The first entry whose Lua pattern is
-- found in what the user said last is followed, a step for each call of the model in that turn. A
-- step:
--
--   { say = TEXT, calls = { { name, arguments }, ... }, pause = SECONDS, fail = TEXT }
--
-- In texts and arguments %1 is the pattern's first capture, $1 the first result of a tool in this
-- turn, and so on. An argument that is nothing but a number then is one.
local script_model = {}

script_model.Error = async.class("ModelError", async.Error)

local NOTHING_TO_SAY = { { say = "The script has nothing about that." } }

-- What the user said last, the results of tools since then, and how often the model has answered
-- since then.
local function situation(messages)
  local results, step = {}, 1
  for i = #messages, 1, -1 do
    local message = messages[i]
    if message.role == "user" then return message.text, results, step end
    if message.role == "tool" then table.insert(results, 1, message.text) end
    if message.role == "assistant" then step = step + 1 end
  end
end

local function fill(template, captures, results)
  if type(template) ~= "string" then return template end
  return (template:gsub("([%%$])(%d)", function(sign, digit)
    return (sign == "$" and results or captures)[tonumber(digit)]
  end))
end

local function find_entry(script, text)
  for _, entry in ipairs(script) do
    local found = { text:lower():find(entry.when) }
    if found[1] then return entry, { table.unpack(found, 3) } end
  end
  return NOTHING_TO_SAY, {}
end

local function make_call(template, captures, results)
  local arguments = {}
  for name, value in pairs(template[2] or {}) do
    local text = fill(value, captures, results)
    arguments[name] = tonumber(text) or text
  end
  return { name = template[1], arguments = arguments }
end

-- new(script, delay): `delay` seconds pass before each word.
function script_model.new(script, delay)
  local model = {}

  -- reply(request): a generator of { text= } and { call = { name=, arguments= } }. What it says
  -- follows from the messages alone, so any number of sessions can be served at once.
  model.reply = async.generator(function(request)
    local text, results, number = situation(request.messages)
    local entry, captures = find_entry(script, text)
    local step = entry[number] or {}
    if step.pause then async.sleep(step.pause) end
    for word in fill(step.say or "", captures, results):gmatch("%s*%S+%s?") do
      async.sleep(delay)
      coroutine.yield { text = word }
    end
    if step.fail then error(script_model.Error(step.fail)) end
    for _, template in ipairs(step.calls or {}) do
      coroutine.yield { call = make_call(template, captures, results) }
    end
  end)

  return model
end

return script_model
