-- An instance of each class of stdlib/test/test.d.lua, for tests/stdlib/stubs_test.lua.
return {
  Expectation = function(visit) visit(neap.test.expect(1)) end,
  Clock = function(visit) visit(neap.test.clock()) end,
}
