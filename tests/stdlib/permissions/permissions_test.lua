local permissions = require "neap.permissions"

test("without a sandbox everything is allowed, and said to be", function()
  equal(permissions.is_sandboxed(), false)
  for _, name in ipairs { "read", "write", "net", "run", "env", "thread", "signal", "native" } do
    equal(permissions.query(name), true)
    equal(permissions.list()[name], true)
  end
  equal(permissions.query("net", "example.org:80"), true)
end)

test("permissions that there are not are named at the caller's line", function()
  local err = misuse(async.ValueError, permissions.query, "reed")
  check(err.message:find("must be read, write, net, run, env, thread, signal or native, got 'reed'", 1, true), err.message)
  misuse(async.TypeError, permissions.query, 1)
  misuse(async.ValueError, permissions.query, "code")
  misuse(async.ValueError, permissions.revoke, "code")
  misuse(async.ValueError, permissions.revoke, nil)
  misuse(async.ValueError, permissions.narrow, { reed = false })
end)

test("values that there cannot be are named at the caller's line", function()
  local err = misuse(async.ValueError, permissions.query, "net", "host:70000")
  check(err.message:find("'host:70000' has no port from 0 to 65535", 1, true), err.message)
  misuse(async.TypeError, permissions.query, "net", {})
  misuse(async.ValueError, permissions.query, "thread", "x")
  misuse(async.TypeError, permissions.narrow, nil)
  misuse(async.TypeError, permissions.narrow, { read = "x" })
  misuse(async.TypeError, permissions.narrow, { thread = {} })
end)

test("there is nothing to narrow without a sandbox", function()
  local err = raises(async.RuntimeError, permissions.narrow, { net = false })
  check(err.message:find("neap --sandbox", 1, true), err.message)
  raises(async.RuntimeError, permissions.revoke, "net")
end)
