-- How long to wait before something is tried again.
local _, use = ...

local arguments = use("arguments")
local kinds = arguments.kinds

-- The options by which a delay is described; retry and supervisor have them.
local spec = {
  delay = { kinds.by_type({ ["function"] = kinds.callable }, kinds.seconds { from = 0 }), 0.1 },
  factor = { kinds.number({ from = 1 }, "a number"), 2 },
  max_delay = { kinds.seconds { from = 0, forever = true }, 30 },
  jitter = { kinds.by_type({ number = kinds.seconds { from = 0 } },
    kinds.one_of("full", "equal", "decorrelated", "none")), "full" },
  random = { kinds.callable, math.random },
}

local jitters = {
  none = function(_, delay) return delay end,
  full = function(policy, delay) return policy.random() * delay end,
  equal = function(policy, delay) return delay / 2 + policy.random() * delay / 2 end,
}

-- Each delay is drawn between the first one and three times the one before.
local function decorrelated(policy, previous)
  local low = policy.delay
  local high = math.max(low, 3 * (previous or low))
  return math.min(policy.max_delay, low + policy.random() * (high - low))
end

-- delay(policy, number, previous, err): the seconds after the attempt of that number (from 1 on),
-- which failed by `err`; `previous` is what this gave for the one before.
local function delay(policy, number, previous, err)
  if type(policy.delay) ~= "number" then
    local seconds = arguments.check(policy.delay(number, err), kinds.seconds { from = 0 },
      "what the function 'delay' returned", 1)
    return math.min(seconds, policy.max_delay)
  end
  if policy.jitter == "decorrelated" then return decorrelated(policy, previous) end
  -- 0 times what has grown to infinity would be no number.
  local grown = policy.delay == 0 and 0 or policy.delay * policy.factor ^ (number - 1)
  local plain = math.min(policy.max_delay, grown)
  if type(policy.jitter) == "number" then return plain + policy.random() * policy.jitter end
  return jitters[policy.jitter](policy, plain)
end

return { spec = spec, delay = delay }
