-- Fallback between providers: the same question to another when one fails or is slow.
-- Use the chain where calls cost something, the hedge where time does, the race where neither does
-- and only the answer counts.
-- asyncio: loops around wait_for; wait(..., FIRST_COMPLETED) by hand for the others.
local loop = async.get_running_loop()

local calls
local function provider(name, seconds, problem)
  return function()
    calls = calls .. name .. " "
    async.sleep(seconds)
    if problem then error(async.ConnectionError(name .. ": " .. problem)) end
    return "answer of " .. name
  end
end
local broken = provider("A", 0.2, "refused")
local slow, quick = provider("B", 1), provider("C", 0.1)

local function show(what, fn, ...)
  calls = ""
  local begun = loop:time()
  local ok, result = pcall(fn, ...)
  print(("%s: %.1f s, asked %s-> %s"):format(what, loop:time() - begun, calls, result))
  return ok, result
end

-- 1. A chain: the next one when one fails or takes longer than its share.
local function chain(providers, seconds)
  local errors = {}
  for _, ask in ipairs(providers) do
    local ok, result = pcall(async.timeout, seconds, ask)
    if ok then return result end
    errors[#errors + 1] = async.is(result, async.Error) and result or async.Error(tostring(result))
  end
  error(async.ExceptionGroup("no provider answered", errors))
end
show("chain", chain, { broken, slow, quick }, 0.4)

-- All of them failed: every reason is kept.
local _, group = show("chain", chain, { broken, slow }, 0.4)
for _, err in ipairs(group.exceptions) do print("  " .. tostring(err)) end

-- 2. A hedge: the next one is asked as well when one has not answered for a while. Each provider
-- waits its turn; any() takes the first success and cancels the others. (neap.patterns.hedge asks
-- the same one again so.)
local function hedge(providers, seconds)
  local asks = {}
  for i, ask in ipairs(providers) do
    asks[i] = function()
      async.sleep(seconds * (i - 1))
      return ask()
    end
  end
  return async.any(asks)
end
show("hedge", hedge, { slow, quick }, 0.4)
show("hedge", hedge, { quick, slow }, 0.4)

-- 3. All at once: any() gives the first that succeeds, race() the first that ends.
show("any", async.any, { broken, slow, quick })
show("race", async.race, { broken, slow })

--[[ prints:
chain: 0.7 s, asked A B C -> answer of C
chain: 0.6 s, asked A B -> ExceptionGroup: no provider answered
  ConnectionError: A: refused
  TimeoutError: timed out after 0.4 seconds
hedge: 0.5 s, asked B C -> answer of C
hedge: 0.1 s, asked C -> answer of C
any: 0.1 s, asked A B C -> answer of C
race: 0.2 s, asked A B -> ConnectionError: A: refused
]]
