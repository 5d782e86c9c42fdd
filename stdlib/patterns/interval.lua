-- interval: ticks at a steady pace. Each is due at a multiple of the period after the start, so
-- that the time which the body of the loop takes, and which timers are late, does not add up.
local _, use = ...

local async = use("async/init")
local arguments = use("arguments")
local checked = use("async/checked").checked
local kinds, duration = arguments.kinds, arguments.duration

local Interval = { __name = "Interval" }
Interval.__index = Interval

local function now()
  return async.get_running_loop():time()
end

local function due(interval, number)
  return interval.start + (number - interval.base) * interval.seconds
end

-- How to go on after a tick that comes late, by the option `missed`: the number of the tick that is
-- given now.
local missed = {
  -- The latest that was due; those before it are left out.
  skip = function(interval, number, time)
    return math.max(number, interval.base + math.floor((time - interval.start) / interval.seconds))
  end,
  -- One after the other, without a pause, until they are made up for.
  burst = function(_, number) return number end,
  -- From now on everything is later.
  delay = function(interval, number, time)
    interval.start, interval.base = time, number
    return number
  end,
}

-- The next tick: waits until it is due, and gives its number.
function Interval:next()
  local number = self.number + 1
  local time = now()
  local left = due(self, number) - time
  if left >= 0 then
    async.sleep(left)
  else
    async.sleep(0)
    number = missed[self.missed](self, number, time)
  end
  self.number = number
  return number
end

-- reset(): the next tick is due one period from now.
function Interval:reset()
  self.start, self.base = now(), self.number
end

checked(Interval, Interval)

Interval.__call = Interval.next

function Interval:__tostring()
  return ("<Interval every %s ticks=%d next in %s>"):format(duration(self.seconds), self.number,
    duration(math.max(0, due(self, self.number + 1) - now())))
end

local spec = {
  missed = { kinds.one_of("skip", "burst", "delay"), "skip" },
  immediate = { kinds.flag, false },
}

-- interval(seconds, {missed="skip", immediate=false}): for tick in interval(1) do ... end
local function interval(seconds, options)
  seconds = arguments.check(seconds, kinds.seconds { above = 0 }, "argument 1 of interval", 2)
  local read = arguments.options(options, spec, "interval", 2)
  return setmetatable({ seconds = seconds, missed = read.missed, number = 0,
    base = read.immediate and 1 or 0, start = now() }, Interval)
end

return { interval = interval }
