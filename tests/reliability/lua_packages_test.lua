-- Libraries in pure Lua, as Debian packages them, do under neap what they do under stock Lua. Each test has a script
-- that is run by both; without the package there is nothing to see.
local subprocess = async.subprocess

local function stock_lua()
  if sanitized then return nil end -- it is Lua code that is tried here
  for _, name in ipairs { "lua5.4", "lua-5.4", "lua54", "lua" } do
    local ok, result = pcall(subprocess.run, { name, "-e", "print(_VERSION)" }, { capture = true })
    if ok and result.stdout == "Lua 5.4\n" then return name end
  end
end

-- What the interpreter prints for the script, with stderr, and how it ends.
local function run(interpreter, folder, file, ...)
  local result = subprocess.run({ interpreter, file, ... }, { cwd = folder, capture = true, timeout = 60 })
  return result.stdout .. result.stderr:gsub("^lua[%d.-]*: ", ""):gsub("^neap: ", ""), result.returncode
end

-- compare(package, text, {argument...}) -> what both print, nil when the package is not here.
local function compare(package, text, arguments)
  local lua = stock_lua()
  if not lua then return nil end
  if subprocess.run({ lua, "-e", "require '" .. package .. "'" }, { capture = true }).returncode ~= 0 then return nil end
  local folder <close> = neap.fs.tempdir()
  neap.fs.write(folder.path .. "/script.lua", text)
  local expected, status = run(lua, folder.path, "script.lua", table.unpack(arguments or {}))
  local output, own_status = run(neap_binary, folder.path, "script.lua", table.unpack(arguments or {}))
  equal(output, expected)
  equal(own_status, status)
  return output
end

test("penlight", { clock = "real" }, function()
  local output = compare("pl.utils", [[
    local List, Map, OrderedMap = require "pl.List", require "pl.Map", require "pl.OrderedMap"
    local stringx, tablex, pretty = require "pl.stringx", require "pl.tablex", require "pl.pretty"
    local utils, path, file, app = require "pl.utils", require "pl.path", require "pl.file", require "pl.app"
    print(List { 3, 1, 2 }:sort():map(function(x) return x * 10 end))
    print(stringx.split("a,b,c", ","), stringx.strip "  x ", stringx.center("m", 5, "-"))
    print(pretty.write({ 1, { 2 } }, ""), tablex.deepcompare({ a = { 1 } }, { a = { 1 } }))
    local ordered = OrderedMap { { z = 1 }, { a = 2 } }
    for name, value in ordered:iter() do print(name, value) end
    file.write("out.txt", "line one\nline two\n")
    for line in io.lines "out.txt" do print(line) end
    print(path.basename "/a/b.lua", path.extension "/a/b.lua", file.read("out.txt"):len())
    local ok, code, out, err = utils.executeex "echo said; echo wrong >&2; exit 3"
    print(ok, code, out, err)
    local class = require "pl.class"
    local Animal = class()
    function Animal:_init(name) self.name = name end
    class.Cat(Animal)
    function Cat:_init(...) self:super(...) end
    print(Cat("Tom").name, Cat "x":is_a(Animal))
    local seq, comprehension = require "pl.seq", require "pl.comprehension".new()
    print(seq.sum { 1, 2, 3 }, List(comprehension "x^2 for x" { 1, 2, 3 }))
    print(pcall(utils.assert_arg, 1, 5, "string"))
    require "pl.strict"
    print(pcall(function() return undeclared end))
  ]])
  check(output == nil or output:find("{10,20,30}", 1, true) and output:find("Tom"), output)
end)

test("dkjson: there and back", { clock = "real" }, function()
  local output = compare("dkjson", [[
    local json = require "dkjson"
    local order = { keyorder = { "name", "list", "nested", "nothing" }, indent = true }
    local text = json.encode({ name = "ä\n\0\"", list = { 1, 2.5, -3e100, true }, nested = { {}, { x = 1 } },
      nothing = json.null }, order)
    print(text)
    local back = json.decode(text)
    print(back.name == "ä\n\0\"", back.list[2], math.type(back.list[1]), back.nested[2].x, back.nothing)
    print(json.encode(json.decode(text, 1, json.null), order) == text)
    print(json.decode "[1, 2")
    print(json.decode("{\"a\": tru}"))
    print(pcall(json.encode, { print }))
    local deep = ("["):rep(150) .. ("]"):rep(150)
    print(json.encode((json.decode(deep))) == deep)
  ]])
  check(output == nil or output:find("true\t2.5\t", 1, true), output)
end)

test("argparse: results, usage and errors", { clock = "real" }, function()
  local script = [[
    local parser = require "argparse"("program", "What it does.", "What is to say.")
    parser:argument("input", "A file."):args "+"
    parser:option("-o --output", "Where to.", "a.out")
    parser:option("-I --include"):count "*"
    parser:flag("-v --verbose"):count "0-2":target "verbosity"
    parser:command("sub", "A command.")
    parser:require_command(false)
    local args = parser:parse()
    print(table.concat(args.input, " "), args.output, #args.include, args.verbosity)
  ]]
  local output = compare("argparse", script, { "x", "y", "-vv", "-I", "a", "--include=b", "-o", "c" })
  check(output == nil or output == "x y\tc\t2\t2\n", output)
  for _, arguments in ipairs { { "--help" }, {}, { "x", "--no-such" }, { "x", "-o" } } do
    output = compare("argparse", script, arguments)
    check(output == nil or output:find("Usage: program", 1, true), output)
  end
end)

local spec = [[
  describe("a spec", function()
    local steps = {}
    before_each(function() steps[#steps + 1] = "before" end)
    after_each(function() steps[#steps + 1] = "after" end)
    it("compares", function()
      assert.are.same({ 1, { 2 } }, { 1, { 2 } })
      assert.has_error(function() error "x" end, "x")
      assert.is_not.equal(1, 2)
    end)
    it("spies", function()
      local object = { f = function(n) return n end }
      local spied = spy.on(object, "f")
      object.f(5)
      assert.spy(spied).was.called_with(5)
      object.f:revert()
    end)
    it("fails", function() assert.are.equal("here", "there") end)
    it("raises", function() error { code = 7 } end)
    pending "not yet"
    it("saw the steps", function() assert.are.equal(9, #steps) end)
  end)
]]

-- What busted says, without times and the path of the interpreter.
local function normal(text)
  return (text:gsub("%d+%.%d+ seconds", "# seconds"))
end

test("busted: a spec passes and fails where it should", { clock = "real" }, function()
  local runner = "require 'busted.runner' { standalone = false }"
  local lua = stock_lua()
  if not lua or compare("busted", "print 'here'") == nil then return end
  local folder <close> = neap.fs.tempdir()
  neap.fs.write(folder.path .. "/runner.lua", runner)
  neap.fs.write(folder.path .. "/a_spec.lua", spec)
  local expected, status = run(lua, folder.path, "runner.lua", "-o", "plainTerminal", "a_spec.lua")
  local output, own_status = run(neap_binary, folder.path, "runner.lua", "-o", "plainTerminal", "a_spec.lua")
  equal(normal(output), normal(expected))
  equal(own_status, status)
  check(output:find("3 successes / 1 failure / 1 error / 1 pending", 1, true), output)
end)

test("busted: a spec may wait", { clock = "real" }, function()
  if compare("busted", "print 'here'") == nil then return end
  local folder <close> = neap.fs.tempdir()
  neap.fs.write(folder.path .. "/runner.lua", "require 'busted.runner' { standalone = false }")
  neap.fs.write(folder.path .. "/a_spec.lua", [[
    describe("waiting", function()
      before_each(function() async.sleep(0.001) end)
      it("sleeps and gathers", function()
        local results = async.gather(function() async.sleep(0.002) return "a" end, function() return "b" end)
        assert.are.same({ "a", "b", n = 2 }, results)
      end)
      it("meets timeouts as errors", function()
        assert.has_error(function() async.timeout(0.001, async.sleep, 5) end)
      end)
      it("talks to a server", function()
        local server <close> = async.start_server(function(stream) stream:write(stream:readline()) end, "127.0.0.1", 0)
        local client <close> = async.open_connection("127.0.0.1", server:address().port)
        client:write "hello\n"
        assert.are.equal("hello\n", client:readline())
      end)
    end)
  ]])
  local output, status = run(neap_binary, folder.path, "runner.lua", "-o", "plainTerminal", "a_spec.lua")
  check(output:find("3 successes / 0 failures / 0 errors / 0 pending", 1, true), output)
  equal(status, 0)
end)
