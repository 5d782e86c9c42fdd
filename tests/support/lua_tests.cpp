#include "tests/support/lua_tests.hpp"

#include "interp/interpreter.hpp"
#include "stdlib/registry.hpp"
#include "tests/support/stress.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/internal/catch_test_registry.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace neap::internal::tests {

namespace {

struct LuaTest {
  std::string name;
  bool virtual_clock = true;
};

#if defined(__SANITIZE_ADDRESS__)
constexpr const char* kSanitizer = "address";
#elif defined(__SANITIZE_THREAD__)
constexpr const char* kSanitizer = "thread";
#else
constexpr const char* kSanitizer = nullptr;
#endif

/// After how many allocations everything is collected: see stress.hpp. 0: not at all.
unsigned stress() {
  const char* wanted = std::getenv("NEAP_STRESS");
  return wanted == nullptr ? 0 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

/// Pushes the function that runs the harness: harness(file, name or nil). It sees the globals `sanitized`, `stressed` and
/// `neap_binary`, and module_file("MODULE/FILE"), which gives what is not shown to scripts.
void push_harness(lua_State* L) {
  lua_pushstring(L, kSanitizer);
  lua_setglobal(L, "sanitized");
  lua_pushboolean(L, stress() != 0 ? 1 : 0);
  lua_setglobal(L, "stressed");
  lua_pushstring(L, NEAP_BINARY);
  lua_setglobal(L, "neap_binary");
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_setglobal(L, "module_file");
  if (luaL_loadfile(L, NEAP_SOURCE_DIR "/tests/support/harness.lua") != LUA_OK) {
    FAIL(lua_tostring(L, -1));
  }
}

std::string text_of_failure(lua_State* L, int task) {
  push_exception(L, task);
  luaL_tolstring(L, -1, nullptr);
  std::string text = lua_tostring(L, -1);
  push_extra(L, task, "traceback");
  if (lua_isstring(L, -1) != 0) text += std::string("\n") + lua_tostring(L, -1);
  lua_pop(L, 3);
  return text;
}

/// Runs the harness to its end; the finished task is left on the stack. Returns the error, if any.
std::string run(Interpreter& interpreter, const std::string& file, const char* name) {
  lua_State* L = interpreter.state();
  push_harness(L);
  lua_pushstring(L, file.c_str());
  lua_pushstring(L, name);
  const Task& task = interpreter.run_main(2);
  return task.state == FutureState::finished ? std::string() : text_of_failure(L, lua_gettop(L));
}

/// The tests of a file, or a single nameless one when it cannot be loaded.
std::vector<LuaTest> list_tests(const std::string& file) {
  Interpreter interpreter;
  if (!run(interpreter, file, nullptr).empty()) return {LuaTest{}};
  lua_State* L = interpreter.state();
  lua_getiuservalue(L, -1, kResult);
  std::vector<LuaTest> tests;
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; ++i, lua_pop(L, 1)) {
    lua_getfield(L, -1, "name");
    lua_getfield(L, -2, "clock");
    tests.push_back({lua_tostring(L, -2), lua_isnil(L, -1)});
    lua_pop(L, 2);
  }
  return tests;
}

void check_nothing_left(Interpreter& interpreter) {
  lua_State* L = interpreter.state();
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  CHECK(interpreter.scheduler().task_count() == 0);
  CHECK(interpreter.loop().timers().size() == 0);
  // A thread that has answered may still tell of its end.
  constexpr int kPolls = 1000;
  interpreter.loop().poll();
  for (int i = 0; i < kPolls && interpreter.loop().alive(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    interpreter.loop().poll();
  }
  CHECK_FALSE(interpreter.loop().alive());
  CHECK(interpreter.scheduler().reported() == 0);
}

class Invoker : public Catch::ITestInvoker {
 public:
  Invoker(std::string file, LuaTest test) : file_(std::move(file)), test_(std::move(test)) {}

  void invoke() const override {
    InterpreterOptions options;
    options.owns_process = true;
    options.virtual_clock = test_.virtual_clock;
    Interpreter interpreter(options);
    const unsigned every = stress();
    if (every != 0) Stress::begin(interpreter.state(), every);
    const std::string failure = run(interpreter, file_, test_.name.c_str());
    if (every != 0) Stress::end(interpreter.state());
    if (!failure.empty()) FAIL(failure);
    CHECK(lua_gettop(interpreter.state()) == 1);
    lua_settop(interpreter.state(), 0);
    check_nothing_left(interpreter);
  }

 private:
  std::string file_;
  LuaTest test_;
};

void register_file(const std::string& file, const std::string& group) {
  for (const LuaTest& test : list_tests(file)) {
    const std::string name = group + ": " + (test.name.empty() ? "loads" : test.name);
    const std::string tags = "[lua][" + group + "]";
    const Catch::AutoReg registered(Catch::Detail::unique_ptr<Catch::ITestInvoker>(new Invoker(file, test)),
                                    Catch::SourceLineInfo(__FILE__, __LINE__), Catch::StringRef(),
                                    Catch::NameAndTags{name, tags});
  }
}

}  // namespace

void register_lua_tests(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().string().ends_with("_test.lua")) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    std::string group = file.substr(directory.size() + 1);
    group.resize(group.size() - std::string("_test.lua").size());
    register_file(file, group);
  }
}

}  // namespace neap::internal::tests
