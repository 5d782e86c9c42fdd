-- getaddrinfo: names to addresses.
local core, use = ...

local async = use("async/init")
local options = use("options")

-- A look-up holds a thread until the system answers, which may take long after it was given up.
local MOST = 8
local lookups = async.Semaphore(MOST)
local PAUSE = 0.05 -- seconds between looks whether one has ended that nobody waits for any more

local known = { port = "number", family = "string", type = "string", passive = "boolean" }
local families = { any = true, inet = true, inet6 = true }
local types = { stream = true, dgram = true }

local function check_choice(value, choices, what)
  if value == nil or choices[value] then return end
  local names = {}
  for each in pairs(choices) do names[#names + 1] = '"' .. each .. '"' end
  table.sort(names)
  error(async.ValueError(("the option '%s' of getaddrinfo must be %s, got %s"):format(what, table.concat(names, " or "),
    tostring(value))), 3)
end

-- getaddrinfo(host, {port=, family=, type=, passive=}): waits; a list of {host=, port=, family=, type=}, in the
-- system's order. OSError with code EAI_NONAME and its like when there is none. nil is this machine: its loopback
-- addresses, or with `passive` all of its own.
local function getaddrinfo(host, given)
  if host ~= nil then options.check_host(host, "getaddrinfo") end
  given = options.check(given, known, "getaddrinfo")
  check_choice(given.family, families, "family")
  check_choice(given.type, types, "type")
  if given.port ~= nil then options.check_port(given.port, "getaddrinfo") end
  local held <close> = lookups:acquire()
  while core.lookups() >= MOST do async.sleep(PAUSE) end
  return core.getaddrinfo(host, tostring(given.port or 0), given.family, given.type, given.passive)
end

-- The same in a list where the families take turns, the first one first (RFC 8305).
local function interleaved(host, port)
  if core.is_numeric(host) then return { { host = host, port = port } } end
  local first, second, family = {}, {}, nil
  for _, address in ipairs(getaddrinfo(host, { port = port })) do
    family = family or address.family
    local list = address.family == family and first or second
    list[#list + 1] = address
  end
  local list = {}
  for i = 1, math.max(#first, #second) do
    list[#list + 1] = first[i]
    list[#list + 1] = second[i]
  end
  return list
end

return { getaddrinfo = getaddrinfo, interleaved = interleaved }
