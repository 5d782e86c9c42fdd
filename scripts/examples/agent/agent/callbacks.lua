-- Functions that are called around each call of the model and of a tool, to watch it, to change it,
-- or to forbid it. All may wait: for the user's consent, say.
--
--   before_model(session, request)     a reply { text=, calls= } in place of the model's
--   after_model(session, reply)        another reply
--   before_tool(session, call)         a result { text=, is_error= } in place of the tool's
--   after_tool(session, call, result)  another result
--
-- One that returns nil changes nothing, but for what it changes in the tables it is given. Of
-- several sets of callbacks the first that returns something before a call decides; after a call
-- each gets what the one before it made of it. An error that is raised before a call forbids it:
-- `error(callbacks.Veto("not on a Sunday"))`.
local callbacks = {}

callbacks.Veto = async.class("Veto", async.Error)

local NAMES = { before_model = true, after_model = true, before_tool = true, after_tool = true }

local Callbacks = {}
Callbacks.__index = Callbacks

-- new(...): of sets of callbacks, tables with any of the four functions.
function callbacks.new(...)
  local sets = { ... }
  for i, set in ipairs(sets) do
    for name in pairs(set) do
      if not NAMES[name] then
        error(async.TypeError(("set %d has '%s', which is no callback"):format(i, name)), 2)
      end
    end
  end
  return setmetatable({ sets = sets }, Callbacks)
end

-- before(what, session, ...): what takes the place of the call, or nil. `what` is "model" or
-- "tool".
function Callbacks:before(what, ...)
  for _, set in ipairs(self.sets) do
    local fn = set["before_" .. what]
    local instead = fn and fn(...)
    if instead ~= nil then return instead end
  end
end

function Callbacks:after_model(session, reply)
  for _, set in ipairs(self.sets) do
    reply = set.after_model and set.after_model(session, reply) or reply
  end
  return reply
end

function Callbacks:after_tool(session, call, result)
  for _, set in ipairs(self.sets) do
    result = set.after_tool and set.after_tool(session, call, result) or result
  end
  return result
end

return callbacks
