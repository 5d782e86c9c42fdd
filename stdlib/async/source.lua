-- Sources: whatever gives items one at a time, for the functions that take generators.
local core = ...

local generator_next, generator_state = core.Generator.next, core.generator_state
local TypeError = core.errors.TypeError

local function is_callable(x)
  if type(x) == "function" then return true end
  local meta = getmetatable(x)
  return type(meta) == "table" and meta.__call ~= nil
end

local function items_of(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

-- What must be closed when nobody asks x for more: a generator, an iterator of async.iter. A Channel, say, belongs to
-- its owner.
local function closing_of(x)
  if generator_state(x) then return x end
  local meta = getmetatable(x)
  if type(meta) == "table" and meta.closes_source then return x end
end

-- A source of the values that a generic `for` takes, or of a list: {step=, state=, control=, closing=}. Nil for
-- anything else. step(state, control) gives the next item, whose first value is the next control; nil is the end.
local function source_of(x, state, control, closing)
  if generator_state(x) then return { step = generator_next, state = x, closing = x } end
  if is_callable(x) then return { step = x, state = state, control = control, closing = closing or closing_of(x) } end
  if type(x) == "table" and getmetatable(x) == nil then return { step = items_of(x) } end
  return nil
end

local function check_source(source, x, what)
  if source then return source end
  error(TypeError(("%s is %s; pass a generator, an iterator function or a list"):format(what,
    x == nil and "nil" or "a " .. core.type_name(x))), 3)
end

local function check_function(fn, what)
  if is_callable(fn) then return end
  error(TypeError(("%s must be a function, got %s"):format(what, core.type_name(fn))), 3)
end

-- Without what the call of a generator function, or a stage of async.iter, adds at the end of an argument list:
-- `g, nil, nil, g`.
local function strip(...)
  local list = table.pack(...)
  local n = list.n
  if n >= 4 and closing_of(list[n]) and rawequal(list[n - 3], list[n]) and list[n - 1] == nil and list[n - 2] == nil then
    list[n], list.n = nil, n - 3
  end
  return list
end

local function settle_coroutine(first, ...)
  if core.kind(first) == "coroutine" then return core.await(first) end
  return first, ...
end

-- fn(...), awaited when fn is an async function.
local function call(fn, ...)
  return settle_coroutine(fn(...))
end

return {
  source_of = source_of,
  check_source = check_source,
  check_function = check_function,
  strip = strip,
  call = call,
}
