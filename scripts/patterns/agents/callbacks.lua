-- A callback chain: functions before a call, which may answer in its place, and functions after it,
-- which may replace the result. Guards, caches, logs and filters are written apart from what they
-- wrap.
-- Use it around models and tools. They are ordinary functions and may wait; the first
-- before-callback that returns something wins, and each after-callback sees what the one before it
-- made.
-- asyncio: the same with async functions, and an isawaitable() for those that are not.
local function with_callbacks(call, before, after)
  return function(request)
    local result
    for _, callback in ipairs(before) do
      result = callback(request)
      if result ~= nil then break end -- an answer: neither the others nor the call are asked
    end
    if result == nil then result = call(request) end
    for _, callback in ipairs(after) do
      local replaced = callback(request, result)
      if replaced ~= nil then result = replaced end
    end
    return result
  end
end

local function model(request)
  async.sleep(0.3)
  print("  (the model is asked)")
  return "The password of " .. request.user .. " is hunter2."
end

-- Before: a guard that asks somewhere else, and a cache.
local blocked = { mallory = true }
local function guard(request)
  async.sleep(0.1)
  if blocked[request.user] then return "I may not talk to you." end
end

local cache = {}
local function from_cache(request) return cache[request.user] end

-- After: a filter, and what fills the cache. A callback that returns nothing leaves the result.
local function without_secrets(_, result)
  if result:find("hunter2") then return (result:gsub("hunter2", "*******")) end
end
local function to_cache(request, result)
  if not blocked[request.user] then cache[request.user] = result end
end

local ask = with_callbacks(model, { guard, from_cache }, { without_secrets, to_cache })
for _, user in ipairs { "ann", "mallory", "ann" } do
  print(user .. ":")
  print("  " .. ask { user = user })
end

-- An error in a callback is one of the call. A callback that must not fail the call is wrapped.
local function optional(callback)
  return function(...)
    local ok, result = pcall(callback, ...)
    if ok then return result end
    print("  callback failed: " .. tostring(result))
  end
end
local function broken() error(async.ConnectionError("no audit log")) end
print(pcall(with_callbacks(model, { broken }, {}), { user = "bob" }))
print(with_callbacks(model, { optional(broken) }, { without_secrets }) { user = "bob" })

--[[ prints:
ann:
  (the model is asked)
  The password of ann is *******.
mallory:
  I may not talk to you.
ann:
  The password of ann is *******.
false	ConnectionError: no audit log
  callback failed: ConnectionError: no audit log
  (the model is asked)
The password of bob is *******.
]]
