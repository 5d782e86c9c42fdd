-- A generic `for` with a `break`, whose body has a function that uses the loop's variable: Lua 5.4.4 compiles it
-- wrongly.
local closed

local function counter()
  closed = 0
  local n = 0
  return function()
    n = n + 1
    return n
  end, nil, nil, setmetatable({}, { __close = function() closed = closed + 1 end })
end

-- What the bug breaks: a C function that takes values off its stack.
local function next_statement()
  equal(closed, 1)
  return ("%s"):format(tostring(setmetatable({}, { __tostring = function() return "whole" end })))
end

test("break closes the loop's value though a function uses the loop's variable", function()
  local functions = {}
  for x in counter() do
    functions[#functions + 1] = function() return x end
    if x == 2 then break end
  end
  equal(next_statement(), "whole")
  equal({ functions[1](), functions[2]() }, { 1, 2 })
end)

test("so does a loop that runs to its end, and one with several breaks", function()
  closed = 0
  local n = 0
  local function three()
    n = n + 1
    if n <= 3 then return n end
  end
  local closing = setmetatable({}, { __close = function() closed = closed + 1 end })
  for x in three, nil, nil, closing do
    local function f() return x end
    if f() > 5 then break end
    if f() > 6 then break end
  end
  equal(next_statement(), "whole")
end)

test("nested loops close their own values, innermost first", function()
  local order = {}
  local function from(name)
    local n = 0
    return function()
      n = n + 1
      return n
    end, nil, nil, setmetatable({}, { __close = function() order[#order + 1] = name end })
  end
  for x in from("outer") do
    for y in from("inner " .. x) do
      local f = function() return x + y end
      if f() > 2 then break end
    end
    local g = function() return x end
    if g() == 2 then break end
  end
  equal(order, { "inner 1", "inner 2", "outer" })
end)

local source = [[
  local from, log = ...
  for x in from() do
    local f = function() return x end
    if f() == 2 then break end
  end
  log[#log + 1] = "after"
  return error and select("#", nil, nil), debug.getinfo(1, "Sl")
]]

test("chunks of load, from a text, a function and with an environment, and of loadfile and dofile are right too", function()
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(source)
  file:close()
  local function pieces()
    local given = false
    return function()
      if given then return nil end
      given = true
      return source
    end
  end
  for _, chunk in ipairs { assert(load(source)), assert(load(pieces())), assert(loadfile(name)),
    assert(load(source, "=x", "t", setmetatable({}, { __index = _G }))) } do
    local log = {}
    equal(chunk(counter, log), 2)
    equal({ closed, log[1] }, { 1, "after" })
  end
  local real = os.tmpname()
  file = assert(io.open(real, "w"))
  file:write("local from, log = counter, {}\n" .. source:gsub("^[^\n]*\n", ""))
  file:close()
  counter_before, _G.counter = _G.counter, counter
  equal(dofile(real), 2)
  _G.counter, counter_before = counter_before, nil
  equal(closed, 1)
  os.remove(name)
  os.remove(real)
end)

test("a repaired chunk keeps its name, lines, upvalues and environment", function()
  local chunk = assert(load(source, "@some/file.lua"))
  local _, info = chunk(counter, {})
  equal({ info.source, info.short_src, info.currentline }, { "@some/file.lua", "some/file.lua", 7 })
  local env = { log = {}, error = false }
  local in_env = assert(load("local from = ...\nfor x in from() do local f = function() return x end if f() == 2 then break end end\n" ..
    "mark = 'set' return mark", "=env", "t", env))
  equal({ in_env(counter), env.mark }, { "set", "set" })
  equal(debug.getupvalue(in_env, 1), "_ENV")
  raises("^some/file.lua:7: boom", assert(load(source:gsub("return error.*", "error('boom')"), "@some/file.lua")), counter, {})
end)

test("a generator is closed by such a break, and its cleanup waits", function()
  local log = {}
  local numbers = async.generator(function()
    local closing <close> = setmetatable({}, { __close = function()
      async.sleep(1)
      log[#log + 1] = "closed"
    end })
    for i = 1, 9 do coroutine.yield(i) end
  end)
  for x in numbers() do
    async.spawn(function() log[#log + 1] = x end)
    if x == 2 then break end
  end
  log[#log + 1] = "next statement"
  equal(log, { 1, 2, "closed", "next statement" })
end)

test("every kind of constant and nesting survives the repair", function()
  local chunk = assert(load([[
    local from = ...
    local values = { nil, true, false, 1, -7, 1 << 60, 0.5, 1e300, "short", ("long"):rep(40), "\0\255" }
    values[12] = "a constant of more than forty characters, which Lua keeps as a long string"
    local function outer(...)
      local function inner(...)
        for x in from() do
          local f = function() return x, values[4] end
          if x == 3 then break end
        end
        return select("#", ...), values
      end
      return inner(...)
    end
    return outer(1, nil, 3)
  ]]))
  local count, values = chunk(counter)
  equal({ count, closed }, { 3, 1 })
  equal({ values[2], values[3], values[4], values[5], values[6], values[7], values[8], values[9] },
    { true, false, 1, -7, 1 << 60, 0.5, 1e300, "short" })
  equal({ #values[10], values[11], #values[12] }, { 160, "\0\255", 74 })
  equal(math.type(values[4]), "integer")
end)
