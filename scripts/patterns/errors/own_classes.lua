-- Error classes of one's own: a small tree of them, by which callers tell what they can handle.
-- Use it for what a caller may want to do something about: try again, ask another server, tell the
-- user. One base class for each library lets callers catch all that comes from it.
-- asyncio: class ApiError(Exception).
local try, except = async.try, async.except

local ApiError = async.class("ApiError") -- derived from async.Error
local RateLimited = async.class("RateLimited", ApiError)
local NotFound = async.class("NotFound", ApiError)

-- Methods and fields of the class are those of its errors.
function RateLimited:advice() return ("wait %g seconds"):format(self.retry_after) end
ApiError.temporary = false
RateLimited.temporary = true

local function call(path)
  async.sleep(0.2)
  if path == "/busy" then error(RateLimited("too many requests", { retry_after = 1.5 })) end
  if path == "/nowhere" then error(NotFound("nothing there", { path = path })) end
  if path == "/broken" then error(ApiError("the server has a problem")) end
  return "200 " .. path
end

for _, path in ipairs { "/", "/busy", "/nowhere", "/broken" } do
  print(try(
    function() return call(path) end,
    except(RateLimited, function(e) return e:advice() end),
    except(NotFound, function(e) return "no such page: " .. e.path end),
    -- whatever else this library raises
    except(ApiError, function(e) return "gave up: " .. e.message end)
  ))
end

-- With pcall the same questions are asked by hand.
local ok, err = pcall(call, "/busy")
print(ok, err, async.is(err, ApiError), err.temporary)

--[[ prints:
200 /
wait 1.5 seconds
no such page: /nowhere
gave up: the server has a problem
false	RateLimited: too many requests	true	true
]]
