#include "tests/fuzz/lua_target.hpp"

#include "stdlib/registry.hpp"
#include "tests/fuzz/target.hpp"

#include <cstdint>
#include <string>

namespace neap::internal::fuzz {

namespace {

InterpreterOptions options() {
  InterpreterOptions result;
  result.virtual_clock = true;
  result.ignore_environment = true;
  return result;
}

#if defined(NEAP_FUZZ_TARGET)
// libFuzzer reads these as if they were the counters of compiled code.
constexpr std::size_t kCounters = std::size_t{1} << 15;
__attribute__((used, section("__libfuzzer_extra_counters"))) std::uint8_t line_counters[kCounters];

void count_line(lua_State* L, lua_Debug* where) {
  lua_getinfo(L, "S", where);
  std::size_t place = static_cast<std::size_t>(where->currentline) * 31;
  for (const char* c = where->short_src; *c != '\0'; ++c) place = place * 131 + static_cast<unsigned char>(*c);
  std::uint8_t& counter = line_counters[place % kCounters];
  if (counter != UINT8_MAX) ++counter;
}
#endif

std::string text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = luaL_tolstring(L, index, &size);
  std::string result(text, size);
  lua_pop(L, 1);
  return result;
}

}  // namespace

void count_lines([[maybe_unused]] lua_State* L) {
#if defined(NEAP_FUZZ_TARGET)
  lua_sethook(L, count_line, LUA_MASKLINE, 0);
#endif
}

LuaTarget::LuaTarget(const char* file, void (*prepare)(lua_State* L)) : interpreter_(options()) {
  lua_State* L = state();
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_setglobal(L, "module_file");
  if (prepare != nullptr) prepare(L);
  const std::string path = std::string(NEAP_SOURCE_DIR "/tests/fuzz/") + file;
  require(luaL_dofile(L, path.c_str()) == LUA_OK, "the target's Lua file cannot be loaded");
  function_ = luaL_ref(L, LUA_REGISTRYINDEX);
}

void LuaTarget::run(std::string_view input) {
  lua_State* L = state();
  count_lines(L);
  lua_settop(L, 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, function_);
  lua_pushlstring(L, input.data(), input.size());
  const Task& task = interpreter_.run_main(1);
  std::string problem;
  if (task.state != FutureState::finished) {
    push_exception(L, -1);
    problem = "the target raised " + text_at(L, -1);
  } else {
    lua_getiuservalue(L, -1, kResult);
    if (!lua_isnil(L, -1)) problem = text_at(L, -1);
  }
  lua_settop(L, 0);
  if (!problem.empty()) throw Failure(problem);
  require(interpreter_.scheduler().task_count() == 0, "a task is left");
  require(interpreter_.loop().timers().size() == 0, "a timer is left");
}

}  // namespace neap::internal::fuzz
