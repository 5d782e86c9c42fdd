-- ExitStack: context managers and callbacks that end together, the last one first.
local core, use = ...

local trap = core.trap
local chain = use("chain").chain
local check_function = use("source").check_function
local managers = use("contextmanager")

local ExitStack = { __name = "ExitStack" }
ExitStack.__index = ExitStack

local function new_exit_stack()
  return setmetatable({ exits = {} }, ExitStack)
end

-- An exit is {fn=, arguments=} of callback, or {manager=, exit=}, whose exit gets the error and may swallow it.
local function add(stack, exit)
  stack.exits[#stack.exits + 1] = exit
end

-- enter(manager): enters it now, to leave it with the stack; what its __enter gave, or the manager.
function ExitStack:enter(manager)
  local meta = managers.check_manager(manager, "argument 1 of enter")
  local resource = manager
  if meta.__enter then resource = meta.__enter(manager) end
  add(self, { manager = manager, exit = managers.exit_of(meta), swallows = meta.__exit ~= nil })
  return resource
end

-- push(x): leaves the manager x, which has been entered, with the stack; or calls x(err), a function, which swallows
-- the error by returning true. Returns x.
function ExitStack:push(x)
  if type(x) == "function" then
    add(self, { manager = x, exit = function(fn, err) return fn(err) end, swallows = true })
  else
    local meta = managers.check_manager(x, "argument 1 of push")
    add(self, { manager = x, exit = managers.exit_of(meta), swallows = meta.__exit ~= nil })
  end
  return x
end

-- callback(fn, ...): calls fn(...) at the end. Returns fn.
function ExitStack:callback(fn, ...)
  check_function(fn, "argument 1 of callback")
  local arguments = table.pack(...)
  add(self, { exit = function() fn(table.unpack(arguments, 1, arguments.n)) end, swallows = false })
  return fn
end

-- pop_all(): a new stack with all of it; this one is empty then.
function ExitStack:pop_all()
  local stack = new_exit_stack()
  stack.exits, self.exits = self.exits, stack.exits
  return stack
end

-- Goes on when an exit raises the error by which the coroutine is being closed, which nothing catches.
local Rest = {}

-- Leaves everything, the last first; `err` is the body's. True when it was swallowed. The last error is raised, and
-- keeps the earlier ones as its cause.
local function unwind(stack, err)
  local rest <close> = setmetatable({ stack = stack }, Rest)
  local pending = err
  while #stack.exits > 0 do
    local exit = table.remove(stack.exits)
    local ok, result = trap(exit.exit, exit.manager, pending)
    if not ok then
      pending = chain(result, pending)
    elseif pending ~= nil and exit.swallows and result then
      pending = nil
    end
  end
  if pending ~= nil and not rawequal(pending, err) then error(pending, 0) end
  return err ~= nil and pending == nil
end

function Rest.__close(rest, err)
  if #rest.stack.exits > 0 then unwind(rest.stack, err) end
end

-- close(): leaves everything now.
function ExitStack:close()
  unwind(self, nil)
end

use("checked").checked(ExitStack, ExitStack)

function ExitStack.__enter(stack)
  return stack
end

ExitStack.__exit = unwind
ExitStack.__close = unwind

function ExitStack:__tostring()
  return ("<ExitStack of %d>"):format(#self.exits)
end

return { ExitStack = new_exit_stack }
