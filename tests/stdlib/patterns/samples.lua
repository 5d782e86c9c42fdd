-- An instance of each class of stdlib/patterns/patterns.d.lua, for tests/stdlib/stubs_test.lua.
local patterns = require "neap.patterns"

return {
  RetryPolicy = function(visit) visit(patterns.retry_policy()) end,
  RateLimiter = function(visit) visit(patterns.rate_limiter { rate = 1 }) end,
  CircuitBreaker = function(visit) visit(patterns.circuit_breaker()) end,
  Memoized = function(visit) visit(patterns.memoize(print)) end,
  Debounced = function(visit) visit(patterns.debounce(print, 1)) end,
  Throttled = function(visit) visit(patterns.throttle(print, 1)) end,
  Supervisor = function(visit)
    local sup <close> = patterns.supervisor()
    visit(sup)
  end,
  Progress = function(visit)
    local bar <close> = patterns.progress(10)
    visit(bar)
  end,
  Interval = function(visit) visit(patterns.interval(1)) end,
}
