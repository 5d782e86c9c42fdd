-- try, except, except_group and finally.
local core, use = ...

local is, is_error, trap, caught = core.is, core.is_error, core.trap, core.caught
local matches = use("groups").matches
local errors = core.errors
local CancelledError, ExceptionGroup, TypeError = errors.CancelledError, errors.ExceptionGroup, errors.TypeError

local Clause = { __name = "Clause" }

-- A condition is a class, a list of classes, a function of the error, or nil for everything.
local function check_condition(condition, what)
  if condition == nil or type(condition) == "function" then return end
  local is_list = type(condition) == "table" and getmetatable(condition) == nil
  for _, class in ipairs(is_list and condition or { condition }) do
    local fine, problem = pcall(is, nil, class)
    if not fine and not is(problem, TypeError) then error(problem, 0) end
    if not fine then
      error(TypeError(("%s takes an error class such as async.ValueError, or a list of classes, got %s")
        :format(what, core.type_name(class))), 4)
    end
  end
end

local function clause(kind, condition, handler, what)
  if handler == nil and type(condition) == "function" then condition, handler = nil, condition end
  if type(handler) ~= "function" then
    error(TypeError(("%s takes a class and a handler, or a handler; the handler must be a function, got %s")
      :format(what, core.type_name(handler))), 3)
  end
  check_condition(condition, what)
  return setmetatable({ kind = kind, condition = condition, handler = handler }, Clause)
end

-- except(Class, handler), except({A, B}, handler), except(handler)
local function except(condition, handler)
  return clause("except", condition, handler, "except")
end

-- except_group(Class, handler): the handler gets a group of all errors of the class.
local function except_group(condition, handler)
  return clause("group", condition, handler, "except_group")
end

-- finally(fn): runs in any case, when everything else has.
local function finally(handler)
  return clause("finally", nil, handler, "finally")
end

local function catches(handler, err)
  if handler.condition == nil then return not is(err, CancelledError) end
  return matches(err, handler.condition)
end

-- Python's `except*`: each clause gets its part; what its handler raises, and what no clause takes, goes on.
local function handle_group(clauses, err)
  local group = is(err, ExceptionGroup) and err or nil
  local rest = group or ExceptionGroup("", { err })
  local raised, handled = {}, false
  for _, c in ipairs(clauses) do
    if rest and c.kind == "group" then
      local part
      part, rest = rest:split(c.condition or function() return true end)
      if part then
        handled = true
        local ok, problem = trap(c.handler, part)
        if not ok then raised[#raised + 1] = problem end
      end
    end
  end
  if not handled then error(err, 0) end
  if #raised == 0 then
    if rest then error(rest, 0) end
    return
  end
  if #raised == 1 and not rest then error(raised[1], 0) end
  raised[#raised + 1] = rest
  error(ExceptionGroup(group and group.message or "", raised), 0)
end

local function handle(clauses, err)
  local grouped = false
  for _, c in ipairs(clauses) do
    if c.kind == "except" and catches(c, err) then return caught(c.handler(err)) end
    grouped = grouped or c.kind == "group"
  end
  if grouped and is_error(err) and not is(err, CancelledError) then return handle_group(clauses, err) end
  error(err, 0)
end

local function answer(clauses, ok, ...)
  if ok then return ... end
  return handle(clauses, (...))
end

local Finally = { __close = function(guard) guard.handler() end }

-- try(body, clause...): calls body(); the first matching clause handles its error. Returns what the body, or
-- the handler, returned.
local function try(body, ...)
  if type(body) ~= "function" then
    error(TypeError(("argument 1 of try must be a function, got %s"):format(core.type_name(body))), 2)
  end
  local clauses, last = {}, nil
  for i = 1, select("#", ...) do
    local c = select(i, ...)
    if getmetatable(c) ~= Clause then
      error(TypeError(("argument %d of try must come from except, except_group or finally, got %s")
        :format(i + 1, core.type_name(c))), 2)
    end
    if c.kind == "finally" then last = c else clauses[#clauses + 1] = c end
  end
  local guard <close> = last and setmetatable({ handler = last.handler }, Finally)
  return answer(clauses, trap(body))
end

return { try = try, except = except, except_group = except_group, finally = finally }
