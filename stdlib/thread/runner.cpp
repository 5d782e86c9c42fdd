#include "stdlib/thread/runner.hpp"

#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/park.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/thread/home.hpp"
#include "stdlib/thread/pool.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <utility>

namespace neap::internal::stdlib::thread {

namespace {

constexpr std::size_t kStackSize = std::size_t{8} << 20;  // as a main thread has on Linux

thread_local Runner* t_runner = nullptr;  // of a worker thread

// In the Isolate, protected. Index 1 is the Call, or the SearchPaths, as a light userdata.

Call& call_of(lua_State* L) { return *static_cast<Call*>(lua_touserdata(L, 1)); }

int set_search_paths(lua_State* L) {
  const auto& paths = *static_cast<const SearchPaths*>(lua_touserdata(L, 1));
  push_own_global(L, "package");
  push(L, paths.lua);
  lua_setfield(L, -2, "path");
  push(L, paths.c);
  lua_setfield(L, -2, "cpath");
  return 0;
}

/// Pushes the function and its arguments, and returns how many values these are. The first upvalue, or argument, is the
/// Call.
int take(lua_State* L, Call& call) {
  if (call.entry != nullptr) {
    lua_pushcfunction(L, use_module_file);
    lua_pushstring(L, call.entry);
    lua_call(L, 1, 1);
  }
  const int count = unpack(L, call.arguments);
  call.arguments = Parcel();
  return call.entry != nullptr ? count + 1 : count;
}

int take_later(lua_State* L) { return take(L, *static_cast<Call*>(lua_touserdata(L, lua_upvalueindex(1)))); }

/// Pushes the function of enter.lua and its arguments, and returns how many values these are.
int enter(lua_State* L, Call& call) {
  const std::vector<std::string>& modules = call.arguments.modules();
  const auto count = static_cast<int>(modules.size());
  luaL_checkstack(L, count + LUA_MINSTACK, "too many modules");
  lua_pushcfunction(L, use_module_file);
  lua_pushliteral(L, "thread/enter");
  lua_call(L, 1, 1);
  lua_pushlightuserdata(L, &call);
  lua_pushcclosure(L, bound<take_later>, 1);
  for (const std::string& module : modules) push(L, module);
  return count + 2;
}

/// Pushes the task that makes the call.
int begin(lua_State* L) {
  Call& call = call_of(L);
  const int count = call.arguments.modules().empty() ? take(L, call) : enter(L, call);
  scheduler_of(L).create_task(L, count - 1);
  return 1;
}

/// call, task: packs what came of it.
int finish(lua_State* L) {
  Call& call = call_of(L);
  if (to_task(L, 2)->state == FutureState::finished) {
    const int count = push_result_or_raise(L, 2);
    pack(L, lua_gettop(L) - count + 1, count, "result", call.answer);
    call.outcome = Call::Outcome::returned;
    return 0;
  }
  push_extra(L, 2, "traceback");
  if (const char* trace = lua_tostring(L, -1)) call.trace = trace;
  push_exception(L, 2);
  pack_error(L, lua_gettop(L), call.answer);
  call.outcome = Call::Outcome::raised;
  return 0;
}

/// call, error: the results cannot cross, says the error.
int finish_otherwise(lua_State* L) {
  Call& call = call_of(L);
  pack_error(L, 2, call.answer);
  call.outcome = Call::Outcome::raised;
  return 0;
}

}  // namespace

Runner::Runner(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
Runner::~Runner() = default;

// The thread.

int Runner::start() {
  pthread_attr_t attributes;
  if (const int error = pthread_attr_init(&attributes); error != 0) return error;
  pthread_attr_setstacksize(&attributes, kStackSize);
  const int error = pthread_create(&thread_, &attributes, thread_main, this);
  pthread_attr_destroy(&attributes);
  return error;
}

void* Runner::thread_main(void* self) {
  auto* runner = static_cast<Runner*>(self);
  const std::shared_ptr<Home> home = runner->pool_->home();  // it outlives the runner
  t_runner = runner;
  runner->run();
  t_runner = nullptr;
  home->thread_ended(runner);
  return nullptr;
}

void Runner::run() {
  for (Call* call = pool_->next_call(*this); call != nullptr; call = pool_->call_ended(*this, *call)) execute(*call);
  close();
}

void Runner::open() {
  try {
    isolate_ = pool_->home()->factory().make();
  } catch (const SystemFailure& problem) {
    problem_ = problem.what();
    problem_code_ = problem.code();
    return;
  } catch (const std::exception& problem) {
    problem_ = problem.what();
    problem_code_ = 0;
    return;
  }
  lua_State* L = isolate_->state();
  lua_pushcfunction(L, bound<set_search_paths>);
  lua_pushlightuserdata(L, const_cast<SearchPaths*>(&pool_->paths()));
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_settop(L, 0);
  isolate_->scheduler().is_worker = true;
  isolate_->scheduler().loop().set_wake_hook([this] { interrupt_loop(); });
  scheduler_.store(&isolate_->scheduler());
}

void Runner::close() {
  scheduler_.store(nullptr);
  isolate_.reset();
}

void Runner::execute(Call& call) {
  try {
    try_to_execute(call);
  } catch (const std::bad_alloc&) {  // outside of Lua's calls: its Isolate may be in the middle of anything
    root_ = nullptr;
    close();
    call.outcome = Call::Outcome::lost;
    call.problem.clear();
  }
}

void Runner::try_to_execute(Call& call) {
  if (!isolate_) open();  // also after a failure: what was missing may be there again
  if (!isolate_) {
    call.problem = problem_;
    call.problem_code = problem_code_;
  } else if (is_interrupted()) {
    call.outcome = Call::Outcome::cancelled;
  } else {
    run_task(call);
    lua_settop(isolate_->state(), 0);
  }
}

void Runner::run_task(Call& call) {
  lua_State* L = isolate_->state();
  Scheduler& scheduler = isolate_->scheduler();
  lua_sethook(L, nullptr, 0, 0);  // new coroutines would have it too
  lua_pushcfunction(L, bound<begin>);
  lua_pushlightuserdata(L, &call);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    call.problem = lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "its arguments cannot be taken over";
    return;
  }
  Task& task = *to_task(L, -1);
  root_ = &task;
  scheduler.run_until(task);
  task.retrieved = true;
  root_ = nullptr;
  if (scheduler.task_count() != 0) scheduler.cancel_all_and_wait();
  scheduler.report_unretrieved(L);
  lua_pushcfunction(L, bound<finish>);
  lua_pushlightuserdata(L, &call);
  lua_pushvalue(L, 1);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return;
  lua_pushcfunction(L, bound<finish_otherwise>);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, &call);
  lua_insert(L, -2);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) call.problem = "what came of it cannot be copied to another thread";
}

// Interruptions.

void Runner::interrupt(Stop level) {
  if (level > stop_.load()) stop_.store(level);
  interrupt_again();
}

void Runner::interrupt_again() {
  if (Scheduler* scheduler = scheduler_.load()) scheduler->loop().wake();
  if (pool_->home()->scheduler().owns_process && install_handler()) pthread_kill(thread_, SIGURG);
}

/// False when the program handles the signal itself: then calls are interrupted where they wait only, as in a process
/// that is not this program's.
bool Runner::install_handler() {
  struct sigaction action {};
  sigaction(SIGURG, nullptr, &action);
  if (action.sa_handler == on_signal) return true;
  if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) return false;
  action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGURG, &action, nullptr) == 0;
}

void Runner::on_signal(int) {
  const int saved_errno = errno;
  const Runner* runner = t_runner;
  Scheduler* scheduler = runner != nullptr ? runner->scheduler_.load() : nullptr;
  if (scheduler != nullptr && runner->is_interrupted()) {
    lua_sethook(scheduler->running(), on_hook, LUA_MASKCOUNT, 1);  // as lua.c does
  }
  errno = saved_errno;
}

/// In the Isolate's loop, outside Lua.
void Runner::interrupt_loop() {
  const Stop level = stop_.load();
  if (level == Stop::none || root_ == nullptr) return;
  Scheduler& scheduler = isolate_->scheduler();
  lua_State* L = scheduler.main_thread();
  if (level == Stop::kill) {
    scheduler.push_tasks(L);
    scheduler.cancel_list(L);
  } else {
    stop_.store(Stop::none);
    lua_pushnil(L);
    scheduler.cancel(L, *root_);
  }
}

void Runner::on_hook(lua_State* L, lua_Debug*) {
  if (t_runner != nullptr) return t_runner->interrupt_lua(L);
  lua_sethook(L, nullptr, 0, 0);
}

/// Before an instruction of Lua code.
void Runner::interrupt_lua(lua_State* L) {
  const Stop level = stop_.load();
  if (level != Stop::kill) {
    lua_sethook(L, nullptr, 0, 0);
    if (level == Stop::none) return;
    stop_.store(Stop::none);
  }
  Scheduler& scheduler = isolate_->scheduler();
  Task* task = scheduler.current();
  if (level == Stop::cancel && root_ != nullptr) {
    lua_pushnil(L);
    scheduler.cancel(L, *root_);
    if (task != nullptr && task != root_) {
      lua_pushnil(L);
      scheduler.cancel(L, *task);
    }
    if (task != nullptr && task->must_cancel != 0) raise_cancelled(L, *task);
  }
  lua_pushliteral(L, "");
  wrap_message(L, ErrorKind::cancelled);
  lua_error(L);
}

}  // namespace neap::internal::stdlib::thread
