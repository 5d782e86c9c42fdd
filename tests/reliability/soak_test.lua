-- A soak of five seconds; ./dev soak is the long one.
test("five seconds of everything at once leave nothing behind", { clock = "real" }, function()
  if sanitized or not io.open("/proc/self/statm") then return end
  local script = debug.getinfo(1, "S").source:match("^@(.*)_test%.lua$") .. ".lua"
  local result = async.subprocess.run({ neap_binary, script, "--seconds", "5" }, { capture = true, timeout = 200 })
  check(result.returncode == 0 and result.stdout:find("\nflat\n$"), result.stdout .. result.stderr)
end)
