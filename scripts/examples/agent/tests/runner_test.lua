package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../?.lua;" .. package.path

local t = require "neap.test"
local callbacks = require "agent.callbacks"
local Runner = require "agent.runner"
local script_model = require "agent.script_model"
local Session = require("agent.session").Session
local Tools = require "agent.tools"
local describe, expect = t.describe, t.expect

local function test(name, fn) t.test(name, { clock = "virtual" }, fn) end

-- Tools that take a while: `wait` gives its argument after as many seconds, and `fail` fails.
local function slow_tools(options)
  options = options or {}
  local tools = Tools.new()
  tools:add {
    name = "slow",
    tools = { { name = "wait" }, { name = "fail" } },
    timeout = options.timeout,
    limit = options.limit,
    call = function(name, arguments, on_progress)
      async.sleep(arguments.seconds)
      on_progress(1, 2, "half")
      if name == "fail" then error("it broke", 0) end
      return "waited " .. arguments.seconds
    end,
  }
  return tools
end

local script = {
  {
    when = "both",
    { say = "Both.", calls = { { "wait", { seconds = 2 } }, { "wait", { seconds = 1 } } } },
    { say = "$1, $2" },
  },
  { when = "fail", { calls = { { "fail", { seconds = 1 } } } }, { say = "($1)" } },
  { when = "unknown", { calls = { { "nope" } } }, { say = "($1)" } },
  { when = "overloaded", { say = "Well", fail = "overloaded" } },
  { when = "silence", { pause = 100, say = "..." } },
  { when = "wait (%d+)", { calls = { { "wait", { seconds = "%1" } } } }, { say = "$1" } },
}

local function new_runner(options)
  options = options or {}
  options.model = options.model or script_model.new(script, options.delay or 0)
  options.tools = options.tools or slow_tools()
  return Runner.new(options)
end

-- The events of a turn as texts.
local function collect(runner, session, text)
  local seen = {}
  for event in runner:turn(session, text) do
    local what = event.text or event.reason or event.error or event.message or ""
    local id = event.call and " " .. event.call.id or ""
    seen[#seen + 1] = ("%s%s: %s"):format(event.kind, id, what)
  end
  return seen
end

describe("a turn", function()
  test("shows what happens as it happens, and runs the tools at the same time", function()
    local start = async.get_running_loop():time()
    expect(collect(new_runner(), Session.new("s"), "both")):to_equal {
      "begin: both", "text: Both.", "tool_call call-1: ", "tool_call call-2: ",
      "tool_progress call-2: half", "tool_result call-2: waited 1",
      "tool_progress call-1: half", "tool_result call-1: waited 2",
      "text: waited ", "text: 2, ", "text: waited ", "text: 1", "done: end",
    }
    expect(async.get_running_loop():time() - start):to_be_close_to(2, 1e-6)
  end)

  test("leaves the messages in the order of the calls", function()
    local session = Session.new("s")
    collect(new_runner(), session, "both")
    local roles = {}
    for i, message in ipairs(session.messages) do roles[i] = message.role .. " " .. message.text end
    expect(roles):to_equal {
      "user both", "assistant Both.", "tool waited 2", "tool waited 1",
      "assistant waited 2, waited 1",
    }
  end)

  test("gives the model what goes wrong in a tool", function()
    local runner = new_runner()
    expect(collect(runner, Session.new("s"), "fail")[4]):to_be("tool_result call-1: it broke")
    local seen = collect(runner, Session.new("s"), "unknown")
    expect(seen[3]):to_be("tool_result call-1: there is no tool 'nope'")
  end)

  test("ends a tool that takes too long, and goes on", function()
    local runner = new_runner { tools = slow_tools { timeout = 5 } }
    local seen = collect(runner, Session.new("s"), "wait 60")
    expect(seen[3]):to_be("tool_result call-1: no result within 5 seconds")
    expect(seen[#seen]):to_be("done: end")
  end)

  test("counts the time of a tool from its beginning, not from when it got in line", function()
    local runner = new_runner { tools = slow_tools { timeout = 3, limit = { at_once = 1 } } }
    local seen = collect(runner, Session.new("s"), "both")
    expect(seen[#seen - 1]):to_be("text: 1")
  end)

  test("ends with the error of the model", function()
    local seen = collect(new_runner(), Session.new("s"), "overloaded")
    expect({ seen[3], seen[4] }):to_equal { "error: ModelError: overloaded", "done: error" }
  end)

  test("ends when the model says nothing for too long", function()
    local seen = collect(new_runner { silence = 10 }, Session.new("s"), "silence")
    expect(seen[2]):to_match("said nothing for 10 seconds")
  end)

  test("is not too long because the model speaks slowly", function()
    local runner = new_runner { silence = 10, delay = 9, model = nil }
    local seen = collect(runner, Session.new("s"), "both")
    expect(seen[#seen]):to_be("done: end")
  end)

  test("ends when the model never has enough", function()
    local insatiable = { reply = async.generator(function()
      coroutine.yield { call = { name = "wait", arguments = { seconds = 1 } } }
    end) }
    local seen = collect(new_runner { model = insatiable, rounds = 3 }, Session.new("s"), "x")
    expect(seen[#seen]):to_be("done: too many rounds")
  end)
end)

describe("a session", function()
  test("has its turns one after the other, in the order in which they came", function()
    local runner, session, order = new_runner(), Session.new("s"), {}
    async.map({ "wait 3", "wait 1", "wait 2" }, function(text)
      for event in runner:turn(session, text) do
        local kind = event.kind
        if kind == "begin" or kind == "done" then table.insert(order, kind .. " " .. text) end
      end
    end)
    expect(order):to_equal {
      "begin wait 3", "done wait 3", "begin wait 1", "done wait 1", "begin wait 2", "done wait 2",
    }
  end)

  test("waits for another one where the model has a limit", function()
    local clock, runner = t.clock(), new_runner { limit = { at_once = 1 }, delay = 1 }
    async.gather(
      function() collect(runner, Session.new("a"), "overloaded") end,
      function() collect(runner, Session.new("b"), "overloaded") end)
    expect(clock:time()):to_be_close_to(2, 1e-4)
  end)

  test("does not hold up another one", function()
    local clock, runner = t.clock(), new_runner()
    async.gather(
      function() collect(runner, Session.new("a"), "wait 3") end,
      function() collect(runner, Session.new("b"), "wait 3") end)
    expect(clock:time()):to_be_close_to(3, 1e-4)
  end)
end)

describe("cancelling a turn", function()
  test("stops its tools, answers their calls, and lets the next turn begin", function()
    local runner, session = new_runner(), Session.new("s")
    local first = async.spawn(collect, runner, session, "both")
    async.sleep(1.5)
    first:cancel()
    async.wait { first }
    expect(first:cancelled()):to_be(true)
    expect(session.lock:locked()):to_be(false)
    local answers = { session.messages[3].text, session.messages[4].text }
    expect(answers):to_equal { "cancelled by the user", "waited 1" }
    expect(collect(runner, session, "wait 1")[5]):to_be("text: waited ")
  end)

  test("takes a turn that waits for another out of the line", function()
    local runner, session = new_runner(), Session.new("s")
    local turns = {}
    for i, text in ipairs { "wait 3", "wait 2", "wait 1" } do
      turns[i] = async.spawn(collect, runner, session, text)
    end
    async.sleep(1)
    turns[2]:cancel()
    async.wait(turns)
    expect(turns[2]:cancelled()):to_be(true)
    expect(#session.messages):to_be(8)
  end)

  test("by `break` stops it too", function()
    local runner, session = new_runner(), Session.new("s")
    for event in runner:turn(session, "wait 60") do
      if event.kind == "tool_call" then break end
    end
    expect(session.lock:locked()):to_be(false)
  end)

  t.test("leaves a history that fits together, whenever it comes and in every order", function()
    t.explore(function()
      local session = Session.new("s")
      async.wait { async.spawn(collect, new_runner(), session, "both") }
      local open = 0
      for _, message in ipairs(session.messages) do
        if message.role == "assistant" then open = open + #message.calls end
        if message.role == "tool" then open = open - 1 end
      end
      expect(open):to_be(0)
      expect(session.lock:locked()):to_be(false)
    end, { seeds = 50 })
  end)
end)

describe("callbacks", function()
  local function run(sets, text)
    local session = Session.new("s")
    local runner = new_runner { callbacks = callbacks.new(table.unpack(sets)) }
    return collect(runner, session, text), session
  end

  test("before a tool may forbid it", function()
    local seen = run({ { before_tool = function() error(callbacks.Veto("never")) end } }, "wait 5")
    expect(seen[3]):to_be("tool_result call-1: not allowed: never")
  end)

  test("before a tool may give another result, or change its arguments", function()
    local cache = { before_tool = function() return { text = "from the cache" } end }
    local seen = run({ cache }, "wait 5")
    expect(seen[3]):to_be("tool_result call-1: from the cache")
    seen = run({ { before_tool = function(_, call) call.arguments.seconds = 1 end } }, "wait 5")
    expect(seen[4]):to_be("tool_result call-1: waited 1")
  end)

  test("after a tool may change its result, each what the one before it made of it", function()
    local function add(text)
      return { after_tool = function(_, _, result) return { text = result.text .. text } end }
    end
    expect(run({ add("!"), {}, add("?") }, "wait 5")[4]):to_be("tool_result call-1: waited 5!?")
  end)

  test("before a call of the model may answer in its place, or forbid it", function()
    local seen = run({ { before_model = function() return { text = "canned" } end } }, "wait 5")
    expect(seen):to_equal { "begin: wait 5", "text: canned", "done: end" }
    seen = run({ { before_model = function() error(callbacks.Veto("too late")) end } }, "wait 5")
    expect(seen[2]):to_be("error: Veto: too late")
  end)

  test("after a call of the model may change its reply", function()
    local louder = { after_model = function(_, reply) return { text = reply.text:upper() } end }
    local _, session = run({ louder }, "both")
    expect(session.messages[2].text):to_be("BOTH.")
    expect(#session.messages):to_be(2)
  end)

  test("with another name are refused", function()
    t.raises(async.TypeError, callbacks.new, { before_lunch = print })
  end)
end)

test("two tools of the same name are refused", function()
  local tools = slow_tools()
  local other = { name = "other", tools = { { name = "wait" } }, call = print }
  t.raises(async.ValueError, tools.add, tools, other)
end)
