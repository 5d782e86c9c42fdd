package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../?.lua;" .. package.path

local t = require "neap.test"
local json = require "mcp.json"
local rpc = require "mcp.rpc"
local connect = require "tests.pipe"
local describe, expect = t.describe, t.expect

local function test(name, fn) t.test(name, { clock = "virtual" }, fn) end

local function echo_after(_, params)
  async.sleep(params.seconds)
  return { text = params.text }
end

describe("a connection", function()
  local pair
  t.after_each(function() pair.close() end)

  test("gives each request its own answer, in whatever order they come", function()
    pair = connect { request = echo_after }
    local results = async.gather(
      function() return pair.ours:request("echo", { seconds = 2, text = "slow" }).text end,
      function() return pair.ours:request("echo", { seconds = 1, text = "fast" }).text end)
    expect(results):to_equal { "slow", "fast", n = 2 }
    expect(json.decode(pair.to_us[1]).result.text):to_be("fast")
  end)

  test("serves requests in both directions at once", function()
    pair = connect({ request = echo_after }, { request = function() return { text = "ours" } end })
    local results = async.gather(
      function() return pair.ours:request("echo", { seconds = 1, text = "theirs" }).text end,
      function() return pair.theirs:request("ask", {}).text end)
    expect(results):to_equal { "theirs", "ours", n = 2 }
  end)

  test("raises the error that the other side answers, with its code", function()
    pair = connect { request = function() error(rpc.Error("no such thing", { code = -32602 })) end }
    local err = t.raises(rpc.Error, pair.ours.request, pair.ours, "x", {})
    expect(err.code):to_be(rpc.INVALID_PARAMS)
    expect(err.message):to_contain("no such thing")
  end)

  test("answers any other error of a handler as an internal one", function()
    pair = connect { request = function() error("bang", 0) end }
    expect(t.raises("bang", pair.ours.request, pair.ours, "x", {}).code):to_be(rpc.INTERNAL_ERROR)
  end)

  test("tells the other side of a cancellation, and that stops the work there", function()
    local stopped = false
    pair = connect { request = function()
      local _, err = async.catch(async.sleep, 60)
      stopped = async.is(err, async.CancelledError)
      error(err, 0)
    end }
    expect(async.move_on_after(1, pair.ours.request, pair.ours, "slow", {})):to_be(false)
    async.sleep(0.1)
    expect(stopped):to_be(true)
    local notice = json.decode(pair.to_them[2])
    expect(notice.method):to_be("notifications/cancelled")
    expect(notice.params.requestId):to_be(1)
    expect(#pair.to_us):to_be(0)
  end)

  test("does not cancel 'initialize', which the protocol forbids", function()
    pair = connect { request = echo_after }
    async.move_on_after(1, pair.ours.request, pair.ours, "initialize", { seconds = 60 })
    async.sleep(0.1)
    expect(#pair.to_them):to_be(1)
  end)

  test("goes on after a cancellation: other requests get their answers", function()
    pair = connect { request = echo_after }
    local other = async.spawn(pair.ours.request, pair.ours, "echo", { seconds = 3, text = "kept" })
    async.move_on_after(1, pair.ours.request, pair.ours, "echo", { seconds = 5, text = "given up" })
    expect(await(other).text):to_be("kept")
    expect(pair.ours:request("echo", { seconds = 1, text = "later" }).text):to_be("later")
  end)

  test("takes no notice of an answer that comes after the cancellation", function()
    local problems = {}
    local function note(text) table.insert(problems, text) end
    pair = connect({ request = echo_after }, { problem = note })
    async.move_on_after(1, pair.ours.request, pair.ours, "echo", { seconds = 5 })
    pair.raw:write('{"jsonrpc":"2.0","id":1,"result":{}}\n')
    async.sleep(1)
    expect(#problems):to_be(0)
  end)

  test("lets others run between lines that come at once", function()
    local count, woken, seen = 0, async.Event(), nil
    pair = connect({}, { notification = function()
      count = count + 1
      woken:set()
    end })
    local other = async.spawn(function()
      woken:wait()
      seen = count
    end)
    async.sleep(1)
    for _ = 1, 10 do pair.raw:write('{"jsonrpc":"2.0","method":"tick"}\n') end
    await(other)
    expect(seen):to_be_between(1, 3)
  end)

  test("stops serving when the other side closes", function()
    local clock = t.clock()
    pair = connect { request = echo_after }
    local task = async.spawn(pair.ours.request, pair.ours, "echo", { seconds = 60 })
    async.sleep(1)
    pair.close()
    expect(task:exception()):to_be_a(rpc.ClosedError)
    expect(clock:time()):to_be_close_to(1, 1e-4)
  end)

  test("puts messages together of whatever pieces they come in", function()
    local seen = {}
    pair = connect({}, { notification = function(_, params) table.insert(seen, params.n) end })
    local line, text = '{"jsonrpc":"2.0","method":"x","params":{"n":%d}}\n', ""
    for n = 1, 5 do text = text .. line:format(n) end
    for size = 1, 60, 7 do
      for first = 1, #text, size do pair.raw.put(text:sub(first, first + size - 1)) end
      async.sleep(1)
      expect(seen):to_equal { 1, 2, 3, 4, 5 }
      seen = {}
    end
  end)

  test("gives up a message that is too long", function()
    pair = connect { request = function() async.sleep(60) end }
    local task = async.spawn(pair.ours.request, pair.ours, "x", {})
    for _ = 1, 17 do pair.raw.put(("x"):rep(1 << 20)) end
    async.wait { task }
    expect(task:exception().message):to_be(
      "cannot be read from: a message is longer than 16777216 bytes")
  end)

  test("reads null as nothing at all", function()
    pair = connect { request = function() return { cursor = json.null, items = { 1 } } end }
    expect(pair.ours:request("list", {})):to_equal { items = { 1 } }
  end)

  test("reports what it cannot understand, and goes on", function()
    local problems = {}
    local function note(text, line) table.insert(problems, text .. " | " .. line) end
    pair = connect({ request = echo_after }, { problem = note })
    local lines = {
      "nonsense", "[]", "7", '{"id":1}', '{"jsonrpc":"2.0"}',
      '{"jsonrpc":"2.0","id":99,"result":1}',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}', "", " ",
    }
    for _, line in ipairs(lines) do pair.raw:write(line, "\n") end
    expect(pair.ours:request("echo", { seconds = 1, text = "still here" }).text):to_be("still here")
    expect(#problems):to_be(7)
    expect(problems[1]):to_match("^no JSON: .* | nonsense$")
    expect(problems[6]):to_match("never made")
    expect(problems[7]):to_match("could not read a message")
  end)

  test("gives progress to the one who asked for it, and only what grows", function()
    pair = connect { request = function(_, _, progress)
      for _, done in ipairs { 1, 2, 2, 1, 3 } do progress(done, 3, "step") end
      return {}
    end }
    local seen = {}
    pair.ours:request("work", {}, function(...) table.insert(seen, { ... }) end)
    expect(seen):to_equal { { 1, 3, "step" }, { 2, 3, "step" }, { 3, 3, "step" } }
    pair.ours:request("work", {})
    expect(#seen):to_be(3)
  end)

  test("fails the requests that wait when the other side closes, and later ones", function()
    pair = connect({ request = function() async.sleep(60) end }, {
      ended = function() return "has ended with status 3" end,
    })
    local tasks = {}
    for i = 1, 3 do tasks[i] = async.spawn(pair.ours.request, pair.ours, "slow", {}) end
    async.sleep(1)
    pair.theirs:close()
    async.wait(tasks)
    for _, task in ipairs(tasks) do expect(task:exception()):to_be_a(rpc.ClosedError) end
    local err = t.raises(rpc.ClosedError, pair.ours.request, pair.ours, "x", {})
    expect(err.message):to_be("has ended with status 3")
  end)

  test("fails them too when nothing can be written any more", function()
    pair = connect { request = echo_after }
    pair.ours.writer.write = function() error(async.ConnectionError("EPIPE")) end
    local err = t.raises(rpc.ClosedError, pair.ours.request, pair.ours, "x", {})
    expect(err.message):to_match("cannot be written to")
    pair.ours.writer:close()
  end)
end)

t.test("survives an answer that comes in the moment of the cancellation", function()
  t.explore(function()
    local pair = connect { request = echo_after }
    local _ <close> = setmetatable({}, { __close = pair.close })
    local task = async.spawn(pair.ours.request, pair.ours, "echo", { seconds = 60 })
    async.sleep(1)
    pair.raw:write('{"jsonrpc":"2.0","id":1,"result":{}}\n')
    task:cancel()
    async.wait { task }
    t.expect(pair.ours:request("echo", { seconds = 1, text = "later" }).text):to_be("later")
  end, { seeds = 20, cancel = false })
end)

t.test("loses no answer and leaves no task, whichever of them is cancelled when", function()
  t.explore(function()
    local pair = connect { request = echo_after }
    local got = {}
    local _ <close> = setmetatable({}, { __close = pair.close })
    local group <close> = async.TaskGroup()
    for i = 1, 3 do
      group:spawn(function() got[i] = pair.ours:request("echo", { seconds = i, text = i }).text end)
    end
    group:spawn(function()
      async.move_on_after(1.5, pair.ours.request, pair.ours, "echo", { seconds = 9 })
      got[4] = pair.ours:request("echo", { seconds = 1, text = 4 }).text
    end)
    async.sleep(10)
    t.expect(got):to_equal { 1, 2, 3, 4 }
  end, { seeds = 100, cancel = false })
end)
