-- with: context managers for a function body.
local core = ...

local trap = core.trap
local TypeError = core.errors.TypeError

-- Calls the manager's __exit once, also when the coroutine is being closed, which nothing catches.
local Guard = {
  __close = function(guard, err)
    if not guard.left then guard.exit(guard.manager, err) end
  end,
}

local function leave(guard, ok, ...)
  guard.left = true
  if ok then
    guard.exit(guard.manager, nil)
    return ...
  end
  local err = ...
  if not guard.exit(guard.manager, err) then error(err, 0) end
  core.caught()
end

local function with_exit(manager, exit, fn, resource)
  local guard <close> = setmetatable({ manager = manager, exit = exit }, Guard)
  return leave(guard, trap(fn, resource))
end

local function with_close(manager, fn, resource)
  local closing <close> = manager
  return fn(resource)
end

-- with(manager, fn): calls fn with what `__enter` gave (the manager itself without one) and leaves by
-- `__exit(self, err)`, which swallows the error by returning true, or by `__close`. Returns what fn returned.
local function with(manager, fn)
  local meta = getmetatable(manager)
  if type(meta) ~= "table" or not (meta.__close or meta.__exit) then
    error(TypeError(("argument 1 of with must be a context manager (a value with __close or __exit), got %s")
      :format(core.type_name(manager))), 2)
  end
  if type(fn) ~= "function" then
    error(TypeError(("argument 2 of with must be a function, got %s"):format(core.type_name(fn))), 2)
  end
  local resource = manager
  if meta.__enter then resource = meta.__enter(manager) end
  if meta.__exit then return with_exit(manager, meta.__exit, fn, resource) end
  return with_close(manager, fn, resource)
end

return { with = with }
