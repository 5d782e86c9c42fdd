-- Request ids: a ContextVar holds the id of the request, and every line of the log has it, in
-- whatever function and task it is written, without an argument that is handed through.
-- Use it for what belongs to a request and not to the calls: ids, the user, the deadline. A task
-- starts with a copy of the context in which it is made.
-- asyncio: contextvars.ContextVar, and a logging filter.
local request_id = async.ContextVar("request_id", "-")

local function log(format, ...) print(("[%s] "):format(request_id:get()) .. format:format(...)) end

-- Deep down nobody knows of requests.
local function query(text)
  log("query: %s", text)
  async.sleep(0.1)
  return #text
end

local function handle(path)
  log("begins: %s", path)
  -- Tasks that it makes have the same id.
  local sizes = async.gather(
    function() return query("user of " .. path) end,
    function() return query("rows of " .. path) end
  )
  log("ends: %d", sizes[1] + sizes[2])
end

-- A middleware: gives each request its id, and takes it back behind it, after an error too.
local last = 0
local function with_request_id(handler)
  return function(...)
    last = last + 1
    local token = request_id:set(("r%d"):format(last))
    local _ <close> = setmetatable({}, { __close = function() request_id:reset(token) end })
    return handler(...)
  end
end

local serve = with_request_id(handle)
async.map({ "/a", "/b" }, serve) -- two at once, each in a task of its own: they do not mix

serve("/c") -- in this task: the id is taken back
log("no request")

-- What shall not belong to the request is made in a context from before it.
local outside = async.copy_context()
local function start_cleaner()
  return async.create_task(function() log("cleaning, for nobody in particular") end,
    { context = outside })
end
await(with_request_id(start_cleaner)())

--[[ prints:
[r1] begins: /a
[r2] begins: /b
[r1] query: user of /a
[r1] query: rows of /a
[r2] query: user of /b
[r2] query: rows of /b
[r1] ends: 20
[r2] ends: 20
[r3] begins: /c
[r3] query: user of /c
[r3] query: rows of /c
[r3] ends: 20
[-] no request
[-] cleaning, for nobody in particular
]]
