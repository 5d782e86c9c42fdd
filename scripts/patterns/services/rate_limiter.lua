-- A rate limiter: so many calls in so much time, whoever makes them. A bucket of tokens fills at a
-- steady rate; each call takes one, and waits when there is none.
-- Use it in front of a service that counts requests. It bounds how many calls begin; how many run
-- at once is a Semaphore's business, and often both are needed.
-- asyncio: by hand as well, or a package such as aiolimiter.
local loop = async.get_running_loop()
local begun = loop:time()

local RateLimiter = {}
RateLimiter.__index = RateLimiter

-- `rate` calls a second; up to `burst` at once after a pause.
function RateLimiter.new(rate, burst)
  return setmetatable({
    rate = rate, burst = burst, tokens = burst, updated = loop:time(), line = async.Lock(),
  }, RateLimiter)
end

function RateLimiter:refill()
  local now = loop:time()
  self.tokens = math.min(self.burst, self.tokens + (now - self.updated) * self.rate)
  self.updated = now
end

function RateLimiter:acquire()
  -- The lock is the line: locks serve who came first. A cancelled wait has taken no token.
  local place <close> = self.line:acquire()
  self:refill()
  if self.tokens < 1 then
    async.sleep((1 - self.tokens) / self.rate)
    self:refill()
  end
  self.tokens = self.tokens - 1
end

-- Answers at once: for who would rather refuse than wait ("429 Too Many Requests").
function RateLimiter:try_acquire()
  self:refill()
  if self.line:locked() or self.tokens < 1 then return false end
  self.tokens = self.tokens - 1
  return true
end

local limiter = RateLimiter.new(5, 2)
local times = async.map({ 1, 2, 3, 4, 5, 6 }, function()
  limiter:acquire()
  return ("%.1f"):format(loop:time() - begun)
end)
print("5 a second, 2 at once: began at " .. table.concat(times, " "))

async.sleep(1) -- a pause fills the bucket, and no more than that
local taken = 0
while limiter:try_acquire() do taken = taken + 1 end
print("at once after a pause:", taken)

-- One that does not want to wait long says so; the others lose nothing by it.
print(async.move_on_after(0.1, limiter.acquire, limiter))
local again = loop:time()
limiter:acquire()
print(("waited %.1f s"):format(loop:time() - again))

-- Ready-made, for several tokens at a time, and strict where a quota is counted so.
local ready = require("neap.patterns").rate_limiter { rate = 5, burst = 2 }
begun = loop:time()
for _ = 1, 4 do ready:acquire() end
print(("four of them took %.1f s"):format(loop:time() - begun))
print("another one at once:", ready:try_acquire())

--[[ prints:
5 a second, 2 at once: began at 0.0 0.0 0.2 0.4 0.6 0.8
at once after a pause:	2
false
waited 0.1 s
four of them took 0.4 s
another one at once:	false
]]
