-- gather with return_exceptions: all results, and of those that failed the error in their place.
-- Use it where a part of the answers is worth having (a page of several sources, a health check
-- of many hosts). Every call is waited for, so nothing is left running. Check every slot: an
-- error that is taken for a result is a bug that shows up far away.
-- asyncio: gather(..., return_exceptions=True).

local function check(host, seconds, problem)
  return function()
    async.sleep(seconds)
    if problem then error(problem, 0) end
    return ("%s is up (%.1f s)"):format(host, seconds)
  end
end

local hosts = { "alpha", "beta", "gamma", "delta" }
local results = async.gather {
  check("alpha", 0.1),
  check("beta", 0.2, async.ConnectionError("connection refused", { code = "ECONNREFUSED" })),
  check("gamma", 0.3),
  check("delta", 0.4, "a plain string"),
  return_exceptions = true,
}

for i = 1, results.n do
  local result = results[i]
  if async.is(result, async.ConnectionError) then
    print(hosts[i], "down:", result.code)
  elseif async.is(result, async.Error) then
    print(hosts[i], "failed:", result.message, result.value)   -- a string that was raised: value
  else
    print(hosts[i], result)
  end
end

-- Sorted apart, as one often wants it.
local good, bad = {}, {}
for i = 1, results.n do
  local list = async.is(results[i], async.Error) and bad or good
  list[#list + 1] = hosts[i]
end
print("up: " .. table.concat(good, " ") .. "; down: " .. table.concat(bad, " "))

-- Cancelling whoever gathers cancels all of them, return_exceptions or not.
local children = { async.spawn(async.sleep, 60), async.spawn(async.sleep, 60) }
print(pcall(async.timeout, 0.1, async.gather,
  { children[1], children[2], return_exceptions = true }))
print(children[1]:cancelled(), children[2]:cancelled())

--[[ prints:
alpha	alpha is up (0.1 s)
beta	down:	ECONNREFUSED
gamma	gamma is up (0.3 s)
delta	failed:	a plain string	a plain string
up: alpha gamma; down: beta delta
false	TimeoutError: timed out after 0.1 seconds
true	true
]]
