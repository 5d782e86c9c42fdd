#include "interp/interpreter.hpp"

#include "interp/excerpt.hpp"
#include "interp/isolate.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/registry.hpp"

#include <dlfcn.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace neap::internal {

namespace {

/// C modules look Lua's functions up among the process's global symbols. A host that loaded this library
/// with RTLD_LOCAL has hidden them: liblua is promoted.
void promote_liblua() {
  [[maybe_unused]] static void* const kLibrary = [] {
    Dl_info info;
    const bool known = dladdr(reinterpret_cast<void*>(&lua_newstate), &info) != 0 && info.dli_fname != nullptr;
    return known ? dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL) : nullptr;
  }();
}

/// True when the process would end by a SIGPIPE.
bool broken_pipes_kill() {
  struct sigaction action {};
  return sigaction(SIGPIPE, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_DFL;
}

using Output = std::function<void(int, std::string_view)>;

/// The interpreter's worker threads print as well; and what prints may be called by the function itself.
Output one_at_a_time(const Output& output) {
  if (!output) return nullptr;
  struct Shared {
    std::recursive_mutex mutex;
    Output output;
  };
  auto shared = std::make_shared<Shared>();
  shared->output = output;
  return [shared](int stream, std::string_view text) {
    const std::lock_guard lock(shared->mutex);
    shared->output(stream, text);
  };
}

int text_of(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  return 1;
}

/// Of the error on the top of the stack.
std::string message_of(lua_State* L) {
  lua_pushcfunction(L, text_of);
  lua_insert(L, -2);
  lua_pcall(L, 1, 1, 0);
  const char* text = lua_tostring(L, -1);
  return text != nullptr ? text : "not enough memory";
}

int panic(lua_State* L) {
  const char* message = lua_tostring(L, -1);
  std::fprintf(stderr, "neap: error outside any protected call: %s\n", message != nullptr ? message : "?");
  std::abort();
}

/// The io library's standard input is the scheduler's.
void replace_input(lua_State* L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "_IO_input");
  static_cast<luaL_Stream*>(lua_touserdata(L, -1))->f = scheduler_of(L).standard_input;
  lua_pop(L, 1);
}

/// Runs in protected mode: opens the libraries. Arguments: the options, and where the state's threads get theirs, as
/// light userdata.
int open_everything(lua_State* L) {
  const auto& options = *static_cast<const InterpreterOptions*>(lua_touserdata(L, 1));
  using Isolates = std::shared_ptr<const stdlib::thread::IsolateFactory>;
  stdlib::thread::set_isolates(L, static_cast<const Isolates*>(lua_touserdata(L, 2)));
  if (options.ignore_environment || options.sandbox.enabled) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  open_error_classes(L);
  replace_input(L);
  stdlib::install(L, options.stdlib_directory);
  if (options.modules) stdlib::restrict_modules(L, *options.modules);
  return 0;
}

std::shared_ptr<Permissions> make_permissions(const InterpreterOptions& options) {
  if (!options.sandbox.enabled) return nullptr;
  show_known_sources_only();
  return std::make_shared<Permissions>(options.sandbox, options.permissions_above);
}

}  // namespace

Interpreter::Interpreter(const InterpreterOptions& options)
    : permissions_(make_permissions(options)),
      closing_grace_(options.closing_grace),
      loop_(options.virtual_clock),
      state_(lua_newstate(Allocator::allocate, &allocator_)) {
  allocator_.restock();
  if (!state_ || allocator_.is_short()) throw std::runtime_error("cannot make a Lua state: not enough memory");
  promote_liblua();
  lua_atpanic(state(), panic);
  {
    const EssentialMemory essential(allocator_);  // under no protected call
    scheduler_ = std::make_unique<Scheduler>(state(), loop_);
  }
  try {
    open(options);
  } catch (...) {
    scheduler_->close();
    throw;
  }
}

/// A file, as `neap < file` has it: what is read ahead by one reader is not lost to others.
void Interpreter::open_input(const std::string& text) {
  input_.reset(std::tmpfile());
  if (!input_ || std::fwrite(text.data(), 1, text.size(), input_.get()) != text.size() ||
      std::fseek(input_.get(), 0, SEEK_SET) != 0) {
    throw std::runtime_error("cannot keep the text for standard input in a temporary file");
  }
  scheduler_->standard_input = input_.get();
}

void Interpreter::open(const InterpreterOptions& options) {
  lua_State* L = state();
  InterpreterOptions inherited = options;
  inherited.output = one_at_a_time(options.output);
  if (options.input) {
    open_input(*options.input);
    inherited.input = "";
  }
  scheduler_->output = inherited.output;
  scheduler_->owns_process = options.owns_process;
  scheduler_->shields_broken_pipes = !options.owns_process && broken_pipes_kill();
  scheduler_->set_debug(options.debug);
  scheduler_->permissions = permissions_.get();
  isolates_ = std::make_shared<InterpreterFactory>(std::move(inherited), permissions_);
  install_warnings(L, warnings_);
  lua_gc(L, LUA_GCSTOP);
  lua_pushcfunction(L, open_everything);
  lua_pushlightuserdata(L, const_cast<InterpreterOptions*>(&options));
  lua_pushlightuserdata(L, &isolates_);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) throw std::runtime_error(message_of(L));
  lua_gc(L, LUA_GCRESTART);
  pause_.emplace(L, allocator_);
  if (options.limits.any()) scheduler_->need_limits().set_root(options.limits);
  if (options.uv_loop == nullptr) return;
  host_.emplace(options.uv_loop, loop_.backend_fd(), static_cast<Guest&>(*this));
  scheduler_->set_work_hook([this] { host_->refresh(); });
}

void Interpreter::check_idle() const {
  lua_Debug running;
  if (!scheduler_->is_driven() && lua_getstack(scheduler_->running(), 0, &running) == 0) return;
  std::fputs("neap: an interpreter was destroyed by code that it runs: a task, a callback, a function that it calls\n",
             stderr);
  std::abort();
}

Interpreter::~Interpreter() {
  check_idle();
  end_tasks();
  loop_.refuse_posts();
  scheduler_->set_work_hook(nullptr);
  host_.reset();
  scheduler_->close();
  if (scheduler_->limits() != nullptr) scheduler_->limits()->begin_closing();
}

void Interpreter::end_tasks() {
  if (scheduler_->exit_requested() || scheduler_->is_worker) return;
  const EssentialMemory essential(allocator_);
  if (closing_grace_ > 0 && (has_tasks() || scheduler_->unsent != 0)) {
    const Deadline limit = static_cast<Deadline>(uv_hrtime()) + to_deadline(closing_grace_);
    scheduler_->cancel_all_and_wait(limit);
    scheduler_->sending_grace = limit - static_cast<Deadline>(uv_hrtime());
    scheduler_->finish_sending();
  }
  scheduler_->report_unretrieved(state());
}

Deadline Interpreter::to_deadline(double seconds) {
  constexpr double kLongest = 1e9;  // years: no sum of it and a time overflows
  return static_cast<Deadline>(std::clamp(seconds, 0.0, kLongest) * kNanosecondsPerSecond);
}

double Interpreter::next_timeout() {
  const Deadline left = scheduler_->time_left();
  return left == kNever ? std::numeric_limits<double>::infinity() : Clock::seconds(left);
}

void Interpreter::run() {
  const EssentialMemory essential(allocator_);
  scheduler_->run_all();
  scheduler_->finish_sending();
  scheduler_->report_unretrieved(state());
}

/// The application's loop may be run from within a run of ours, by a function that a task has called.
void Interpreter::run_on_host() {
  if (!scheduler_->is_driven()) scheduler_->run_some(0);
}

Task& Interpreter::run_main(int argument_count) {
  const EssentialMemory essential(allocator_);
  lua_State* L = state();
  Task& task = scheduler_->create_task(L, argument_count);
  lua_pushliteral(L, "main");
  set_extra(L, -2, "name");
  main_ended_ = false;
  scheduler_->run_until(task);
  main_ended_ = true;
  task.retrieved = true;
  scheduler_->cancel_all_and_wait();
  scheduler_->finish_sending();
  scheduler_->report_unretrieved(L);
  scheduler_->warn_of_open_handles();
  return task;
}

void Interpreter::interrupt() {
  interrupted_ = true;
  if (!main_ended_) return scheduler_->interrupt_root();
  interrupted_after_main_ = true;
  scheduler_->push_tasks(state());
  scheduler_->cancel_list(state());
}

}  // namespace neap::internal
