-- The patterns module: what programs with tasks otherwise write anew each time. Each part is loaded
-- at first use.
local _, use = ...

local patterns, lazy = {}, {}
for file, names in pairs {
  retry = { "retry", "retry_policy", "RetryError" },
  rate_limiter = { "rate_limiter" },
  circuit_breaker = { "circuit_breaker", "CircuitOpenError" },
  interval = { "interval" },
  hedge = { "hedge" },
  memoize = { "memoize" },
  debounce = { "debounce" },
  throttle = { "throttle" },
  supervisor = { "supervisor", "SupervisorError" },
  progress = { "progress" },
} do
  for _, name in ipairs(names) do lazy[name] = file end
end

local function find(name)
  local file = lazy[name]
  if file == nil then return nil end
  local value = use(file)[name]
  rawset(patterns, name, value)
  return value
end

return setmetatable(patterns, {
  __name = "patterns",
  __index = function(_, name) return find(name) end,
  __pairs = function()
    for name in next, lazy do find(name) end
    return next, patterns, nil
  end,
})
