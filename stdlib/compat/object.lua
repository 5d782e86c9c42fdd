-- What TCP and UDP objects share: time limits, options, names.
--
-- An object has `raw`, a Socket of the core (a closed one until it is known of which family it must be), its `class`,
-- as LuaSocket calls it, and `block` and `total`, its time limits in seconds, -1 for none. Numbers that LuaSocket gives
-- as floats are floats here.
local core, use = ...

local async = use("async/init")

local object = {}

-- Errors as those of LuaSocket's C functions.

-- Raises that argument `number`, counted without the object, is wrong. It is the error of the method's caller; `level`
-- is that of a function between this one and the method.
function object.bad_argument(number, method, problem, level)
  error(("bad argument #%d to '%s' (%s)"):format(number, method, problem), level or 3)
end

-- The object must be of the class.
function object.check_class(self, class, method)
  if type(self) == "table" and self.class == class then return end
  error(("calling '%s' on bad self (%s expected)"):format(method, class), 3)
end

function object.check_string(value, number, method)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return tostring(value) end
  object.bad_argument(number, method, "string expected, got " .. (value == nil and "no value" or kind), 4)
end

function object.check_number(value, number, method)
  local converted = tonumber(value)
  if converted then return converted end
  local kind = value == nil and "no value" or type(value)
  object.bad_argument(number, method, "number expected, got " .. kind, 4)
end

-- Time limits.

-- settimeout(seconds, mode): of each wait of an operation, or with the mode "t" of the whole operation. Nil and
-- negative: none.
local function settimeout(self, seconds, mode)
  local limit = object.check_number(seconds == nil and -1 or seconds, 1, "settimeout")
  if mode == nil or mode == "b" then
    self.block = limit + 0.0
  elseif mode == "t" or mode == "r" then
    self.total = limit + 0.0
  else
    object.bad_argument(2, "settimeout", "invalid timeout mode")
  end
  return 1.0
end

local function gettimeout(self)
  return self.block, self.total
end

-- The seconds that an operation may still wait; nil when there is no limit.
local function time_left(self, start)
  local block, total = self.block, self.total
  if block < 0 and total < 0 then return nil end
  local passed = core.time() - start
  if block < 0 then return math.max(total - passed, 0) end
  if total < 0 then return math.max(block - passed, 0) end
  return math.min(block, math.max(total - passed, 0))
end

-- Begins an operation. A task whose sockets are always ready lets the others run now and then; nothing is lost when it
-- is cancelled there.
function object.begin()
  if core.busy() then async.sleep(0) end
  return { start = core.time(), turned = false }
end

-- Waits until the object may be ready; false when the operation's time is over. Before that the other tasks run once: a
-- loop that only polls would never see the answer of a server in its own process.
function object.wait(self, operation, writing)
  local left = time_left(self, operation.start)
  if left ~= 0 then
    self.raw:wait(writing, left)
    return true
  end
  if operation.turned then return false end
  operation.turned = true
  async.sleep(0)
  return true
end

-- The results of a method of the core's, which is called again while it would have to wait and there is time.
function object.insist(self, writing, method, ...)
  local operation = object.begin()
  repeat
    local result, a, b = self.raw[method](self.raw, ...)
    if result ~= false then return result, a, b end
  until not object.wait(self, operation, writing)
  return nil, "timeout"
end

-- Methods of both.

local methods = { settimeout = settimeout, gettimeout = gettimeout }

-- What setoption takes for the option; false when it can only be read, nil when the object has no such option.
local function option_kind(self, name)
  return self.raw:option_kind(name, getmetatable(self).protocol)
end

-- setoption(name, value): 1, or nil and a message.
function methods:setoption(name, value)
  local kind = option_kind(self, object.check_string(name, 1, "setoption"))
  if not kind then object.bad_argument(1, "setoption", ("unsupported option `%.35s'"):format(name)) end
  if type(value) ~= kind then
    local got = value == nil and "no value" or type(value)
    object.bad_argument(2, "setoption", ("%s expected, got %s"):format(kind, got))
  end
  if name == "linger" then
    if type(value.on) ~= "boolean" then object.bad_argument(2, "setoption", "boolean 'on' field expected") end
    if type(value.timeout) ~= "number" then object.bad_argument(2, "setoption", "number 'timeout' field expected") end
  end
  return self.raw:setoption(name, value)
end

-- getoption(name): its value, or nil and a message.
function methods:getoption(name)
  if option_kind(self, object.check_string(name, 1, "getoption")) == nil then
    object.bad_argument(1, "getoption", ("unsupported option `%.35s'"):format(name))
  end
  return self.raw:getoption(name)
end

function methods:getpeername()
  return self.raw:getpeername()
end

function methods:getsockname()
  local host, port, family = self.raw:getsockname()
  if host == nil then return nil, port end
  return host, tostring(port), family -- a string, other than the peer's
end

function methods:getfamily()
  return self.family == "inet6" and "inet6" or "inet4"
end

function methods:getfd()
  return self.raw:fd() + 0.0
end

-- setfd(fd): the object is of that descriptor; the one it had is left to the caller.
function methods:setfd(fd)
  self.raw:release()
  self.raw = core.adopt(math.tointeger(fd) or -1, true)
end

function methods:close()
  self.raw:close()
  return 1.0
end

-- The object's Socket is one of the family.
function object.use_family(self, family, kind)
  if self.raw:fd() >= 0 and self.family == family then return true end
  local raw, err = core.socket(family, kind)
  if not raw then return nil, err end
  self.raw:close()
  self.raw, self.family = raw, family
  return true
end

-- An object without a socket; of any family when that is nil.
function object.new(metatable, class, family)
  return setmetatable({
    raw = core.adopt(-1),
    class = class,
    family = family,
    fixed = family, -- the family it was made for
    block = -1.0,
    total = -1.0,
  }, metatable)
end

-- The metatable of objects of the protocol that have these methods too.
function object.type(own, protocol)
  local index = {}
  for name, method in pairs(methods) do index[name] = method end
  for name, method in pairs(own) do index[name] = method end
  return {
    protocol = protocol,
    __index = index,
    __close = function(self) self.raw:close() end,
    __tostring = function(self) return ("%s: %p"):format(self.class, self) end,
  }
end

return object
