-- How often, and how many at once, something may be asked: a provider of tools, or of a model.
--
--   local limit = RateLimit.new { at_once = 4, per_second = 10, burst = 20 }
--   limit:run(fetch, url)        -- waits for its turn, and returns what fetch(url) returned
--
-- `at_once`: calls that run at the same time. `per_second`: calls that may begin in a second, on
-- average; `burst` (1) of them may begin at once after a pause. What is left out is not limited.
-- Who waits first is served first, and who is cancelled while he waits has taken nothing.
local RateLimit = {}
RateLimit.__index = RateLimit

function RateLimit.new(options)
  local burst = options.burst or 1
  if options.per_second and options.per_second <= 0 then error(async.ValueError("per_second must be above 0"), 2) end
  if burst < 1 then error(async.ValueError("burst must be 1 or more"), 2) end
  return setmetatable({
    at_once = options.at_once,
    permits = options.at_once and async.Semaphore(options.at_once),
    gap = options.per_second and 1 / options.per_second,
    slack = options.per_second and (burst - 1) / options.per_second,
    turn = async.Lock(), -- held by the one who waits for the next beginning; the others queue up behind
    due = -math.huge, -- when a call should begin that keeps the average
  }, RateLimit)
end

-- Waits until a call may begin. `due` moves by one gap for each call, and a call may be ahead of it
-- by the slack: that is the same as a bucket of `burst` tokens into which one falls every gap.
local function wait_for_turn(self)
  if not self.gap then return end
  local held <close> = self.turn:acquire()
  local loop = async.get_running_loop()
  local early = self.due - self.slack - loop:time()
  if early > 0 then async.sleep(early) end
  self.due = math.max(self.due, loop:time()) + self.gap
end

function RateLimit:run(fn, ...)
  local permit <close> = self.permits and self.permits:acquire() or nil
  wait_for_turn(self)
  return fn(...)
end

return RateLimit
