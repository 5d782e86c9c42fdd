-- An instance of each class of stdlib/process/process.d.lua, for tests/stdlib/stubs_test.lua.
return {
  Process = function(visit)
    local PIPE = async.subprocess.PIPE
    local process <close> = async.create_subprocess_exec("cat", { stdin = PIPE, stdout = PIPE, stderr = PIPE })
    process:communicate()
    visit(process)
  end,
}
