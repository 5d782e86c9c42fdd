-- An instance of each class of stdlib/fs/fs.d.lua, for tests/stdlib/stubs_test.lua.
return {
  File = function(visit)
    local file <close> = neap.fs.open("/dev/null")
    visit(file)
  end,
  Watch = function(visit)
    local watch <close> = neap.fs.watch("/tmp")
    visit(watch)
  end,
  TempDir = function(visit)
    local directory <close> = neap.fs.tempdir()
    visit(directory)
  end,
}
