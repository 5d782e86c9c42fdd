-- LuaSocket's `socket.dns`.
local core, use = ...

local names = use("names")

local dns = { gethostname = core.gethostname }

-- getaddrinfo(host): a list of {family=, addr=}, or nil and a message.
function dns.getaddrinfo(host)
  local found, err = names.resolve(host)
  if not found then return nil, err end
  local list = {}
  for i, each in ipairs(found) do list[i] = { family = each.family, addr = each.host } end
  return list
end

local function ipv4(host)
  local found = names.resolve(host, "inet")
  if not found then return nil end
  local list = {}
  for i, each in ipairs(found) do list[i] = each.host end
  return list
end

local function name_of(ip)
  local name = core.getnameinfo(ip, 0, true)
  return name
end

-- toip(host): its first IPv4 address and {name=, alias=, ip=}, or nil and "host not found".
function dns.toip(host)
  local list = ipv4(host)
  if not list then return nil, "host not found" end
  local name = core.family_of(host) and name_of(host) or host
  return list[1], { name = name, alias = {}, ip = list }
end

-- tohostname(address): its name and {name=, alias=, ip=}, or nil and "host not found".
function dns.tohostname(address)
  local list = ipv4(address)
  local name
  if list then name = core.family_of(address) and name_of(list[1]) or not core.family_of(address) and address end
  if not name then return nil, "host not found" end
  return name, { name = name, alias = {}, ip = list }
end

-- getnameinfo(host, service): the names of the host's addresses and the service's, or nil and a message.
function dns.getnameinfo(host, service)
  if host == nil and service == nil then error("host and serv cannot be both nil", 2) end
  local addresses, err = names.addresses(host or "127.0.0.1", service or 0)
  if not addresses then return nil, err end
  local list, service_name = {}, nil
  for i, address in ipairs(addresses) do
    list[i], service_name = core.getnameinfo(address.host, address.port)
    if not list[i] then return nil, service_name end
  end
  if service == nil then return list end
  return list, service_name
end

return dns
