-- The tools that a model may call. They come from providers: a server of the Model Context
-- Protocol, or functions of this program. Each provider has its own rate limit and timeout.
local RateLimit = require "agent.rate_limit"
local message_of = require "mcp.message_of"

local Tools = {}
Tools.__index = Tools

function Tools.new() return setmetatable({ by_name = {}, names = {} }, Tools) end

-- add(provider): `provider.tools` is a list of { name=, description=, inputSchema= },
-- `provider.call(name, arguments, on_progress)` gives a text and whether it is an error, may wait,
-- and is cancelled when the time is over. Further fields: `name`; `timeout`, seconds for each call
-- from its beginning (none: no limit); `limit`, see RateLimit.
function Tools:add(provider)
  local limit = RateLimit.new(provider.limit or {})
  for _, tool in ipairs(provider.tools) do
    local other = self.by_name[tool.name]
    if other then
      error(async.ValueError(("the tool '%s' is both in '%s' and in '%s'")
        :format(tool.name, other.provider.name, provider.name)), 2)
    end
    self.by_name[tool.name] = { description = tool, provider = provider, limit = limit }
    self.names[#self.names + 1] = tool.name
  end
end

-- The descriptions, for the model, in the order in which they were added.
function Tools:list()
  local list = {}
  for i, name in ipairs(self.names) do list[i] = self.by_name[name].description end
  return list
end

local function failure(text, ...) return { text = text:format(...), is_error = true } end

-- call(call, on_progress?): **waits** for { text=, is_error= }. What goes wrong is a result too,
-- for the model to read; only a cancellation is raised.
function Tools:call(call, on_progress)
  local tool = self.by_name[call.name]
  if not tool then return failure("there is no tool '%s'", call.name) end
  local provider = tool.provider
  local ok, in_time, text, is_error = pcall(tool.limit.run, tool.limit,
    async.move_on_after, provider.timeout,
    provider.call, call.name, call.arguments, on_progress or function() end)
  if not ok then return failure("%s", message_of(in_time)) end
  if not in_time then return failure("no result within %g seconds", provider.timeout) end
  return { text = text, is_error = is_error == true }
end

return Tools
