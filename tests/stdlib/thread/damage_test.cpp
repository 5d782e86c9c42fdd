// Random values there and back, and bytes that were damaged on the way. Parcels do not leave the process; but whatever
// their bytes are, taking them apart must stay within bounds.
#include "runtime/lua/bind.hpp"
#include "tests/support/two_states.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

namespace neap::internal::stdlib::thread {

/// Changes the bytes of a parcel, but not what is in its blocks (code).
class ParcelDamage {
 public:
  explicit ParcelDamage(Parcel& parcel) : parcel_(parcel) {}

  [[nodiscard]] std::size_t size() const { return parcel_.size_; }
  void truncate(std::size_t size) { parcel_.size_ = size; }
  char& at(std::size_t offset) { return parcel_.bytes_[offset]; }

 private:
  Parcel& parcel_;
};

}  // namespace neap::internal::stdlib::thread

using neap::internal::tests::TwoStates;
using namespace neap::internal::stdlib::thread;

namespace {

int unpack_parcel(lua_State* L) {
  const auto& parcel = *static_cast<const Parcel*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  return unpack(L, parcel);
}

/// True when the parcel could be unpacked in the state.
bool unpacks(lua_State* L, Parcel& parcel) {
  lua_pushcfunction(L, neap::internal::bound<unpack_parcel>);
  lua_pushlightuserdata(L, &parcel);
  const bool fine = lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK;
  lua_settop(L, 0);
  return fine;
}

/// Packs what the script returns; the parcel is on the top of the state's stack.
Parcel& pack_script(lua_State* L, const char* script) {
  lua_settop(L, 0);
  REQUIRE(luaL_dostring(L, script) == LUA_OK);
  const int count = lua_gettop(L);
  Parcel& parcel = neap::internal::tests::push_parcel(L);
  pack(L, 1, count, "argument", parcel);
  return parcel;
}

constexpr const char* kOneOfAll = R"(
  local Mine = async.class("Mine", async.ValueError)
  Mine.hint = "h"
  local shared, n = { 1, 2, "three" }, 0
  local function f() n = n + 1 return shared end
  return { 1, -500, 1 << 40, 2.5, true, false, "text", ("long"):rep(80), ("very long"):rep(4000), shared, shared, key = "text" },
         f, { f = function() return n, f end, async(f), async.generator(f) }, nil, Mine("m", { cause = async.Error("c") }),
         string.rep, _G, async, { [shared] = shared, [2.5] = -0.0 }, Mine
)";

}  // namespace

TEST_CASE("parcel: 100,000 random values come back as they were", "[thread]") {
  TwoStates states;
  CHECK(states.run(R"(
    local random = math.random
    math.randomseed(42)
    local made
    local make = {
      function() return random(0) end,
      function() return random(-20, 130) end,
      function() return random() * 10 ^ random(-300, 300) end,
      function() return random(2) == 1 end,
      function() return ("\0\n\200x"):rep(random(0, 90)):sub(1, random(0, 300)) end,
      function() return "key" .. random(20) end,
      function() return made[random(#made)] end,
    }
    local function value(depth)
      if depth > 0 and random(3) == 1 then
        local t = {}
        made[#made + 1] = t
        for i = 1, random(0, 3) do t[i] = value(depth - 1) end
        for _ = 1, random(0, 3) do t[value(depth - 1)] = value(depth - 1) end
        return t
      end
      return make[random(#make)]()
    end
    local seen
    local function same(a, b)
      if type(a) ~= "table" then return a == b and math.type(a) == math.type(b) end
      if type(b) ~= "table" then return false end
      if seen[a] then return seen[a] == b end
      seen[a] = b
      local tables = {}
      for k, v in next, a do
        if type(k) == "table" then
          tables[#tables + 1] = k
        elseif not same(v, b[k]) then
          return false
        end
      end
      local count = 0
      for k in next, a do count = count + 1 end
      for k in next, b do count = count - 1 end
      return count == 0
    end
    for i = 1, 100000 do
      made = { {} }
      seen = {}
      local v = value(3)
      local back = copy(v)
      if not same(v, back) then error("value " .. i .. " differs") end
    end
  )") == "");
}

TEST_CASE("parcel: keys that are tables keep what they lead to", "[thread]") {
  TwoStates states;
  CHECK(states.run(R"(
    local a, b = { 1 }, { 2 }
    local back, first, second = copy({ [a] = b, [b] = a }, a, b)
    assert(back[first] == second and back[second] == first and first[1] == 1)
  )") == "");
}

TEST_CASE("parcel: bytes that end too early are refused", "[thread]") {
  TwoStates states;
  Parcel& parcel = pack_script(states.here().state(), kOneOfAll);
  ParcelDamage damage(parcel);
  REQUIRE(unpacks(states.there().state(), parcel));
  for (std::size_t size = damage.size(); size-- > 0;) {
    damage.truncate(size);
    CHECK_FALSE(unpacks(states.there().state(), parcel));
  }
}

TEST_CASE("parcel: damaged bytes are refused, or give other values", "[thread]") {
  TwoStates states;
  Parcel& parcel = pack_script(states.here().state(), kOneOfAll);
  ParcelDamage damage(parcel);
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::size_t offset = random() % damage.size();
    const char before = damage.at(offset);
    damage.at(offset) = static_cast<char>(random());
    refused += unpacks(states.there().state(), parcel) ? 0 : 1;
    damage.at(offset) = before;
  }
  CHECK(refused > 1000);
  CHECK(unpacks(states.there().state(), parcel));
}

TEST_CASE("parcel: sizes that the bytes cannot fill are not believed", "[thread]") {
  TwoStates states;
  Parcel& parcel = pack_script(states.here().state(), "return { 1, 2, 3 }");
  ParcelDamage damage(parcel);
  damage.at(7 + 3) = 0x7f;  // after the slots, the count and the tag: the highest byte of the sequence's length
  const std::size_t peak = states.there().allocator().peak();
  CHECK_FALSE(unpacks(states.there().state(), parcel));
  CHECK(states.there().allocator().peak() < peak + 100'000);
}

TEST_CASE("parcel: memory stays flat", "[thread]") {
  TwoStates states;
  const std::string script = std::string("local function make() ") + kOneOfAll + R"( end
    for i = 1, 300 do
      copy(make())
      refused({ {}, function() return i end, coroutine.create(print) })
    end
    collectgarbage() collectgarbage()
  )";
  struct InUse {
    std::size_t here;
    std::size_t there;
  };
  const auto run = [&] {
    CHECK(states.run(script) == "");
    lua_gc(states.there().state(), LUA_GCCOLLECT);
    return InUse{states.here().allocator().in_use(), states.there().allocator().in_use()};
  };
  // What leaks does so each time. Lua's table of strings may be twice as large once.
  constexpr int kRuns = 4;
  int grown = 0;
  InUse before = run();
  for (int i = 0; i < kRuns; ++i) {
    const InUse now = run();
    grown += now.here > before.here + 20'000 || now.there > before.there + 20'000 ? 1 : 0;
    before = now;
  }
  CHECK(grown < kRuns);
}
