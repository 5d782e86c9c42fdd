-- The context of a task: values that follow the work, such as a request's id, without being passed.
-- A task starts with a copy of its maker's values: what it sets is seen by the tasks that it makes,
-- and by nobody else. Use it for what every line of a log should carry; use arguments for all that
-- a function really works with.
-- asyncio: contextvars.ContextVar, copy_context, create_task(context=).

local request = async.ContextVar("request", "-")

local function log(text) print(("[%s] %s"):format(request:get(), text)) end

local function query(table_name)               -- knows nothing of requests; its log does
  log("query of " .. table_name)
  async.sleep(0.1)
end

local function handle(id)
  request:set(id)
  log("begins")
  async.gather(function() query("users") end, function() query("orders") end)
  log("ends")
end

async.gather(function() handle("r1") end, function() handle("r2") end)
log("outside nothing has changed")

-- For a part of a task: set, and reset with the token.
local token = request:set("startup")
log("in between")
request:reset(token)

-- A context can be kept, looked at and used again.
local context = async.copy_context()
context:run(function() request:set("admin") end)
print(context:get(request), request:get())
await(async.create_task(function() log("a task in that context") end, { context = context }))

-- A task that runs in a context which its maker keeps: what it has set can be read afterwards.
await(async.create_task(function() request:set("set by the task") end, { context = context }))
print(context:get(request))

--[[ prints:
[r1] begins
[r2] begins
[r1] query of users
[r1] query of orders
[r2] query of users
[r2] query of orders
[r1] ends
[r2] ends
[-] outside nothing has changed
[startup] in between
admin	-
[admin] a task in that context
set by the task
]]
