// What cannot cross, and how the error names the way to it.
#include "tests/support/two_states.hpp"

#include <catch2/catch_test_macros.hpp>

using neap::internal::tests::TwoStates;

namespace {

/// Runs the script with `refuses(message, values...)`.
void check(const std::string& script) {
  TwoStates states;
  const std::string prelude = R"(
    local function refuses(expected, ...)
      local message = refused(...)
      expected = "TypeError: " .. expected .. ", which cannot be copied to another thread"
      if message ~= expected then error(("expected %q, got %q"):format(expected, tostring(message)), 2) end
    end
  )";
  CHECK(states.run(prelude + script) == "");
}

}  // namespace

TEST_CASE("parcel: every kind of value that cannot cross is named", "[thread]") {
  check(R"(
    refuses("argument 1 is a coroutine", coroutine.create(print))
    refuses("argument 2 is a FILE*", 1, io.stdout)
    refuses("argument 1 is a Future", async.Future())
    refuses("argument 1 is an Event", async.Event())
    refuses("argument 1 is a Condition", async.Condition())
    refuses("argument 1 is an ExitStack", async.ExitStack())
    refuses("argument 1 is a Lock", async.Lock())
    refuses("argument 1 is a Channel", async.Channel(1))
    refuses("argument 1 is a Queue", async.Queue())
    refuses("argument 1 is a Stream", async.stdout)
    refuses("argument 1 is a ContextVar", async.ContextVar("x"))
    refuses("argument 1 is a C function that is in no module", ("").gmatch("a", "a"))
    refuses("argument 1 is a C function that is in no module", coroutine.wrap(print))
    refuses("argument 1 is a function made by neap", async.Barrier(1).wait)
    refuses("argument 1 is a table with a metatable that is in no module", setmetatable({}, {}))
    refuses("argument 1 is a Point", setmetatable({}, { __name = "Point" }))
    refuses("argument 1 is a Coroutine", async(print)())
  )");
}

TEST_CASE("parcel: the error names the path through tables", "[thread]") {
  check(R"(
    local co = coroutine.create(print)
    refuses("argument 2.conn is a coroutine", {}, { a = 1, conn = co })
    refuses("argument 1[2][1].x is a coroutine", { 1, { { x = co } } })
    refuses("argument 1[\"two words\"] is a coroutine", { ["two words"] = co })
    refuses("argument 1[1.5] is a coroutine", { [1.5] = co })
    refuses("argument 1[true].y is a coroutine", { [true] = { y = co } })
    refuses("argument 1.z's key is a coroutine", { z = { [co] = 1 } })
    refuses("argument 1's key.x is a coroutine", { [{ x = co }] = 1 })
    local long = ("k"):rep(100)
    refuses("argument 1[\"" .. ("k"):rep(40) .. "...\"] is a coroutine", { [long] = co })
    local cycle = {}
    cycle.me, cycle.list = cycle, { cycle, { bad = co } }
    refuses("argument 1.list[2].bad is a coroutine", cycle)
    refuses("argument 1.cause.co is a coroutine", async.Error("m", { cause = async.Error("n", { co = co }) }))
  )");
}

TEST_CASE("parcel: the error names the path through functions and classes", "[thread]") {
  check(R"(
    local co = coroutine.create(print)
    local t = { conn = co }
    local function f() return t end
    local function g() return f, co end
    refuses("argument 1's upvalue t.conn is a coroutine", f)
    refuses("argument 1.handler's upvalue co is a coroutine", { handler = function() return co end })
    refuses("argument 1's upvalue co is a coroutine", g)
    refuses("argument 1.f's upvalue co is a coroutine", { f = async(function() return co end) })
    local Mine = async.class("Mine")
    Mine.conn = co
    refuses("argument 1.err's class Mine.conn is a coroutine", { err = Mine("m") })
  )");
}

TEST_CASE("parcel: an object that owns something cannot cross, though its class is in a module", "[thread]") {
  check(R"(
    package.loaded.handles = { Plain = { __name = "Plain" }, Closing = { __name = "Closing", __close = print },
                               Collected = { __name = "Collected", __gc = function() end } }
    local handles = package.loaded.handles
    assert(size(setmetatable({}, handles.Plain)) > 0)
    refuses("argument 1.h is a Closing", { h = setmetatable({}, handles.Closing) })
    refuses("argument 1.h is a Collected", { h = setmetatable({}, handles.Collected) })
    refuses("argument 2 is a Closing", handles.Closing == handles, setmetatable({}, handles.Closing))
    package.loaded.handles = nil
  )");
}

TEST_CASE("parcel: a refusal far down in a deep structure", "[thread]") {
  check(R"(
    local co = coroutine.create(print)
    local t = { co = co }
    for i = 1, 1000 do t = { n = t } end
    refuses("argument 1" .. (".n"):rep(1000) .. ".co is a coroutine", t)
  )");
}

TEST_CASE("parcel: after a refusal everything works as before", "[thread]") {
  check(R"(
    local co = coroutine.create(print)
    for i = 1, 100 do
      refused({ {}, { f = function() return i end, co } })
      local back = copy({ i, { i } })
      assert(back[1] == i and back[2][1] == i)
    end
  )");
}

TEST_CASE("parcel: an error arrives even when a part of it cannot", "[thread]") {
  check(R"(
    local ok, err = run(function()
      local list = setmetatable({}, {})
      error(async.ValueError("bad", { co = coroutine.create(print), out = io.stdout, list = { list }, n = 3,
                                      fn = ("").gmatch("a", "a"), [coroutine.create(print)] = 1 }))
    end)
    assert(not ok and async.is(err, async.ValueError) and err.message == "bad" and err.n == 3)
    assert(err.co == "<coroutine>" and err.out == "<FILE*>" and err.fn == "<C function that is in no module>")
    assert(err.list[1] == "<table with a metatable that is in no module>" and err["<coroutine>"] == 1)
    local _, value = run(function() error(io.stdout) end)
    assert(value == "<FILE*>")
    local _, value = run(function() error(nil) end)
    assert(value == nil)
  )");
}
