// The scenarios that are Lua files: each in an interpreter of its own, which is used once more when memory is there
// again.
#include "interp/interpreter.hpp"
#include "runtime/task/future.hpp"
#include "stdlib/registry.hpp"
#include "tests/reliability/memory/scenario.hpp"

#include <uv.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace neap::internal::tests::memory {

namespace {

constexpr const char* kFolder = NEAP_SOURCE_DIR "/tests/reliability/memory";
constexpr const char* kCheck = R"(
  local function double(x)
    async.sleep(0.001)
    return 2 * x
  end
  local both = async.gather(async.spawn(double, 1), async.spawn(double, 2))
  assert(both[1] == 2 and both[2] == 4)
  local queue = async.Queue()
  async.spawn(queue.put, queue, "x")
  assert(queue:get() == "x"))";

struct LuaScenario {
  std::string file;
  std::string name;
  bool real_clock = false;
  bool sandbox = false;
};

InterpreterOptions options_of(const LuaScenario& scenario) {
  InterpreterOptions options;
  options.owns_process = true;
  options.virtual_clock = !scenario.real_clock;
  options.output = [](int stream, std::string_view text) {
    static const bool kShown = std::getenv("NEAP_MEMORY_OUTPUT") != nullptr;
    if (kShown) std::fprintf(stderr, "[%d] %.*s", stream, static_cast<int>(text.size()), text.data());
  };
  if (scenario.sandbox) {
    options.sandbox.enabled = true;
    add_grant(options.sandbox.grants, Permission::read, "/tmp");
    add_grant(options.sandbox.grants, Permission::read, kFolder);  // the scenario itself, wherever the tree is
    add_grant(options.sandbox.grants, Permission::net, "127.0.0.1");
    add_grant(options.sandbox.grants, Permission::env, "HOME");
  }
  return options;
}

/// Pushes the function that runs a scenario: run(file, name, warm, arm, disarm).
void push_runner(lua_State* L) {
  if (luaL_loadfile(L, (std::string(kFolder) + "/run.lua").c_str()) != LUA_OK)
    throw std::runtime_error(lua_tostring(L, -1));
}

std::string text_of(lua_State* L, int task) {
  push_exception(L, task);
  std::string text = luaL_tolstring(L, -1, nullptr);
  lua_pop(L, 2);
  return text;
}

/// Runs the function and its arguments, and leaves the finished task. Gives its error.
std::string run_task(Interpreter& interpreter, int count, const std::function<void()>& ended = nullptr) {
  Task& task = interpreter.scheduler().create_task(interpreter.state(), count);
  task.retrieved = true;
  interpreter.run_until(task);
  if (ended) ended();
  task.retrieved = true;
  return task.state == FutureState::finished ? std::string() : text_of(interpreter.state(), -1);
}

const Run* g_run = nullptr;

int arm_now(lua_State*) {
  arm(g_run->plan, g_run->n);
  return 0;
}

int disarm_now(lua_State*) {
  disarm();
  return 0;
}

/// What the interpreter still has, when nothing runs any more.
std::string left_in(Interpreter& interpreter) {
  lua_State* L = interpreter.state();
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  const Scheduler& scheduler = interpreter.scheduler();
  if (scheduler.task_count() != 0) return std::to_string(scheduler.task_count()) + " tasks are left";
  const std::uint64_t limit = uv_hrtime() + 2'000'000'000;
  while (interpreter.alive() && uv_hrtime() < limit) {  // a timer of a second may be left, for one
    interpreter.step(0.001);
    lua_gc(L, LUA_GCCOLLECT);
  }
  if (interpreter.loop().timers().size() != 0) return "a timer is left";
  return interpreter.loop().alive() ? "a handle or request is left in the loop" : "";
}

std::string check_use(Interpreter& interpreter, bool closed) {
  lua_State* L = interpreter.state();
  if (luaL_loadbuffer(L, kCheck, std::char_traits<char>::length(kCheck), "=check") != LUA_OK) return "cannot be loaded";
  const Task& task = interpreter.run_main(0);
  std::string problem;
  if (task.state != FutureState::finished) problem = "afterwards: " + text_of(L, -1);
  lua_settop(L, 0);
  return problem.empty() && closed ? left_in(interpreter) : problem;
}

Outcome run_scenario(const LuaScenario& scenario, const Run& run) {
  g_run = &run;
  Outcome outcome;
  Interpreter interpreter(options_of(scenario));
  watch(&interpreter.allocator());
  lua_State* L = interpreter.state();
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_setglobal(L, "module_file");
  lua_pushstring(L, NEAP_BINARY);
  lua_setglobal(L, "neap_binary");
  push_runner(L);
  lua_pushstring(L, scenario.file.c_str());
  lua_pushstring(L, scenario.name.c_str());
  lua_pushboolean(L, run.warm ? 1 : 0);
  lua_pushcfunction(L, arm_now);
  lua_pushcfunction(L, disarm_now);
  outcome.error = run_task(interpreter, 5, disarm);
  if (outcome.error.empty() && (lua_getiuservalue(L, -1, kResult), lua_isstring(L, -1) != 0)) {
    outcome.error = lua_tostring(L, -1);
  }
  lua_settop(L, 0);
  // Where memory fails for good no `<close>` variable can be closed: what the script has open stays until the end.
  outcome.problem = check_use(interpreter, !run.plan.from_then_on);
  watch(nullptr);
  return outcome;
}

std::vector<LuaScenario> list_file(const std::string& file) {
  Interpreter interpreter;
  lua_State* L = interpreter.state();
  push_runner(L);
  lua_pushstring(L, file.c_str());
  if (const std::string error = run_task(interpreter, 1); !error.empty()) throw std::runtime_error(error);
  lua_getiuservalue(L, -1, kResult);
  std::vector<LuaScenario> list;
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; ++i, lua_settop(L, 2)) {
    lua_getfield(L, -1, "name");
    lua_getfield(L, -2, "clock");
    lua_getfield(L, -3, "sandbox");
    list.push_back({file, lua_tostring(L, -3), !lua_isnil(L, -2), lua_toboolean(L, -1) != 0});
  }
  lua_settop(L, 0);
  return list;
}

}  // namespace

std::vector<Scenario> lua_scenarios() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(kFolder) + "/scenarios")) {
    files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<Scenario> all;
  for (const std::string& file : files) {
    for (const LuaScenario& scenario : list_file(file)) {
      const std::string area = std::filesystem::path(file).stem().string();
      all.push_back({area + ": " + scenario.name, [scenario](const Run& run) { return run_scenario(scenario, run); }});
    }
  }
  return all;
}

}  // namespace neap::internal::tests::memory
