-- Errors that come one after another: the last wins and keeps the earlier ones as its `cause`.
local core = ...

local Error = core.errors.Error

-- The object at the end of the error's chain of causes; nil when `earlier` is in the chain.
local function last_cause(err, earlier)
  local seen = {}
  while true do
    if rawequal(err, earlier) then return nil end
    seen[err] = true
    local cause = err.cause
    if not core.is_error(cause) or seen[cause] then return err end
    err = cause
  end
end

-- The error to go on with when `err` was raised while `earlier` (nil for none) was under way. Only an object can keep
-- a cause: a string or other value comes as async.Error with the original in `value`.
local function chain(err, earlier)
  if earlier == nil or rawequal(err, earlier) then return err end
  if not core.is_error(err) then err = Error(tostring(err), { value = err }) end
  local last = last_cause(err, earlier)
  if last and last.cause == nil then last.cause = earlier end
  return err
end

return { chain = chain }
