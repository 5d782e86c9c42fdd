local real = { clock = "real" }

local function send(signal) async.subprocess.run(("kill -%s $PPID"):format(signal)) end

test("a handler is called from the loop, with its arguments, each time the signal comes", function()
  local loop, got, came = async.get_running_loop(), {}, async.Event()
  loop:add_signal_handler("SIGUSR1", function(...)
    got[#got + 1] = { ... }
    came:set()
  end, "a", 2)
  for _ = 1, 2 do
    send("USR1")
    came:wait()
    came:clear()
  end
  equal(got, { { "a", 2 }, { "a", 2 } })
  equal({ loop:remove_signal_handler("USR1"), loop:remove_signal_handler("SIGUSR1") }, { true, false })
end)

test("a second handler takes the place of the first", function()
  local loop, got = async.get_running_loop(), async.Queue()
  loop:add_signal_handler("SIGUSR1", got.put_nowait, got, "first")
  loop:add_signal_handler(10, got.put_nowait, got, "second")
  send("USR1")
  equal(got:get(), "second")
  equal(got:qsize(), 0)
  loop:remove_signal_handler("SIGUSR1")
end)

test("an error in a handler is reported, and the next signal is handled", function()
  local loop, list, count, came = async.get_running_loop(), reports(), 0, async.Event()
  loop:add_signal_handler("SIGUSR1", function()
    count = count + 1
    came:set()
    error("boom")
  end)
  for _ = 1, 2 do
    send("USR1")
    came:wait()
    came:clear()
  end
  async.sleep(0)
  loop:remove_signal_handler("SIGUSR1")
  equal({ count, #list }, { 2, 2 })
  check(tostring(list[1].exception):find("boom"))
end)

test("a handler runs in a copy of the context in which it was set", function()
  local loop, var, got = async.get_running_loop(), async.ContextVar("var"), async.Queue()
  var:set("set")
  loop:add_signal_handler("SIGUSR1", function() got:put_nowait(var:get()) end)
  var:set("later")
  send("USR1")
  equal(got:get(), "set")
  loop:remove_signal_handler("SIGUSR1")
end)

test("signals iterates over names as they arrive, until the loop is left", function()
  local sender = async.spawn(function()
    send("HUP")
    send("TERM")
  end)
  local got = {}
  for name in async.signals { "SIGTERM", "SIGHUP" } do
    got[#got + 1] = name
    if #got == 2 then break end
  end
  table.sort(got)
  equal(got, { "SIGHUP", "SIGTERM" })
  await(sender)
end)

test("what arrives before the loop waits is not lost", function()
  local signals <close> = async.signals { "SIGUSR2" }
  send("USR2")
  send("0")
  equal(signals(), "SIGUSR2")
end)

test("close ends a loop that waits", function()
  local signals = async.signals { "SIGUSR2" }
  local task = async.spawn(function()
    local count = 0
    for _ in signals:each() do count = count + 1 end
    return count
  end)
  async.sleep(0)
  equal(tostring(signals), "<Signals SIGUSR2>")
  signals:close()
  signals:close()
  equal(await(task), 0)
  equal(tostring(signals), "<Signals closed>")
end)

test("a handler and two iterators all get a signal", function()
  local loop, handled = async.get_running_loop(), async.Event()
  loop:add_signal_handler("SIGUSR2", handled.set, handled)
  local first <close> = async.signals { "SIGUSR2" }
  local second <close> = async.signals { "SIGUSR2", "SIGHUP" }
  send("USR2")
  equal({ first(), second() }, { "SIGUSR2", "SIGUSR2" })
  handled:wait()
  loop:remove_signal_handler("SIGUSR2")
end)

test("waiting for a signal is no deadlock, waiting without one is", real, function()
  local signals = async.signals { "SIGUSR2" }
  local sender = async.spawn(function()
    async.sleep(0.01)
    send("USR2")
  end)
  equal(signals(), "SIGUSR2")
  await(sender)
  signals:close()
  async.sleep(0)
  raises(async.DeadlockError, function() async.Event():wait() end)
end)

test("wrong signals and handlers are errors at the caller's line", function()
  local loop = async.get_running_loop()
  misuse(async.ValueError, loop.add_signal_handler, loop, "SIGNONE", print)
  misuse(async.ValueError, loop.add_signal_handler, loop, 1000, print)
  misuse(async.ValueError, loop.add_signal_handler, loop, -1, print)
  misuse(async.TypeError, loop.add_signal_handler, loop, {}, print)
  misuse(async.TypeError, loop.add_signal_handler, loop, "SIGTERM")
  misuse(async.ValueError, loop.add_signal_handler, loop, "SIGKILL", print)
  misuse(async.ValueError, loop.remove_signal_handler, loop, "SIGNONE")
  misuse(async.TypeError, async.signals, {})
  misuse(async.TypeError, async.signals, "SIGTERM")
  misuse(async.ValueError, async.signals, { "SIGTERM", "SIGKILL" })
end)
