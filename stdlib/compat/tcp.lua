-- LuaSocket's TCP objects.
--
--   tcp{master} ──> tcp{client}      connect, failed or not
--               └─> tcp{server}      listen
local core, use = ...

local names = use("names")
local object = use("object")

local tcp = {}
local methods, metatable = {}, nil

-- new(family): a master.
function tcp.new(family)
  local self = object.new(metatable, "tcp{master}", family)
  self.received, self.sent, self.born = 0.0, 0.0, core.gettime()
  if family then
    local made, err = object.use_family(self, family, "stream")
    if not made then return nil, err end
  end
  return self
end

-- Making connections.

-- Begins to connect, and waits for the end. True, or nil and a message.
local function connect_to(self, address)
  local made, problem = object.use_family(self, address.family, "stream")
  if not made then return nil, problem end
  local operation = object.begin()
  local connected, err = self.raw:connect(address.host, address.port)
  if connected ~= false then return connected, err end
  local polls = self.block == 0 or (self.block < 0 and self.total == 0)
  while not polls do
    local more = object.wait(self, operation, true)
    if self.raw:fd() < 0 then return nil, "closed" end
    if #core.ready({ self.raw }, 0) > 0 then return self.raw:connected() end
    if not more then break end
  end
  return nil, "timeout"
end

-- connect(host, port): 1, or nil and a message.
function methods:connect(host, port)
  host = object.check_string(host, 1, "connect")
  port = object.check_string(port, 2, "connect")
  local addresses, err = names.addresses(host, port, self.fixed)
  self.class = "tcp{client}" -- whatever becomes of it: a connection may be under way
  if not addresses then return nil, err end
  local connected
  for _, address in ipairs(addresses) do
    connected, err = connect_to(self, address)
    if connected then return 1.0 end
    if self.block == 0 or (self.block < 0 and self.total == 0) then break end
  end
  return nil, err
end

-- bind(host, port): 1, or nil and a message.
function methods:bind(host, port)
  object.check_class(self, "tcp{master}", "bind")
  host = object.check_string(host, 1, "bind")
  port = object.check_string(port, 2, "bind")
  local addresses, err = names.addresses(host, port, self.fixed)
  if not addresses then return nil, err end
  local bound
  for _, address in ipairs(addresses) do
    bound, err = object.use_family(self, address.family, "stream")
    if bound then bound, err = self.raw:bind(address.host, address.port) end
    if bound then return 1.0 end
  end
  return nil, err
end

-- listen(backlog): 1, or nil and a message.
function methods:listen(backlog)
  object.check_class(self, "tcp{master}", "listen")
  local listening, err = self.raw:listen(math.tointeger(tonumber(backlog)) or 32)
  if not listening then return nil, err end
  self.class = "tcp{server}"
  return 1.0
end

-- accept(): waits for a connection; its client, or nil and a message.
function methods:accept()
  object.check_class(self, "tcp{server}", "accept")
  if self.raw:fd() < 0 then return nil, "closed" end
  local raw, err = object.insist(self, false, "accept")
  if not raw then return nil, self.raw:fd() < 0 and "closed" or err end
  local client = tcp.new()
  client.raw, client.class, client.family = raw, "tcp{client}", self.family
  return client
end

methods.setpeername = methods.connect
methods.setsockname = methods.bind

-- Receiving. What has come stays with the object until it completes what was asked for, or a failure ends that.

-- Receives until `complete(raw)`. Nil, or a message.
local function receive_until(self, wanted, complete)
  local operation = object.begin()
  while not complete(self.raw) do
    local got, err = self.raw:fill(wanted - self.raw:unread())
    if got == nil then return err end
    if got == false and not object.wait(self, operation, false) then return err end
  end
end

-- Takes so many bytes, or all.
local function take(self, count, is_line)
  local bytes, number = self.raw:take(count, is_line)
  self.received = self.received + number
  return bytes
end

local function receive_count(self, count, prefix)
  local wanted = count - #prefix
  if #prefix > 0 and wanted <= 0 then return prefix, nil, nil end
  local least = math.max(wanted, 1) -- to receive nothing waits for something, as LuaSocket does
  local err = receive_until(self, wanted, function(raw) return raw:unread() >= least end)
  if err then return nil, err, prefix .. take(self) end
  return prefix .. take(self, wanted), nil, nil
end

local function receive_line(self, prefix)
  local line, count
  local err = receive_until(self, 0, function(raw)
    line, count = raw:take_line()
    return line ~= nil
  end)
  if err then return nil, err, prefix .. take(self, nil, true) end
  self.received = self.received + count
  return prefix .. line, nil, nil
end

local function receive_all(self, prefix)
  local err = receive_until(self, math.maxinteger, function() return false end)
  local bytes = take(self)
  if err ~= "closed" or bytes == "" then return nil, err, prefix .. bytes end
  return prefix .. bytes, nil, nil
end

-- receive(pattern or count, prefix): waits; what was asked for behind the prefix, or nil, a message and what there was.
function methods:receive(pattern, prefix)
  object.check_class(self, "tcp{client}", "receive")
  prefix = prefix == nil and "" or object.check_string(prefix, 2, "receive")
  local count = tonumber(pattern)
  if count and count >= 0 then return receive_count(self, math.floor(count), prefix) end
  pattern = pattern or "*l"
  local kind = type(pattern) == "string" and pattern:sub(1, 2) -- LuaSocket looks at no more: "*line" will do
  if kind == "*l" then return receive_line(self, prefix) end
  if kind == "*a" then return receive_all(self, prefix) end
  object.bad_argument(1, "receive", "invalid receive pattern")
end

-- Sending.

-- The places of the first and the last byte, as string.sub counts.
local function range(size, from, to)
  from, to = math.floor(from or 1), math.floor(to or -1)
  if from < 0 then from = math.max(size + from + 1, 1) end
  if to < 0 then to = size + to + 1 end
  return math.max(from, 1), math.min(to, size)
end

-- send(data, from, to): waits until the system has taken it; the place of the last byte sent, or nil, a message and
-- that.
function methods:send(data, from, to)
  object.check_class(self, "tcp{client}", "send")
  data = object.check_string(data, 1, "send")
  from, to = range(#data, from, to)
  local operation, sent = object.begin(), from - 1
  while sent < to do
    local count, err = self.raw:send(data, sent + 1, to)
    if count then
      sent = sent + count
      self.sent = self.sent + count
    elseif count == nil or not object.wait(self, operation, true) then
      return nil, err, sent + 0.0
    end
  end
  return sent + 0.0, nil, nil
end

-- The rest.

local hows = { receive = true, send = true, both = true }

function methods:shutdown(how)
  object.check_class(self, "tcp{client}", "shutdown")
  how = how or "both"
  if not hows[how] then object.bad_argument(1, "shutdown", ("invalid option '%s'"):format(tostring(how))) end
  self.raw:shutdown(how)
  return 1.0
end

function methods:dirty()
  return self.raw:unread() > 0
end

-- getstats(): bytes received, bytes sent, age in seconds.
function methods:getstats()
  object.check_class(self, "tcp{client}", "getstats")
  return self.received, self.sent, core.gettime() - self.born
end

function methods:setstats(received, sent, age)
  object.check_class(self, "tcp{client}", "setstats")
  self.received = (received or self.received) + 0.0
  self.sent = (sent or self.sent) + 0.0
  if age then self.born = core.gettime() - age end
  return 1.0
end

metatable = object.type(methods, "tcp")

local families = { unspec = true, inet = true, inet6 = true }

-- connect(host, port, from_host, from_port, family): waits; a client, or nil and a message.
function tcp.connect(host, port, from_host, from_port, family)
  if not families[family or "unspec"] then
    object.bad_argument(5, "connect", ("invalid option '%s'"):format(tostring(family)))
  end
  local self, err = tcp.new(family ~= "unspec" and family or nil)
  if not self then return nil, err end
  local ok = true
  if from_host then ok, err = self:bind(from_host, from_port or 0) end
  if ok then ok, err = self:connect(host, port) end
  if ok then return self end
  self:close()
  return nil, err
end

-- bind(host, port, backlog): a server, or nil and a message.
function tcp.bind(host, port, backlog)
  local addresses, err = names.addresses(host, port)
  if not addresses then return nil, err end
  for _, address in ipairs(addresses) do
    local self, ok
    self, err = tcp.new(address.family)
    if not self then return nil, err end
    self:setoption("reuseaddr", true)
    ok, err = self:bind(address.host, address.port)
    if ok then ok, err = self:listen(backlog) end
    if ok then return self end
    self:close()
  end
  return nil, err
end

return tcp
