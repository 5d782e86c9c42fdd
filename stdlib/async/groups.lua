-- Methods of ExceptionGroup, as Python's.
local core, use = ...

local ExceptionGroup = core.errors.ExceptionGroup
local is = core.is

-- True for an error that belongs to the condition: a class, a list of classes, or a function.
local function matches(err, condition)
  if type(condition) == "function" then return condition(err) and true or false end
  if type(condition) == "table" and rawget(condition, "__name") == nil then
    for _, class in ipairs(condition) do
      if is(err, class) then return true end
    end
    return false
  end
  return is(err, condition)
end

local function derive(group, list)
  if #list == 0 then return nil end
  return getmetatable(group)(group.message, list)
end

-- group:split(condition): a group of what matches and a group of the rest, nil for an empty one. Nested
-- groups keep their shape.
function ExceptionGroup:split(condition)
  if not is(self, ExceptionGroup) then use("checked").refuse(self, ExceptionGroup) end
  if matches(self, condition) then return self, nil end
  local inside, outside = {}, {}
  for _, err in ipairs(self.exceptions) do
    if is(err, ExceptionGroup) then
      local a, b = err:split(condition)
      inside[#inside + 1] = a
      outside[#outside + 1] = b
    elseif matches(err, condition) then
      inside[#inside + 1] = err
    else
      outside[#outside + 1] = err
    end
  end
  return derive(self, inside), derive(self, outside)
end

-- group:subgroup(condition): a group of what matches, or nil.
function ExceptionGroup:subgroup(condition)
  if not is(self, ExceptionGroup) then use("checked").refuse(self, ExceptionGroup) end
  return (self:split(condition))
end

return { matches = matches }
