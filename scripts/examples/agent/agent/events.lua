-- What happens in a turn, as it happens: tables with a `kind`. Who shows a turn needs to know
-- nothing else.
--
--   kind             fields
--   "begin"          text: what the user said; the turn begins, those before it have ended
--   "text"           text: a piece of what the model says
--   "tool_call"      call: what the model wants to be done: { id=, name=, arguments= }
--   "tool_progress"  call, progress, total, message: how far it is; the last two perhaps nil
--   "tool_result"    call, text, is_error: what came of it
--   "error"          error: why the turn cannot go on
--   "done"           reason: "end", "error" or "too many rounds"; the last event of a turn
local events = {}

function events.begin(text) return { kind = "begin", text = text } end

function events.text(text) return { kind = "text", text = text } end

function events.tool_call(call) return { kind = "tool_call", call = call } end

function events.tool_progress(call, progress, total, message)
  return {
    kind = "tool_progress", call = call,
    progress = progress, total = total, message = message,
  }
end

function events.tool_result(call, result)
  return { kind = "tool_result", call = call, text = result.text, is_error = result.is_error }
end

function events.failed(err) return { kind = "error", error = err } end

function events.done(reason) return { kind = "done", reason = reason } end

local AHEAD = 64 -- events that may wait for their reader; the turn waits when there are more

-- stream(body): a generator function. body(out, ...) runs in a task of its own and puts events into
-- the queue `out`, as may the tasks that it starts; the generator yields them as they come, and
-- raises what the body raises. Who stops reading, or is cancelled, thereby cancels the body and
-- waits until it has cleaned up.
function events.stream(body)
  return async.generator(function(...)
    local out = async.Queue(AHEAD)
    local task = async.spawn(function(...)
      local _ <close> = setmetatable({}, { __close = function() out:shutdown() end })
      body(out, ...)
    end, ...)
    local _ <close> = setmetatable({}, { __close = function()
      task:cancel()
      async.wait { task }
    end })
    for event in out:items() do coroutine.yield(event) end
    await(task)
  end)
end

return events
