-- A deadline: a point in time that is handed down from call to call, so that all of them together
-- end by then.
-- Use it where a request passes through layers or several services: each gets what is left, and
-- nothing adds up. For a limit that begins anew with each call see per_operation.lua.
-- asyncio: timeout_at(when), with when = loop.time() + seconds.
local loop = async.get_running_loop()

local function query(name, seconds)
  return async.sleep(seconds, "rows of " .. name)
end

-- Each layer gets the deadline, not a number of seconds.
local function load_user(deadline)
  print(("user: %.1f s left"):format(deadline - loop:time()))
  return async.timeout_at(deadline, query, "user", 0.2)
end

local function load_orders(deadline, seconds)
  print(("orders: %.1f s left"):format(deadline - loop:time()))
  return async.timeout_at(deadline, query, "orders", seconds)
end

local function handle(orders_seconds)
  local begun = loop:time()
  local deadline = begun + 0.6
  local ok, result = pcall(function()
    local user = load_user(deadline)
    async.sleep(0.1) -- work of our own counts as well
    return user .. ", " .. load_orders(deadline, orders_seconds)
  end)
  print(("%.1f s:"):format(loop:time() - begun), ok, result)
end

handle(0.2)
handle(60)

-- A ContextVar carries a deadline without an argument, through tasks too.
local deadline = async.ContextVar("deadline", math.huge)
local function limited(fn, ...) return async.timeout_at(deadline:get(), fn, ...) end

local function request()
  deadline:set(loop:time() + 0.4)
  return async.gather(
    function() return limited(query, "a", 0.2) end,
    function() return limited(query, "b", 60) end
  )
end
print(pcall(await, async.spawn(request)))
print(deadline:get()) -- what was set in the task's context is its own

--[[ prints:
user: 0.6 s left
orders: 0.3 s left
0.5 s:	true	rows of user, rows of orders
user: 0.6 s left
orders: 0.3 s left
0.6 s:	false	TimeoutError: the deadline has passed
false	TimeoutError: the deadline has passed
inf
]]
