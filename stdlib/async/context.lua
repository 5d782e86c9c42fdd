-- ContextVar, copy_context, Context: values that belong to a task and to what it starts, as Python's contextvars.
--
-- A Context's `values` is a table that is never changed: setting a variable makes another. So a copy is the same
-- table. What is in the scheduler (core.context) is nil, such a table, or a Context once somebody has asked for it.
local core, use = ...

local checked = use("checked").checked
local TypeError, ValueError, RuntimeError = core.errors.TypeError, core.errors.ValueError, core.errors.RuntimeError

local NIL = {} -- stands in a table of values for a variable that was set to nil
local EMPTY = {}

local Context = { __name = "Context" }
Context.__index = Context

local function values_of(context)
  if context == nil then return EMPTY end
  return getmetatable(context) == Context and context.values or context
end

local function make(values)
  return setmetatable({ values = values, entered = false }, Context)
end

-- What a Token belongs to: a Context that was entered, or else the task whose own context it is.
local function owner()
  local context = core.context()
  if getmetatable(context) == Context then return context.task or context end
  return core.current_task()
end

-- ContextVar.

local ContextVar = { __name = "ContextVar" }
ContextVar.__index = ContextVar

local Token = { __name = "Token" }
Token.__index = Token

-- The raw entry `value` (nil removes it) of the variable in the running code's context.
local function put(var, value)
  local context = core.context()
  local values = {}
  for each, old in next, values_of(context) do values[each] = old end
  values[var] = value
  if getmetatable(context) == Context then
    context.values = values
  else
    core.set_context(values)
  end
end

-- get(default): the value in the running task's (or callback's) context; else `default` when one is given, else the
-- variable's own, else nil.
function ContextVar:get(...)
  local value = values_of(core.context())[self]
  if value == NIL then return nil end
  if value ~= nil then return value end
  if select("#", ...) > 0 then return (...) end
  return self.default
end

-- set(value): a Token, which `reset` takes back.
function ContextVar:set(value)
  local token = setmetatable({
    var = self,
    old = values_of(core.context())[self],
    owner = owner(),
    used = false,
  }, Token)
  put(self, value == nil and NIL or value)
  return token
end

-- reset(token): the value that the variable had before the `set` that gave the token.
function ContextVar:reset(token)
  if getmetatable(token) ~= Token then
    error(TypeError(("argument 1 of ContextVar:reset must be a Token, got %s"):format(core.type_name(token))), 2)
  end
  if token.used then error(RuntimeError("the Token has already been used once"), 2) end
  if token.var ~= self then
    error(ValueError(("the Token was made by %s, not by %s"):format(tostring(token.var), tostring(self))), 2)
  end
  if token.owner ~= owner() then
    error(ValueError("the Token was made in a different context; reset it where the variable was set"), 2)
  end
  token.used = true
  put(self, token.old)
end

checked(ContextVar, ContextVar)

function ContextVar:__tostring()
  return ("<ContextVar name='%s'>"):format(self.name)
end

function Token:__tostring()
  return ("<Token of %s%s>"):format(tostring(self.var), self.used and " used" or "")
end

-- ContextVar(name, default)
local function new_var(name, default)
  if type(name) ~= "string" then
    error(TypeError(("argument 1 of ContextVar must be its name, a string, got %s"):format(core.type_name(name))), 2)
  end
  return setmetatable({ name = name, default = default }, ContextVar)
end

-- Context.

local Leaving = {
  __close = function(leaving)
    leaving.context.entered = false
    -- A generator that was resumed by one task and closed by another leaves the second one alone.
    if core.context() == leaving.context then core.set_context(leaving.before) end
  end,
}

-- run(fn, ...): calls fn(...) in this context; what it sets stays in the context. RuntimeError while it is entered.
function Context:run(fn, ...)
  use("source").check_function(fn, "argument 1 of Context:run")
  if self.entered then error(RuntimeError("cannot enter a Context that is entered already; run in a copy()"), 2) end
  local before = core.context()
  self.entered = true
  core.set_context(self)
  local leaving <close> = setmetatable({ context = self, before = before }, Leaving)
  return fn(...)
end

-- get(var, default): the variable's value in this context; `default` when it is not set there.
function Context:get(var, default)
  if getmetatable(var) ~= ContextVar then
    error(TypeError(("argument 1 of Context:get must be a ContextVar, got %s"):format(core.type_name(var))), 2)
  end
  local value = self.values[var]
  if value == nil then return default end
  if value == NIL then return nil end
  return value
end

-- copy(): another Context with the same values.
function Context:copy()
  return make(self.values)
end

checked(Context, Context)

function Context:__len()
  local count = 0
  for _ in next, self.values do count = count + 1 end
  return count
end

-- pairs(context): variables and values.
function Context:__pairs()
  local values = self.values
  return function(_, var)
    local following, value = next(values, var)
    if value == NIL then value = nil end
    return following, value
  end, self, nil
end

function Context:__tostring()
  return ("<Context of %d variables%s>"):format(#self, self.entered and " entered" or "")
end

-- copy_context(): a copy of the running code's context.
local function copy_context()
  return make(values_of(core.context()))
end

-- The context of the task itself, the same object each time.
local function get_context(task)
  local context = core.task_context(task)
  if getmetatable(context) ~= Context then
    context = make(values_of(context))
    context.task = task
    core.set_task_context(task, context)
  end
  return context
end

-- For functions that are called later: fn in a copy of the context of now.
local function bind(fn)
  if core.context() == nil then return fn end
  local context = copy_context()
  return function(...) return context:copy():run(fn, ...) end
end

local function is_context(value)
  return getmetatable(value) == Context
end

return {
  ContextVar = new_var,
  copy_context = copy_context,
  get_context = get_context,
  is_context = is_context,
  bind = bind,
}
