-- Finds the open TCP ports of a host, many at a time.
--
--   neap scripts/examples/portscan.lua [--jobs N] [--timeout SECONDS] HOST PORTS...
--
-- Only scan hosts that you may scan.
local help = [[
usage: neap portscan.lua [--jobs N] [--timeout SECONDS] HOST PORTS...

Prints the open TCP ports of HOST, in order. PORTS are single ones and ranges: 22 80-90,8000-9000
The exit status is 0 when a port is open, 1 when none is, 2 when the scan cannot be made.

  -j, --jobs N            connections at a time (100)
  -t, --timeout SECONDS   for a connection (1)
  -h, --help              show this text
]]

local function fail(message)
  io.stderr:write("portscan: ", message, "\n")
  os.exit(2)
end

local function usage()
  io.stderr:write(help)
  os.exit(2)
end

local function add_ports(list, text)
  for part in text:gmatch("[^,]+") do
    local first, last = part:match("^(%d+)%-?(%d*)$")
    first = math.tointeger(first)
    last = first and (math.tointeger(last) or first)
    if not first or part:find("%-$") or first < 1 or last > 65535 or first > last then
      fail(("'%s' is no port or range of ports from 1 to 65535"):format(part))
    end
    for port = first, last do list[#list + 1] = port end
  end
end

local function read_arguments(arguments)
  local settings, i = { jobs = 100, timeout = 1, ports = {} }, 1
  while i <= #arguments do
    local argument = arguments[i]
    if argument == "-h" or argument == "--help" then
      io.write(help)
      os.exit(0)
    elseif argument == "-j" or argument == "--jobs" then
      i = i + 1
      settings.jobs = math.tointeger(tonumber(arguments[i]))
    elseif argument == "-t" or argument == "--timeout" then
      i = i + 1
      settings.timeout = tonumber(arguments[i])
    elseif argument:find("^%-") then
      usage()
    elseif not settings.host then
      settings.host = argument
    else
      add_ports(settings.ports, argument)
    end
    i = i + 1
  end
  local jobs, timeout = settings.jobs, settings.timeout
  if #settings.ports == 0 or not jobs or jobs < 1 or not timeout or timeout <= 0 then usage() end
  return settings
end

-- Refused, no answer in time, no way there: all of it means that the port is not open.
local function is_open(address, port, timeout)
  local ok, stream = pcall(async.open_connection, address, port, { timeout = timeout })
  if ok then stream:abort() end
  return ok
end

local settings = read_arguments { ... }

-- The name is looked up once, not for every port.
local ok, addresses = pcall(async.getaddrinfo, settings.host)
if not ok then fail(addresses.message) end
local address = addresses[1].host

local open = async.map(settings.ports, function(port)
  return is_open(address, port, settings.timeout)
end, { limit = settings.jobs })

local count = 0
for i, port in ipairs(settings.ports) do
  if open[i] then
    print(port)
    count = count + 1
  end
end
if count == 0 then os.exit(1) end
