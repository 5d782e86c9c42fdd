-- The test module: test(name, fn) and what a test needs. `neap test` runs the files; a file that is run as a script
-- runs its own tests when it has ended.
local core, use = ...

local collect, expect = use("collect"), use("expect")

local test = {
  describe = collect.describe,
  skip = collect.skip,
  only = collect.only,
  expect = expect.expect,
  raises = expect.raises,
  clock = use("clock").clock,
  explore = use("explore").explore,
  AssertionError = use("assertion").AssertionError,
}
for name, fn in pairs(collect.declare) do test[name] = fn end
test.test = test

collect.on_implicit(function()
  core.at_end(function() use("script")() end)
  return collect.begin(arg and arg[0] or "?")
end)

return setmetatable(test, {
  __name = "test",
  __call = function(_, ...) return collect.test(...) end,
})
