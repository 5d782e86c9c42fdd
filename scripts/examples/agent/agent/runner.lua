-- The loop of an agent: the model is asked; what it wants to be done is done, all at once; it is
-- asked again with the results; until it wants nothing more.
local callbacks = require "agent.callbacks"
local events = require "agent.events"
local RateLimit = require "agent.rate_limit"
local message_of = require "mcp.message_of"

local Runner = {}
Runner.__index = Runner

-- new{ model=, tools=, callbacks=, limit=, silence=30, rounds=8 }: `model.reply{ session=,
-- messages=, tools= }` gives a generator of { text= } and { call = { name=, arguments= } }; `limit`
-- is the RateLimit of the model, `silence` how many seconds it may say nothing, `rounds` how often
-- it is asked in a turn.
function Runner.new(options)
  return setmetatable({
    model = options.model,
    tools = options.tools,
    callbacks = options.callbacks or callbacks.new(),
    limit = RateLimit.new(options.limit or {}),
    silence = options.silence or 30,
    rounds = options.rounds or 8,
  }, Runner)
end

-- One call of the model, to its end; what it says is shown as it comes. Each step has its timeout,
-- and not the whole: a long answer that goes on is fine.
local function listen(self, request, out)
  local reply = { text = "", calls = {} }
  local stream <close> = self.model.reply(request)
  while true do
    local in_time, piece = async.move_on_after(self.silence, stream.next, stream)
    if not in_time then
      error(async.TimeoutError(("the model has said nothing for %g seconds"):format(self.silence)))
    end
    if not piece then return reply end
    if piece.text then
      reply.text = reply.text .. piece.text
      out:put(events.text(piece.text))
    else
      reply.calls[#reply.calls + 1] = piece.call
    end
  end
end

local function ask_model(self, session, out)
  local request = { session = session.name, messages = session.messages, tools = self.tools:list() }
  local reply = self.callbacks:before("model", session, request)
  if reply then
    out:put(events.text(reply.text))
  else
    reply = self.limit:run(listen, self, request, out)
  end
  reply = self.callbacks:after_model(session, reply)
  local calls = reply.calls or {}
  for _, call in ipairs(calls) do call.id = session:next_call_id() end
  session:add { role = "assistant", text = reply.text, calls = calls }
  return calls
end

local function run_tool(self, session, call, out)
  local ok, result = pcall(self.callbacks.before, self.callbacks, "tool", session, call)
  if not ok then
    return { text = "not allowed: " .. message_of(result), is_error = true }
  end
  if not result then
    -- Called by the task that reads what the server sends, which must not wait: what does not fit
    -- is left out.
    local function on_progress(...) pcall(out.put_nowait, out, events.tool_progress(call, ...)) end
    result = self.tools:call(call, on_progress)
  end
  return self.callbacks:after_tool(session, call, result)
end

-- All calls at the same time; how many of them really run is up to the limits of their providers.
local function run_tools(self, session, calls, out)
  local answers <close> = session:answering(calls)
  for _, call in ipairs(calls) do out:put(events.tool_call(call)) end
  async.map(calls, function(call)
    answers.results[call] = run_tool(self, session, call, out)
    out:put(events.tool_result(call, answers.results[call]))
  end)
end

local function converse(self, session, out)
  for _ = 1, self.rounds do
    local calls = ask_model(self, session, out)
    if #calls == 0 then return "end" end
    run_tools(self, session, calls, out)
  end
  return "too many rounds"
end

-- turn(session, text): a generator of the events of one turn: what the user says, and everything up
-- to the answer. It waits for the turns of the session that came before. Cancelled, or left by
-- `break`, it stops what is under way.
Runner.turn = events.stream(function(out, self, session, text)
  local held <close> = session.lock:acquire()
  out:put(events.begin(text))
  session:add { role = "user", text = text }
  local ok, reason = pcall(converse, self, session, out)
  if not ok then out:put(events.failed(reason)) end
  out:put(events.done(ok and reason or "error"))
end)

return Runner
