-- How often, and how many at once, something may be asked: a provider of tools, or of a model.
--
--   local limit = RateLimit.new { at_once = 4, rate = 10, burst = 20 }
--   limit:run(fetch, url)        -- waits for its turn, and returns what fetch(url) returned
--
-- `at_once`: calls that run at the same time. `rate`, `per`, `burst`: how many may begin in a time,
-- as neap.patterns.rate_limiter has it. What is left out is not limited. Who waits first is served
-- first, and who is cancelled while he waits has taken nothing.
local patterns = require "neap.patterns"

local RateLimit = {}
RateLimit.__index = RateLimit

function RateLimit.new(options)
  return setmetatable({
    places = options.at_once and async.Semaphore(options.at_once),
    pace = options.rate
      and patterns.rate_limiter { rate = options.rate, per = options.per, burst = options.burst },
  }, RateLimit)
end

-- The place comes first: who has one begins as soon as the pace allows it, and nobody uses up the
-- pace to wait for a place.
function RateLimit:run(fn, ...)
  local place <close> = self.places and self.places:acquire() or nil
  if self.pace then self.pace:acquire() end
  return fn(...)
end

return RateLimit
