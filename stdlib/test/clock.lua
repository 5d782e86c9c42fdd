-- clock: the virtual clock in the test that runs.
local core, use = ...

local native = use("async/native")
local errors = native.errors
local collect = use("collect")

local SETTLED = 1000 -- turns after which tasks that never wait are left to themselves

local Clock = { __name = "Clock" }
Clock.__index = Clock

-- time(): seconds since the clock was made.
function Clock:time()
  return native.loop_methods.time() - self.start
end

-- advance(seconds): everything that is due until then happens, each at its time.
function Clock:advance(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0) or seconds == math.huge then
    error(errors.ValueError("advance takes a number of seconds, got " .. tostring(seconds)), 2)
  end
  native.sleep(seconds)
  for _ = 1, SETTLED do
    native.sleep(0)
    if core.idle() then return end
  end
end

Clock.__tostring = function(clock) return ("<Clock at %g s>"):format(clock:time()) end

-- clock(): from here on the test runs under the virtual clock, which jumps to the next timer when everything waits.
local function clock()
  if not collect.current() then error(errors.RuntimeError("clock is called in a test"), 2) end
  if not core.is_virtual() then native.set_virtual_clock(true) end
  return setmetatable({ start = native.loop_methods.time() }, Clock)
end

return { clock = clock }
