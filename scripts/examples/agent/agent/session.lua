-- A conversation: its messages, and a lock that the turn holds which is under way. So turns of one
-- session follow one another in the order in which they came, and turns of several run at the same
-- time.
--
-- Messages are { role = "user", text= }, { role = "assistant", text=, calls= } and { role = "tool",
-- call=, text=, is_error= }. Every call of a message has its answer behind it, also when the turn
-- was cancelled: models insist on it.
local Session = {}
Session.__index = Session

function Session.new(name)
  return setmetatable({ name = name, messages = {}, lock = async.Lock(), calls = 0 }, Session)
end

function Session:__tostring()
  local state = self.lock:locked() and " in a turn" or ""
  return ("<Session '%s' %d messages%s>"):format(self.name, #self.messages, state)
end

function Session:add(message)
  self.messages[#self.messages + 1] = message
end

-- A name for a call that no other call of the session has.
function Session:next_call_id()
  self.calls = self.calls + 1
  return ("call-%d"):format(self.calls)
end

-- answering(calls): a value for <close> with `results`, by call. At the end of the block every call
-- is answered in the messages, in the order of the calls: with its result, or that it was
-- cancelled.
function Session:answering(calls)
  return setmetatable({ results = {} }, { __close = function(answers)
    for _, call in ipairs(calls) do
      local result = answers.results[call] or { text = "cancelled by the user", is_error = true }
      self:add { role = "tool", call = call, text = result.text, is_error = result.is_error }
    end
  end })
end

local Sessions = {}
Sessions.__index = Sessions

function Sessions.new() return setmetatable({ by_name = {} }, Sessions) end

-- The session of that name; a new one if there is none.
function Sessions:get(name)
  self.by_name[name] = self.by_name[name] or Session.new(name)
  return self.by_name[name]
end

function Sessions:list()
  local list = {}
  for _, session in pairs(self.by_name) do list[#list + 1] = session end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return { Session = Session, Sessions = Sessions }
