-- An instance of each class of stdlib/isolate/isolate.d.lua, for tests/stdlib/stubs_test.lua.
return {
  Isolate = function(visit)
    local box <close> = require("neap.isolate").start { confine = false }
    visit(box)
  end,
}
