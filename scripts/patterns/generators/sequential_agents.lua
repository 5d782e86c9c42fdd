-- Agents one after the other: each works on what the one before has made, and all stream.
-- A pipeline of generators: a planner, a writer, a critic. The consumer sees the events of all
-- of them in one loop, each as soon as it happens; the next agent begins when the one before
-- has ended. Use it when each step needs the whole result of the last; parallel_agents when
-- none does.
-- asyncio: async for event in agent: yield event, for one agent after the other.

-- An agent streams its events, and its last one carries its result.
local function make_agent(name, seconds, work)
  return async.generator(function(input)
    coroutine.yield { from = name, text = "begins" }
    local parts = {}
    for _, part in ipairs(work(input)) do
      async.sleep(seconds)
      parts[#parts + 1] = part
      coroutine.yield { from = name, text = part }
    end
    coroutine.yield { from = name, text = "done", result = table.concat(parts, " ") }
  end)
end

local planner = make_agent("planner", 0.1, function(topic)
  return { "what " .. topic .. " is,", "why " .. topic }
end)
local writer = make_agent("writer", 0.2, function(plan)
  return { "On " .. plan .. ":", "a text." }
end)
local critic = make_agent("critic", 0.1, function(text)
  return { #text > 30 and "Too long." or "Good." }
end)

-- Runs the agents in turn, and passes on whatever they say.
local sequence = async.generator(function(input, ...)
  for _, agent in ipairs { ... } do
    for event in agent(input) do
      coroutine.yield(event)
      input = event.result or input
    end
  end
  coroutine.yield { from = "all", text = input }
end)

local loop = async.get_running_loop()
local begun = loop:time()
for event in sequence("Lua", planner, writer, critic) do
  print(("%.1f s  %-8s %s"):format(loop:time() - begun, event.from, event.text))
end

--[[ prints:
0.0 s  planner  begins
0.1 s  planner  what Lua is,
0.2 s  planner  why Lua
0.2 s  planner  done
0.2 s  writer   begins
0.4 s  writer   On what Lua is, why Lua:
0.6 s  writer   a text.
0.6 s  writer   done
0.6 s  critic   begins
0.7 s  critic   Too long.
0.7 s  critic   done
0.7 s  all      Too long.
]]
