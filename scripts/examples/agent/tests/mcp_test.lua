-- The client against servers that are a few lines of shell, most of them bad ones. The good one is
-- in the tests of the whole program.
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../?.lua;" .. package.path

local t = require "neap.test"
local mcp = require "mcp.client"
local test, describe, expect = t.test, t.describe, t.expect

local log

-- What a server says to `initialize`, and to the request number `id`.
local function answer(id, result)
  return ([[read -r _; echo '{"jsonrpc":"2.0","id":%d,"result":%s}';]]):format(id, result)
end
local HELLO = answer(1, [[{"protocolVersion":"2025-11-25","capabilities":{"tools":{}}}]])
  .. "read -r _;"
local DEAF = HELLO .. "while true; do sleep 0.01; done" -- to the end of its input

local function start(text, options)
  options = options or {}
  options.name, options.log = "odd", function(line) table.insert(log, line) end
  options.command = { "/bin/sh", "-c", text }
  options.grace = options.grace or 5
  return mcp.start(options)
end

t.before_each(function() log = {} end)

describe("starting a server", function()
  local function fails(text, pattern, options)
    expect(t.raises(mcp.Error, start, text, options).message):to_match(pattern)
  end

  test("that does not exist is an error that names it", function()
    local err = t.raises(mcp.Error, mcp.start, { name = "gone", command = { "/no/such/program" } })
    expect(err.message):to_match("^the server 'gone' cannot be started: ENOENT")
  end)

  test("that ends at once is an error that says how", function()
    fails("exit 3", "^the server 'odd' has ended with status 3$")
    fails("kill -9 $$", "^the server 'odd' was killed by signal 9$")
  end)

  test("that says nothing is an error after the timeout", function()
    local short = { timeout = 0.1, grace = 0.05 }
    fails("exec sleep 60", "has not answered 'initialize' within 0.1 seconds", short)
  end)

  test("that refuses is an error with its words", function()
    local answers = [[{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"not you"}}]]
    fails("read -r _; echo '" .. answers .. "'; cat", "answers: not you %(error %-32602%)")
  end)

  test("of another revision of the protocol is an error that names the revision", function()
    fails(answer(1, [[{"protocolVersion":"1999-01-01"}]]) .. "cat", "revision .*: 1999%-01%-01")
  end)
end)

describe("a server", function()
  test("is sent the handshake that the protocol has", function()
    do
      local client <close> = start("read -r first; " .. HELLO:gsub("read", "true", 1)
        .. [[ read -r third; echo "$first" >&2; echo "$REPLY$third" >&2; cat]])
      async.move_on_after(0.2, client.ping, client)
    end
    expect(log[1]):to_match('"method":"initialize"')
    expect(log[1]):to_match('"protocolVersion":"2025%-11%-25"')
    expect(log[1]):to_match('"capabilities":{}')
    expect(log[1]):to_match('"clientInfo":{')
  end)

  test("may give its tools in pages", function()
    local client <close> = start(HELLO
      .. answer(2, [[{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"x"}]])
      .. answer(3, [[{"tools":[{"name":"c"}]}]]):gsub("_;", [[line; echo "$line" >&2;]]) .. "cat")
    local tools = client:list_tools()
    expect({ tools[1].name, tools[2].name, tools[3].name }):to_equal { "a", "b", "c" }
    async.sleep(0.05)
    expect(log[1]):to_match('"cursor":"x"')
  end)

  test("without tools is not asked for them", function()
    local client <close> = start(HELLO:gsub('"tools":{}', "") .. "cat")
    expect(client:list_tools()):to_equal {}
  end)

  test("that says what is no message is reported, and heard further", function()
    local client <close> = start(HELLO .. "echo Loading...; " .. answer(2, "{}") .. "cat")
    client:ping()
    expect(log[1]):to_match("^%[odd%] no JSON: .*: Loading%.%.%.$")
  end)

  test("may ask for a sign of life, and is told of methods that do not exist", function()
    do
      local client <close> = start(HELLO
        .. [[echo '{"jsonrpc":"2.0","id":"p","method":"ping"}'; read -r line; echo "$line" >&2;]]
        .. [[echo '{"jsonrpc":"2.0","id":"q","method":"roots/list"}';]]
        .. [[read -r line; echo "$line" >&2;]]
        .. answer(2, "{}") .. "cat")
      async.sleep(0.1)
      client:ping()
    end
    expect(log[1]):to_match('"id":"p"')
    expect(log[1]):to_match('"result":{}')
    expect(log[2]):to_match('"code":%-32601')
  end)

  test("that dies fails all calls that wait, and those that come later", function()
    local client <close> = start(HELLO .. "read -r _; read -r _; read -r _; kill -9 $$")
    local tasks = {}
    for i = 1, 3 do tasks[i] = async.spawn(client.call_tool, client, "slow", {}) end
    async.wait(tasks)
    for _, task in ipairs(tasks) do
      expect(task:exception()):to_be_a(mcp.Error)
      expect(task:exception().message):to_be("the server 'odd' was killed by signal 9")
    end
    expect(t.raises(mcp.Error, client.call_tool, client, "slow", {}).message):to_match("signal 9")
  end)

  test("gives texts, and says when a tool has failed", function()
    local client <close> = start(HELLO
      .. answer(2, [[{"content":[{"type":"text","text":"one"},]]
        .. [[{"type":"image","data":"","mimeType":"image/png"},{"type":"text","text":"two"}]}]])
      .. answer(3, [[{"content":[{"type":"text","text":"no"}],"isError":true}]]) .. "cat")
    expect({ client:call_tool("x", {}) }):to_equal { "one\n(image)\ntwo", false }
    expect({ client:call_tool("x", {}) }):to_equal { "no", true }
  end)

  test("may send messages of megabytes", function()
    local client <close> = start(HELLO
      .. [[read -r _; printf '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text",';]]
      .. [[printf '"text":"'; head -c 3000000 /dev/zero | tr '\0' x; printf '"}]}}\n'; cat]])
    expect(#client:call_tool("x", {})):to_be(3000000)
  end)
end)

describe("ending", function()
  test("closes the input of the server, which ends, and its last words are heard", function()
    local client = start(HELLO .. "cat; echo bye >&2; exit 7")
    client:close()
    expect(client.process.returncode):to_be(7)
    expect(log):to_equal { "[odd] bye" }
    client:close()
  end)

  test("hears all that the server has still written", function()
    local client = start(HELLO .. "cat; yes word | head -n 20000 >&2")
    client:close()
    expect(#log):to_be(20000)
  end)

  test("stops a server that does not end by that", function()
    local client = start("trap 'echo stopped >&2; exit 9' TERM; " .. DEAF, { grace = 0.1 })
    client:close()
    expect(client.process.returncode):to_be(9)
    expect(log[1]):to_be("[odd] does not end by itself, and is stopped")
    expect(log[#log]):to_be("[odd] stopped")
  end)

  test("kills a server that ignores that too, with its children", function()
    local client = start("trap '' TERM; " .. DEAF, { grace = 0.1 })
    client:close()
    expect(client.process.returncode):to_be(-9)
  end)

  test("does not wait for a child of the server's that has its pipes", function()
    local client = start(HELLO .. "sleep 5 & cat >/dev/null; exit 4")
    async.timeout(4, client.close, client)
    expect(client.process.returncode):to_be(4)
  end)

  test("is quick when it is cancelled: the server is killed", function()
    local client = start("trap '' TERM; " .. DEAF, { grace = 60 })
    expect(async.move_on_after(0.1, client.close, client)):to_be(false)
    expect(client.process.returncode):to_be(-9)
  end)

  test("fails the calls that wait", function()
    local client = start(HELLO .. "cat >/dev/null")
    local call = async.spawn(client.call_tool, client, "x", {})
    async.sleep(0)
    client:close()
    expect(call:exception().message):to_be("the server 'odd' was closed")
  end)

  test("works while the server does not read what it is sent", function()
    local client = start(HELLO .. "sleep 60", { grace = 0.1 })
    local call = async.spawn(client.call_tool, client, "x", { text = ("x"):rep(1 << 20) })
    async.sleep(0.05)
    call:cancel()
    async.wait { call }
    async.timeout(4, client.close, client)
    expect(client.process.returncode):to_be(-15)
  end)
end)
