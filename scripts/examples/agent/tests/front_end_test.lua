-- What the user sees, and what lines and Ctrl-C do. The agent behind it is one that counts.
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../?.lua;" .. package.path

local t = require "neap.test"
local events = require "agent.events"
local FrontEnd = require "agent.front_end"
local Printer = require "agent.printer"
local Sessions = require("agent.session").Sessions
local expect = t.expect

-- A turn takes as many seconds as its text says, a word in each; "stubborn" takes 5 to be
-- cancelled.
local runner = {
  turn = events.stream(function(out, _, session, text)
    local held <close> = session.lock:acquire()
    out:put(events.begin(text))
    if text == "stubborn" then
      local _, err = async.catch(async.sleep, 60)
      async.sleep(5)
      error(err, 0)
    end
    for i = 1, tonumber(text) do
      async.sleep(1)
      out:put(events.text(i .. " "))
    end
    out:put(events.done("end"))
  end),
}

local screen, front_end, keys, task

local function start(options)
  options = options or {}
  screen, keys = "", async.Queue()
  local function show(text) screen = screen .. text end
  local terminal = not options.pipe
  options.runner, options.sessions, options.terminal = runner, Sessions.new(), terminal
  options.printer = Printer.new { out = show, log = show, echo = not terminal }
  options.input = {
    read = function()
      local ok, line = pcall(keys.get, keys)
      return ok and line or nil
    end,
  }
  front_end = FrontEnd.new(options)
  task = async.spawn(front_end.run, front_end)
  async.sleep(0.01)
end

local function say(...)
  for _, line in ipairs { ... } do keys:put(line) end
end

local function finish()
  keys:shutdown()
  await(task)
  return screen
end

local function test(name, fn) t.test(name, { clock = "virtual" }, fn) end

test("the prompt is there when nothing goes on", function()
  start()
  expect(screen):to_be("> ")
  say("2")
  async.sleep(1.5)
  expect(screen):to_be("> 1 ")
  async.sleep(1)
  expect(screen):to_be("> 1 2 \n> ")
  say("", "/help")
  async.sleep(0.1)
  expect(screen):to_match("^> 1 2 \n> > .*Ctrl%-C")
  expect(finish()):to_match("> \n$")
end)

test("lines that come together are turns one after the other", function()
  start { pipe = true }
  say("2", "1")
  expect(finish()):to_be("> 2\n1 2 \n> 1\n1 \n")
end)

test("sessions speak at the same time, each in lines of its own", function()
  start { pipe = true }
  say("@a 3", "@b 2", "@b 1")
  expect(finish()):to_be("[a] > 3\n[b] > 2\n[a] 1 2 3 \n[b] 1 2 \n[b] > 1\n[b] 1 \n")
end)

test("@NAME makes it the current session", function()
  start()
  say("@a")
  async.sleep(0.1)
  expect(screen):to_be("> a> ")
  say("1")
  expect(finish()):to_be("> a> [a] 1 \n")
end)

test("no more turns are under way than there may be", function()
  start { pipe = true, at_once = 2 }
  say("@a 2", "@b 2", "@c 2")
  async.sleep(1)
  expect(keys:qsize()):to_be(1)
  expect(screen).never:to_contain("[c]")
  expect(finish()):to_contain("[c] 1 2")
end)

test("lines that are no turns take no place", function()
  start { pipe = true, at_once = 2 }
  say("", "/tools?", "@a", "/sessions", " ", "1")
  expect(finish()):to_match("%[a%] 1 \n$")
end)

test("Ctrl-C cancels what goes on and what waits, and the next line is a turn again", function()
  start()
  say("60", "60", "@b 60")
  async.sleep(1.5)
  expect(front_end:interrupt()):to_be(true)
  async.sleep(0.1)
  expect(select(2, screen:gsub("%(cancelled%)", ""))):to_be(3)
  expect(screen):to_match("> $")
  say("1")
  async.sleep(1.5)
  expect(screen):to_match("> %[main%] 1 \n> $")
  finish()
end)

test("Ctrl-C at the prompt means the end", function()
  start()
  expect(front_end:interrupt()):to_be(false)
  expect(screen):to_be("> \n")
  finish()
end)

test("Ctrl-C means the end when the one before is still being cleaned up", function()
  start()
  say("stubborn")
  async.sleep(1)
  expect(front_end:interrupt()):to_be(true)
  async.sleep(1)
  expect(front_end:interrupt()):to_be(false)
  finish()
end)

test("Ctrl-C cancels a turn that began after the one before it was cancelled", function()
  start()
  say("stubborn")
  async.sleep(1)
  front_end:interrupt()
  say("@b 60")
  async.sleep(1)
  expect(front_end:interrupt()):to_be(true)
  finish()
end)

test("a message for standard error comes between lines, and the prompt behind it", function()
  start()
  front_end:report("one")
  expect(screen):to_be("> \r\27[Kone\n> ")
  say("2")
  async.sleep(1.5)
  front_end:report("two")
  expect(finish()):to_contain("1 2 \ntwo\n")
end)

test("cancelled, it cancels the turns", function()
  start()
  say("60")
  async.sleep(1)
  task:cancel()
  async.wait { task }
  expect(task:cancelled()):to_be(true)
  expect(screen):to_contain("(cancelled)")
end)

test("what several say in turns keeps its order, and its lines whole", function()
  screen = ""
  local printer = Printer.new { out = function(text) screen = screen .. text end }
  printer.log = printer.out
  for _, said in ipairs { "a 1", "b 2\n", "c 3", "b 4", "a 5\n", "b 6\n", "c 7\n" } do
    printer:say(said:sub(1, 1), said:sub(3))
    if said == "c 3" then printer:report("log") end
  end
  expect(screen):to_be("15\n2\n37\nlog\n46\n")
end)

test("control characters of models, tools and users are not shown", function()
  local printer = Printer.new { out = function(text) screen = screen .. text end, echo = true }
  screen = ""
  printer:show("s", events.begin("a\27[2J"))
  printer:show("s", events.text("b\27]0;title\7"))
  local call = { name = "tool", arguments = { text = "\27[1mx", list = { 1 } } }
  printer:show("s", events.tool_call(call))
  printer:show("s", events.tool_result(call, { text = "first\nsecond\r\n" .. ("x"):rep(200) }))
  expect(screen):to_be("> a[2J\nb]0;title\n  -> tool(list=[1], text=[1mx)\n  <- tool: first second "
    .. ("x"):rep(87) .. "...\n")
end)
