-- contextmanager, enter, closing: context managers out of generators and functions.
local core, use = ...

local generator_state, trap = core.generator_state, core.trap
local generator = use("generator").generator
local RuntimeError, TypeError = core.errors.RuntimeError, core.errors.TypeError

-- Manager: what a function of contextmanager gives. Its generator runs to its yield on entering, and to its end on
-- leaving; the body's error is raised at the yield.
local Manager = { __name = "ContextManager" }

local function is_finished(manager)
  return generator_state(manager.generator) == "finished"
end

local function entered(manager, ...)
  if is_finished(manager) then error(RuntimeError("the generator of a context manager did not yield"), 0) end
  return ...
end

function Manager.__enter(manager)
  if generator_state(manager.generator) ~= "not started" then
    error(RuntimeError("a context manager can be entered once; call the function again"), 2)
  end
  return entered(manager, manager.generator:next())
end

local function check_stopped(manager)
  if is_finished(manager) then return end
  manager.generator:close()
  error(RuntimeError("the generator of a context manager did not stop: it yielded twice"), 0)
end

-- True when the generator has caught the error and returned.
function Manager.__exit(manager, err)
  if err == nil then
    manager.generator:next()
    check_stopped(manager)
    return false
  end
  local ok, problem = trap(manager.generator.throw, manager.generator, err)
  if ok then
    check_stopped(manager)
    return true
  end
  if not rawequal(problem, err) then error(problem, 0) end
  return false
end

function Manager.__tostring(manager)
  local state = generator_state(manager.generator)
  local names = { ["not started"] = "not entered", finished = "left" }
  return ("<ContextManager %s>"):format(names[state] or "entered")
end

-- contextmanager(fn): a function that makes context managers. fn yields the resource, once.
local function contextmanager(fn)
  if type(fn) ~= "function" then
    error(TypeError(("argument 1 of contextmanager must be a function, got %s"):format(core.type_name(fn))), 2)
  end
  local make = generator(fn)
  return function(...)
    return setmetatable({ generator = (make(...)) }, Manager)
  end
end

local function is_manager(x)
  local meta = getmetatable(x)
  return type(meta) == "table" and (meta.__close or meta.__exit) and meta or nil
end

local function check_manager(x, what)
  local meta = is_manager(x)
  if meta then return meta end
  error(TypeError(("%s must be a context manager (a value with __close or __exit), got %s"):format(what,
    core.type_name(x))), 3)
end

-- The function by which a manager is left.
local function exit_of(meta)
  return meta.__exit or meta.__close
end

-- What enter gives for a `<close>` variable; it leaves the manager once.
local Entered = { __name = "Entered" }

function Entered.__close(self, err)
  if self.left then return end
  self.left = true
  self.exit(self.manager, err)
end

function Entered.__tostring(self)
  return ("<Entered %s%s>"):format(tostring(self.manager), self.left and " left" or "")
end

local function with_resource(guard, has_enter, ...)
  if has_enter then return guard, ... end
  return guard, guard.manager
end

-- enter(manager): local cm <close>, resource = async.enter(manager). The error of the block cannot be swallowed: Lua
-- goes on raising it.
local function enter(manager)
  local meta = check_manager(manager, "argument 1 of enter")
  local guard = setmetatable({ manager = manager, exit = exit_of(meta), left = false }, Entered)
  if meta.__enter then return with_resource(guard, true, meta.__enter(manager)) end
  return with_resource(guard, false)
end

-- Closing: what closing gives.
local Closing = { __name = "Closing" }

function Closing.__enter(self)
  return self.x
end

function Closing.__close(self)
  if self.closed then return end
  self.closed = true
  self.fn(self.x)
end

function Closing.__tostring(self)
  return ("<Closing %s%s>"):format(tostring(self.x), self.closed and " closed" or "")
end

local function call_close(x)
  x:close()
end

-- closing(x, fn): a context manager that calls fn(x), or x:close(), once.
local function closing(x, fn)
  if fn ~= nil then
    use("source").check_function(fn, "argument 2 of closing")
  elseif x == nil or not pcall(function() return assert(x.close) end) then
    error(TypeError(("argument 1 of closing must have a method close, got %s; or give a function that closes it")
      :format(core.type_name(x))), 2)
  end
  return setmetatable({ x = x, fn = fn or call_close, closed = false }, Closing)
end

return {
  contextmanager = contextmanager,
  enter = enter,
  closing = closing,
  check_manager = check_manager,
  exit_of = exit_of,
}
