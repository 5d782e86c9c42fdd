test("load compiles text, with a name and an environment", function()
  equal(load("return 1 + 1")(), 2)
  local env = { x = 5 }
  equal(load("return x", "=chunk", "t", env)(), 5)
  equal(load("x = 6", "=chunk", "t", env)(), nil)
  equal(env.x, 6)
  equal({ load("return )", "=chunk") }, { nil, "chunk:1: unexpected symbol near ')'" })
end)

test("load takes the pieces that a function gives", function()
  local pieces = { "return ", "", "7" }
  local i = 0
  equal(load(function()
    i = i + 1
    if pieces[i] ~= "" then return pieces[i] end
    i = i + 1
    return pieces[i]
  end)(), 7)
  local ok, err = load(function() error("in reader", 0) end)
  equal({ ok, err }, { nil, "in reader" })
  ok, err = load(function() return {} end)
  check(ok == nil and err:find("must return a string"), err)
end)

test("binary chunks are loaded only when they are asked for", function()
  local binary = string.dump(function() return 5 end)
  local chunk, err = load(binary)
  check(chunk == nil and err:find("binary"), err)
  equal(load(binary, "=b", "b")(), 5)
  equal(load(binary, "=b", "bt")(), 5)
  chunk, err = load("return 1", "=t", "b")
  check(chunk == nil and err:find("text"), err)
end)

test("what was loaded may wait", function()
  equal(load("return async.sleep(1, ...)")("a"), "a")
end)

test("load refuses wrong arguments", function()
  raises("bad argument #1 to 'load'", load, {})
  raises("bad argument #1 to 'load'", load)
end)

test("loadfile and dofile read a file, whose code may wait", function()
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write("async.sleep(1) return x or 'global', ...")
  file:close()
  equal({ loadfile(name)("a") }, { "global", "a" })
  equal({ loadfile(name, "t", { x = "env", async = async })("b") }, { "env", "b" })
  equal(elapsed(function() equal(dofile(name), "global") end), 1.0)
  equal(elapsed(function() coroutine.wrap(dofile)(name) end), 1.0)
  file = assert(io.open(name, "w"))
  file:write("error('in file', 0)")
  file:close()
  raises("^in file$", dofile, name)
  os.remove(name)
  equal(loadfile(name), nil)
  raises("", dofile, name)
end)
