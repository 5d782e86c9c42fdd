-- Streaming the events of an agent: text, tool calls and results, as they happen.
-- The agent is a generator of events; what shows them is a loop, which can stop it at any time.
-- Each event is a table with a kind, so that new kinds do not break old consumers. This is the
-- form for whatever works step by step and wants to tell about it.
-- asyncio: async generators; the answer of a model's streaming interface.

-- Stands for a model: it gives its answer in pieces, and asks for a tool first.
local model = async.generator(function(messages)
  local last = messages[#messages]
  if last.role == "tool" then
    for word in ("It is " .. last.text .. " in Rome."):gmatch("%S+") do
      async.sleep(0.1)
      coroutine.yield { kind = "text", text = word }
    end
  else
    async.sleep(0.2)
    coroutine.yield { kind = "call", tool = "weather", argument = "Rome" }
  end
end)

local tools = {
  weather = function(city)
    async.sleep(0.3)
    return #city * 7 .. " degrees"
  end,
}

-- Asks the model until it calls no more tools; every event is passed on at once.
local agent = async.generator(function(question)
  local messages = { { role = "user", text = question } }
  local called
  repeat
    called = false
    for event in model(messages) do
      coroutine.yield(event)
      if event.kind == "call" then
        called = true
        local result = tools[event.tool](event.argument)
        messages[#messages + 1] = { role = "tool", text = result }
        coroutine.yield { kind = "result", text = result }
      end
    end
  until not called
  coroutine.yield { kind = "end", steps = #messages }
end)

local loop = async.get_running_loop()
local begun = loop:time()
for event in agent("What is the weather in Rome?") do
  local detail = event.text or event.tool and event.tool .. " " .. event.argument or event.steps
  print(("%.1f s  %-6s  %s"):format(loop:time() - begun, event.kind, detail))
end

-- Whoever has seen enough leaves the loop; the agent and its model are closed there and then.
for event in agent("What is the weather in Rome?") do
  if event.kind == "call" then
    print("not allowed: " .. event.tool)
    break
  end
end

--[[ prints:
0.2 s  call    weather Rome
0.5 s  result  28 degrees
0.6 s  text    It
0.7 s  text    is
0.8 s  text    28
0.9 s  text    degrees
1.0 s  text    in
1.1 s  text    Rome.
1.1 s  end     2
not allowed: weather
]]
