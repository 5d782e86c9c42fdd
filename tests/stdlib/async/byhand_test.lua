-- Metamethods that a script calls itself, of values that they are not for.

local function of(value, name) return getmetatable(value)[name] end

test("a class's __call makes nothing of values that are no classes", function()
  local call = of(async.ValueError, "__call")
  for _, value in ipairs { 1, "text", {}, print } do
    local err = raises(async.TypeError, call, value, "message")
    check(err.message:find("made by its class", 1, true), err.message)
  end
  raises(async.TypeError, call)
end)

test("an error's __tostring takes any value", function()
  local text = of(async.ValueError("x"), "__tostring")
  equal(text { message = "m" }, "?: m")
  equal(text(5), "?")
  equal(text(nil), "?")
end)

test("a class's __tostring takes tables alone", function()
  local text = of(async.ValueError, "__tostring")
  check(not pcall(text, 5))
  check(not pcall(text))
end)

test("a Coroutine's __tostring takes Coroutines alone", function()
  local coroutine = async(function() end)()
  local text = of(coroutine, "__tostring")
  raises(async.TypeError, text, 5)
  raises(async.TypeError, text, io.stdout)
  raises(async.TypeError, text)
  await(coroutine)
end)
