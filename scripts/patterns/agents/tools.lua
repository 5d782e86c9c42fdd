-- Tools side by side: all calls of one turn run at once, each with its own limit; what fails or
-- hangs becomes a result that says so, since the model is to read it and go on.
-- Use it for the tools of an agent, and for any fan-out whose parts may fail by themselves. Where
-- one failure makes the rest worthless, a TaskGroup is right.
-- asyncio: gather(*calls, return_exceptions=True) with wait_for around each.
local loop = async.get_running_loop()

local tools = {
  add = { run = function(a) return a.x + a.y end },
  search = { run = function(a) return async.sleep(0.3, "3 hits for " .. a.text) end },
  browse = { run = function() async.sleep(60) end, seconds = 0.5 },
  buy = {
    run = function(a) error(async.PermissionError("not allowed to spend " .. a.amount)) end,
  },
}

local function call_tool(call)
  local tool = tools[call.tool]
  if not tool then return { ok = false, text = "there is no tool " .. call.tool } end
  local ok, result = pcall(async.timeout, tool.seconds or 5, tool.run, call.arguments)
  -- pcall lets a cancellation pass: when the turn is cancelled, its tools end with it.
  return { ok = ok, text = ok and tostring(result) or (result.message or tostring(result)) }
end

local function call_tools(calls)
  return async.map(calls, call_tool, { limit = 8 })
end

local calls = {
  { tool = "add", arguments = { x = 2, y = 3 } },
  { tool = "search", arguments = { text = "lua" } },
  { tool = "browse", arguments = {} },
  { tool = "buy", arguments = { amount = 100 } },
  { tool = "cook", arguments = {} },
  { tool = "add", arguments = { x = 1 } },
}
local begun = loop:time()
for i, result in ipairs(call_tools(calls)) do
  print(calls[i].tool, result.ok, (result.text:gsub("^.-:%d+: ", "")))
end
print(("%.1f s"):format(loop:time() - begun))

-- The user loses patience: a limit on the turn cancels all that is under way.
print(async.move_on_after(0.1, call_tools, calls))

--[[ prints:
add	true	5
search	true	3 hits for lua
browse	false	timed out after 0.5 seconds
buy	false	not allowed to spend 100
cook	false	there is no tool cook
add	false	attempt to perform arithmetic on a nil value (field 'y')
0.5 s
false
]]
