-- open_handles: timers here, files in tests/stdlib/fs/open_handles_test.lua.
local function here() return debug.getinfo(2, "l").currentline end

test("nothing is open to begin with", function()
  equal(async.open_handles(), {})
  equal(async.open_handles { timers = true }, {})
end)

test("with timers, callbacks that are still to come are listed, the next one first", function()
  local loop = async.get_running_loop()
  local function f() end
  local line = here() - 1
  local later, sooner = loop:call_later(3, f), loop:call_at(loop:time() + 1.5, print)
  equal(async.open_handles(), {})
  local list = async.open_handles { timers = true }
  equal(#list, 2)
  equal(list[1], { kind = "timer", description = "timer for a C function, due in 1.500 s" })
  equal(list[2].kind, "timer")
  check(list[2].description:find("^timer for the function at .*open_handles_test.lua:" .. line .. ", due in 3.000 s$"),
    list[2].description)
  later:cancel()
  equal(#async.open_handles { timers = true }, 1)
  sooner:cancel()
  equal(async.open_handles { timers = true }, {})
end)

test("a timer that has fired is not listed, nor are sleeps and timeouts", function()
  local fired = false
  async.get_running_loop():call_later(1, function() fired = true end)
  async.timeout(5, async.sleep, 2)
  check(fired)
  local sleeper = async.spawn(async.sleep, 9)
  async.sleep(0)
  equal(async.open_handles { timers = true }, {})
  await(sleeper)
end)

test("in debug mode a timer has the place where it was set", function()
  local loop = async.get_running_loop()
  loop:set_debug(true)
  local handle, line = loop:call_later(1, print), here()
  loop:set_debug(false)
  local place = async.open_handles { timers = true }[1].place
  check(place:find("open_handles_test.lua:" .. line .. "$"), place)
  handle:cancel()
end)

test("a timer whose callback is a table that can be called is listed too", function()
  local handle = async.get_running_loop():call_later(1, setmetatable({}, { __call = print }))
  equal(#async.open_handles { timers = true }, 1)
  handle:cancel()
end)

test("a hundred thousand timers are listed", function()
  local loop, handles = async.get_running_loop(), {}
  for i = 1, 100000 do handles[i] = loop:call_later(i * 7919 % 50021 + 1, print) end
  local list = async.open_handles { timers = true }
  equal(#list, 100000)
  equal(list[1].description, "timer for a C function, due in 1.000 s")
  for _, handle in ipairs(handles) do handle:cancel() end
end)

test("wrong options are refused", function()
  misuse(async.TypeError, async.open_handles, true)
  misuse(async.TypeError, async.open_handles, { timer = true })
end)

test("asking leaves the collector as it was", function()
  async.open_handles()
  check(collectgarbage("isrunning"))
  collectgarbage("stop")
  async.open_handles()
  check(not collectgarbage("isrunning"))
  collectgarbage("restart")
end)
