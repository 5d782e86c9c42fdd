-- rate_limiter: so many per time, in the order in which they ask.
--
-- Who acquires waits for his turn, a lock, and then, holding it, until there is enough; what he
-- takes he takes in one step after that. So nobody overtakes, and one who is cancelled has taken
-- nothing.
--
-- A bucket fills at a steady rate up to `burst`. It is known by `full_at`, the time when it will be
-- full again: nothing need be done while time goes by, and no rounding errors add up. A strict
-- limiter keeps the times of the last ones.
local _, use = ...

local async = use("async/init")
local arguments = use("arguments")
local checked = use("async/checked").checked
local kinds = arguments.kinds
local ValueError = async.ValueError

local SLACK = 1e-9 -- seconds: clocks are no finer

local RateLimiter = { __name = "RateLimiter" }
RateLimiter.__index = RateLimiter

local function now()
  return async.get_running_loop():time()
end

local Bucket = {}
Bucket.__index = Bucket

-- When n can be taken at the earliest.
function Bucket:ready_at(n)
  return self.full_at - (self.burst - n) * self.interval
end

function Bucket:take(n, time)
  self.full_at = math.max(self.full_at, time) + n * self.interval
end

function Bucket:available(time)
  return math.min(self.burst, self.burst - (self.full_at - time) / self.interval)
end

local Window = {}
Window.__index = Window

-- Forgets what was taken a whole period ago.
local function expire(window, time)
  while window.first <= window.last and window[window.first].time <= time - window.per + SLACK do
    window.taken = window.taken - window[window.first].n
    window[window.first] = nil
    window.first = window.first + 1
  end
end

function Window:ready_at(n)
  expire(self, now())
  local free, at = self.burst - self.taken, -math.huge
  for i = self.first, self.last do
    if free >= n then break end
    free, at = free + self[i].n, self[i].time + self.per
  end
  return at
end

function Window:take(n, time)
  self.last = self.last + 1
  self[self.last] = { time = time, n = n }
  self.taken = self.taken + n
end

function Window:available(time)
  expire(self, time)
  return self.burst - self.taken
end

local function check_amount(limiter, n, what)
  if n == nil then return 1 end
  n = arguments.check(n, kinds.number({ above = 0 }, "a number"), "argument 1 of " .. what, 3)
  if n > limiter.store.burst then
    error(ValueError(("argument 1 of %s must be at most %s, which is all that the limiter ever"
      .. " holds (burst), got %s"):format(what, limiter.store.burst, n)), 3)
  end
  return n
end

-- acquire(n): waits until n (1) can be taken, and takes them. Returns the limiter.
function RateLimiter:acquire(n)
  n = check_amount(self, n, "acquire")
  local turn <close> = self.turn:acquire()
  local store = self.store
  while true do
    local time = now()
    local wait = store:ready_at(n) - time
    if wait <= SLACK then
      store:take(n, time)
      return self
    end
    async.sleep(wait)
  end
end

-- try_acquire(n): takes n when they are there and nobody waits: true; otherwise false. Never waits.
function RateLimiter:try_acquire(n)
  n = check_amount(self, n, "try_acquire")
  local time = now()
  if self.turn:locked() or self.store:ready_at(n) - time > SLACK then return false end
  self.store:take(n, time)
  return true
end

-- available(): how many could be taken now, if nobody waited.
function RateLimiter:available()
  return self.store:available(now())
end

-- waiting(): how many tasks wait in acquire.
function RateLimiter:waiting()
  if not self.turn:locked() then return 0 end
  return 1 + math.tointeger(tostring(self.turn):match("waiting=(%d+)"))
end

checked(RateLimiter, RateLimiter)

-- What is taken is not given back: a limiter as a context manager takes one on entering.
RateLimiter.__enter = RateLimiter.acquire
function RateLimiter.__close() end

function RateLimiter:__tostring()
  return ("<RateLimiter %s per %s%s available=%.4g waiting=%d>"):format(self.rate,
    arguments.duration(self.per), self.strict and " strict" or "", self:available(), self:waiting())
end

local spec = {
  rate = { kinds.number({ above = 0 }, "a number") },
  per = { kinds.seconds { above = 0 }, 1 },
  burst = { kinds.number({ from = 1 }, "a number") },
  strict = { kinds.flag, false },
}

local function store_of(read)
  if read.strict then
    local window = { burst = read.rate, per = read.per, first = 1, last = 0, taken = 0 }
    return setmetatable(window, Window)
  end
  local burst = read.burst or math.max(1, read.rate)
  local bucket = { burst = burst, interval = read.per / read.rate, full_at = -math.huge }
  return setmetatable(bucket, Bucket)
end

-- rate_limiter{rate=, per=1, burst=rate, strict=false}
local function rate_limiter(options)
  local read = arguments.options(options, spec, "rate_limiter", 2)
  if read.rate == nil then
    error(async.TypeError("rate_limiter needs the option 'rate', how many in `per` seconds (1)"), 2)
  end
  if read.strict and read.burst then
    error(ValueError("rate_limiter with strict = true has no burst: it lets through at most `rate`"
      .. " in any `per` seconds"), 2)
  end
  if read.strict and (read.rate < 1) then
    error(ValueError(("the option 'rate' of a strict rate_limiter must be 1 or more, got %s;"
      .. " make `per` longer"):format(read.rate)), 2)
  end
  return setmetatable({ rate = read.rate, per = read.per, strict = read.strict,
    store = store_of(read), turn = async.Lock() }, RateLimiter)
end

return { rate_limiter = rate_limiter }
