-- A runner: the loop of an agent. The model answers or asks for tools; the tools' results go back
-- to the model, until it answers. What happens is handed out as events while it happens.
-- Use it as the core of any agent. The generator lets the consumer decide how far to go: break ends
-- the run, and cancels what is under way.
-- asyncio: an async generator run_async(), consumed by async for.
local loop = async.get_running_loop()
local begun = loop:time()

local tools = {
  weather = function(arguments) return async.sleep(0.2, "rain in " .. arguments.city) end,
  time = function() return async.sleep(0.1, "14:05") end,
}

-- A model by the book: what it says follows from how much it knows.
local function model(messages)
  async.sleep(0.3)
  if #messages == 1 then
    return { calls = {
      { tool = "weather", arguments = { city = "Bergen" } },
      { tool = "time", arguments = {} },
    } }
  end
  return { text = ("It is %s, with %s."):format(messages[3].content, messages[2].content) }
end

local run = async.generator(function(question, options)
  local messages = { { role = "user", content = question } }
  for turn = 1, options.max_turns do
    local reply = async.timeout(options.seconds_per_turn, model, messages)
    if reply.text then
      coroutine.yield { kind = "answer", text = reply.text, turns = turn }
      return
    end
    for _, call in ipairs(reply.calls) do coroutine.yield { kind = "call", text = call.tool } end
    -- All calls of a turn at once; the results in the order of the calls.
    local results = async.map(reply.calls, function(call)
      return tools[call.tool](call.arguments)
    end)
    for _, result in ipairs(results) do
      messages[#messages + 1] = { role = "tool", content = result }
      coroutine.yield { kind = "result", text = result }
    end
  end
  error(async.RuntimeError(("no answer in %d turns"):format(options.max_turns)))
end)

local options = { max_turns = 5, seconds_per_turn = 10 }
for event in run("How is the weather?", options) do
  print(("%.1f s  %-6s  %s"):format(loop:time() - begun, event.kind, event.text))
end

-- The consumer may stop at any event.
for event in run("How is the weather?", options) do
  if event.kind == "call" then
    print("not allowed to call " .. event.text)
    break
  end
end

-- A limit on turns ends a model that never answers.
print(pcall(function()
  for _ in run("How is the weather?", { max_turns = 1, seconds_per_turn = 10 }) do end
end))

--[[ prints:
0.3 s  call    weather
0.3 s  call    time
0.5 s  result  rain in Bergen
0.5 s  result  14:05
0.8 s  answer  It is 14:05, with rain in Bergen.
not allowed to call weather
false	RuntimeError: no answer in 1 turns
]]
