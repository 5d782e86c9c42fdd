-- Hosts and services to addresses, with LuaSocket's messages.
local core, use = ...

local async = use("async/init")

local names = {}

local messages = {
  EAI_AGAIN = "temporary failure in name resolution",
  EAI_BADFLAGS = "invalid value for ai_flags",
  EAI_FAIL = "non-recoverable failure in name resolution",
  EAI_FAMILY = "ai_family not supported",
  EAI_MEMORY = "memory allocation failure",
  EAI_NONAME = "host or service not provided, or not known",
  EAI_SERVICE = "service not supported for socket type",
  EAI_SOCKTYPE = "ai_socktype not supported",
}

-- A list of {host=, family=}, or nil and a message. Family nil: of both.
function names.resolve(host, family)
  local numeric = core.family_of(host)
  if numeric and (family == nil or family == numeric) then return { { host = host, family = numeric } } end
  if numeric then return nil, "Address family for hostname not supported" end
  local ok, found = pcall(async.getaddrinfo, host, { family = family })
  if ok then return found end
  if not async.is(found, async.OSError) then error(found, 0) end
  return nil, messages[found.code] or found.message
end

-- The port of a number, or of a service's name; nil and a message when there is none.
function names.port(port)
  local number = math.tointeger(tonumber(port))
  if number == nil then number = core.service_port(tostring(port)) end
  if number == nil or number < 0 or number > 65535 then return nil, messages.EAI_SERVICE end
  return number
end

-- The addresses with the port, or nil and a message. "*" is any host.
function names.addresses(host, port, family)
  local number, problem = names.port(port)
  if not number then return nil, problem end
  if host == "*" then host = family == "inet6" and "::" or "0.0.0.0" end
  local found, err = names.resolve(host, family)
  if not found then return nil, err end
  local list = {}
  for i, each in ipairs(found) do list[i] = { host = each.host, family = core.family_of(each.host), port = number } end
  return list
end

return names
