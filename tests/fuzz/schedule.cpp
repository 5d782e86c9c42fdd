// Programs of tasks, on neap and on a model of its scheduler: in the usual order of the tasks the same things happen,
// line by line. In a seeded order, and with a cancellation injected, what must hold in any order is checked alone.
#include "tests/fuzz/lua_target.hpp"
#include "tests/fuzz/target.hpp"

#include <lua.hpp>

#include <optional>
#include <string>

namespace neap::internal::fuzz {

namespace {

/// Stock Lua with the model in it.
class Model {
 public:
  Model() : state_(luaL_newstate()) {
    luaL_openlibs(state_);
    require(luaL_dofile(state_, NEAP_SOURCE_DIR "/tests/fuzz/schedule_model.lua") == LUA_OK,
            "the model cannot be loaded");
  }
  ~Model() { lua_close(state_); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Nothing for a program of which it does not know enough.
  std::optional<std::string> run(std::string_view input) {
    count_lines(state_);
    lua_settop(state_, 1);
    lua_pushvalue(state_, 1);
    lua_pushlstring(state_, input.data(), input.size());
    const bool fine = lua_pcall(state_, 1, 2, 0) == LUA_OK;
    const char* text = lua_tostring(state_, 2);
    if (!fine) throw Failure(std::string("the model raised ") + (text != nullptr ? text : "?"));
    if (!lua_isnil(state_, 3)) throw Failure(std::string("the model: ") + luaL_tolstring(state_, 3, nullptr));
    if (text == nullptr) return std::nullopt;
    return text;
  }

 private:
  lua_State* state_;
};

std::string lines_of(lua_State* L) {
  lua_getglobal(L, "lines");
  const char* text = lua_tostring(L, -1);
  std::string lines = text != nullptr ? text : "";
  lua_pop(L, 1);
  return lines;
}

/// The lines up to the first that differs, and that of both.
std::string difference(const std::string& neap, const std::string& model) {
  std::size_t at = 0;
  while (at < neap.size() && at < model.size() && neap[at] == model[at]) ++at;
  const std::size_t line = at == 0 ? 0 : neap.rfind('\n', at - 1) + 1;
  const auto rest = [line](const std::string& text) { return text.substr(line, text.find('\n', line) - line); };
  return neap.substr(0, line) + "neap:  " + rest(neap) + "\nmodel: " + rest(model);
}

struct Schedule : LuaTarget {
  Schedule() : LuaTarget("schedule.lua") {}
};

}  // namespace

void fuzz_schedule(std::string_view input) {
  auto& target = keep<Schedule>();
  input = input.substr(0, 600);
  target.run(input);
  const bool usual = (input.empty() || input[0] == '\0') && (input.size() < 2 || input[1] == '\0');
  if (!usual) return;
  const std::string neap = lines_of(target.state());
  const std::optional<std::string> expected = keep<Model>().run(input);
  if (expected && neap != *expected) {
    throw Failure("neap does not do what the model does:\n" + difference(neap, *expected));
  }
}

}  // namespace neap::internal::fuzz
