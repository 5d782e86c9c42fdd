-- try, except and finally: handling an error by its class, as Python's statements do.
-- Use it where several kinds of errors are handled differently, or where cleanup must run in any
-- case. For "did it work?" plain pcall is shorter. Neither catches CancelledError unless it is
-- named: a task that is cancelled goes on to end.
-- asyncio: try / except / finally, which are statements there and functions here.
local try, except, finally = async.try, async.except, async.finally

local function load(name)
  async.sleep(0.1) -- the body may wait, and so may the handlers
  if name == "secret" then error(async.PermissionError("not for you", { path = name })) end
  if name == "gone" then error(async.OSError("no such page", { path = name, code = "ENOENT" })) end
  if name == "typo" then return #name + nil end
  return "text of " .. name
end

local function show(name)
  -- try returns what the body returned, or what the handler did.
  local text = try(
    function() return load(name) end,
    -- the first match wins:
    except(async.PermissionError, function(e) return "refused: " .. e.path end),
    -- a subclass stands before its base
    except(async.OSError, function(e) return "error " .. e.code end),
    -- all else, strings too
    except(function(e) return "a bug: " .. tostring(e):match("attempt.*") end),
    finally(function() print("closed " .. name) end)
  )
  print("  " .. text)
end

for _, name in ipairs { "index", "secret", "gone", "typo" } do show(name) end

-- An error that no clause takes goes on; finally runs on its way out.
local ok, err = pcall(try,
  function() error(async.ValueError("nobody waits for this one")) end,
  except(async.OSError, function() print("never printed") end),
  finally(function() print("finally, before the error goes on") end)
)
print(ok, err)

-- A function's own cleanup is a <close> variable, which needs no try; it runs after errors and
-- cancellations too.
local function with_cleanup()
  local _ <close> = setmetatable({}, { __close = function() print("closed by <close>") end })
  error(async.RuntimeError("oops"))
end
print(pcall(with_cleanup))

--[[ prints:
closed index
  text of index
closed secret
  refused: secret
closed gone
  error ENOENT
closed typo
  a bug: attempt to perform arithmetic on a nil value
finally, before the error goes on
false	ValueError: nobody waits for this one
closed by <close>
false	RuntimeError: oops
]]
