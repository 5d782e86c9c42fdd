-- clock: the virtual clock in the test that runs.
local core, use = ...

local native = use("async/native")
local errors = native.errors
local collect = use("collect")

local SETTLED = 1000 -- turns after which tasks that never wait are left to themselves
local GRAINS = 1e5   -- of a second, to which times are rounded
local SLACK = 1e-6   -- seconds: every sleep ends some nanoseconds late, never early

local Clock = { __name = "Clock" }
Clock.__index = Clock

local function exact_time(clock) return native.loop_methods.time() - clock.start end

-- time(): seconds since the clock was made, to a hundred-thousandth.
function Clock:time()
  return math.floor(exact_time(self) * GRAINS + 0.5) / GRAINS
end

-- advance(seconds): everything that is due until then happens, each at its time.
function Clock:advance(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0) or seconds == math.huge then
    error(errors.ValueError("advance takes a number of seconds, got " .. tostring(seconds)), 2)
  end
  native.sleep(self:time() + seconds + SLACK - exact_time(self))
  for _ = 1, SETTLED do
    native.sleep(0)
    if core.idle() then return end
  end
end

Clock.__tostring = function(clock) return ("<Clock at %g s>"):format(clock:time()) end

-- clock(): from here on the test runs under the virtual clock, which jumps to the next timer when everything waits.
local function clock()
  if not core.is_virtual() then
    if not collect.current() then error(errors.RuntimeError("clock is called in a test"), 2) end
    native.set_virtual_clock(true)
  end
  return setmetatable({ start = native.loop_methods.time() }, Clock)
end

return { clock = clock }
