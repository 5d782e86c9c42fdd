-- Prints the first primes, found as Go's famous example does: a chain of tasks, each of which passes on what its prime
-- does not divide. Every number goes from task to task through channels.
--
--   neap scripts/examples/sieve.lua [COUNT]
local count = math.tointeger(tonumber((...) or 25))
if count == nil or count < 1 then
  io.stderr:write("usage: neap sieve.lua [COUNT]\n")
  os.exit(2)
end

local function numbers()
  local output = async.Channel()
  async.create_task(function()
    local n = 2
    while true do
      output:send(n)
      n = n + 1
    end
  end, { name = "numbers" })
  return output
end

-- A channel of the numbers from `input` that `prime` does not divide.
local function without_multiples(input, prime)
  local output = async.Channel()
  async.create_task(function()
    for n in input do
      if n % prime ~= 0 then output:send(n) end
    end
  end, { name = "filter " .. prime })
  return output
end

local channel = numbers()
for _ = 1, count do
  local prime = channel:receive()
  print(prime)
  channel = without_multiples(channel, prime)
end
-- The tasks that are left, one for each prime, are cancelled at the end of the script.
