-- An instance of each class of stdlib/signal/signal.d.lua, for tests/stdlib/stubs_test.lua.
return {
  Signals = function(visit)
    local signals <close> = async.signals { "SIGUSR2" }
    visit(signals)
  end,
}
