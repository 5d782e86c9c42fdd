-- What is there now: open handles.
local core, use = ...

local check_options = use("task").check_options

-- open_handles({timers=}): a list of {kind=, description=, place=} of what is open, in the order of opening.
local function open_handles(options)
  return core.open_handles(check_options(options, { timers = true }, "open_handles"))
end

return { open_handles = open_handles }
