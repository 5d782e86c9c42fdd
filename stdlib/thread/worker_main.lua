-- What a Worker's thread runs.
local core, use = ...

local async, native = use("async/init"), use("async/native")

-- The worker's end of its messages.
local Parent = { __name = "WorkerParent" }
Parent.__index = Parent
use("worker_messages")(Parent)

function Parent:__tostring()
  return ("<WorkerParent out=%d in=%d>"):format(#self.out, #self.inbox)
end

use("async/checked").checked(Parent, Parent)

local Closing = {
  __close = function(parent)
    parent.inbox:close()
    parent.out:close()
  end,
}

local function function_of(target)
  if type(target) == "function" then return target end
  local ok, fn = native.trap(require, target)
  if not ok then error(fn, 0) end
  if type(fn) == "function" then return fn end
  error(async.TypeError(("the module '%s' of a Worker must return the function to run, got %s"):format(target, type(fn))), 0)
end

-- target, arguments..., what it receives, what it sends
return function(...)
  local given = table.pack(...)
  local parent = setmetatable({ inbox = given[given.n - 1], out = given[given.n] }, Parent)
  local closing <close> = setmetatable({ inbox = parent.inbox, out = parent.out }, Closing)
  return function_of(given[1])(parent, table.unpack(given, 2, given.n - 2))
end
