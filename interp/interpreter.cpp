#include "interp/interpreter.hpp"

#include "interp/isolate.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/registry.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace neap::internal {

namespace {

/// C modules look Lua's functions up among the process's global symbols. A host that loaded this library
/// with RTLD_LOCAL has hidden them: liblua is promoted.
void promote_liblua() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&lua_newstate), &info) != 0 && info.dli_fname != nullptr) {
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL);
  }
}

int panic(lua_State* L) {
  const char* message = lua_tostring(L, -1);
  std::fprintf(stderr, "neap: error outside any protected call: %s\n", message != nullptr ? message : "?");
  std::abort();
}

/// Runs in protected mode: opens the libraries. Arguments: the options, and where the state's threads get theirs, as light
/// userdata.
int open_everything(lua_State* L) {
  const auto& options = *static_cast<const InterpreterOptions*>(lua_touserdata(L, 1));
  using Isolates = std::shared_ptr<const stdlib::thread::IsolateFactory>;
  stdlib::thread::set_isolates(L, static_cast<const Isolates*>(lua_touserdata(L, 2)));
  if (options.ignore_environment) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  open_error_classes(L);
  stdlib::install(L, options.stdlib_directory);
  return 0;
}

void memory_hook(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  auto& allocator = *static_cast<Allocator*>([&] {
    void* context = nullptr;
    lua_getallocf(L, &context);
    return context;
  }());
  if (!allocator.over_limit()) return;
  lua_gc(L, LUA_GCCOLLECT);
  if (allocator.over_limit()) {
    luaL_error(L, "not enough memory (the limit is %I bytes)", static_cast<lua_Integer>(allocator.limit()));
  }
}

}  // namespace

Interpreter::Interpreter(const InterpreterOptions& options)
    : loop_(options.virtual_clock),
      state_(lua_newstate(Allocator::allocate, &allocator_)),
      isolates_(std::make_shared<InterpreterFactory>(options)) {
  if (!state_) throw std::runtime_error("cannot make a Lua state: not enough memory");
  promote_liblua();
  lua_State* L = state_.get();
  lua_atpanic(L, panic);
  install_warnings(L, warnings_);
  scheduler_ = std::make_unique<Scheduler>(L, loop_);
  scheduler_->set_debug(options.debug);
  lua_gc(L, LUA_GCSTOP);
  lua_pushcfunction(L, open_everything);
  lua_pushlightuserdata(L, const_cast<InterpreterOptions*>(&options));
  lua_pushlightuserdata(L, const_cast<std::shared_ptr<const stdlib::thread::IsolateFactory>*>(&isolates_));
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    luaL_tolstring(L, -1, nullptr);
    throw std::runtime_error(lua_tostring(L, -1));
  }
  lua_gc(L, LUA_GCRESTART);
  pause_.emplace(L, allocator_);
  if (options.memory_limit != 0) {
    allocator_.set_limit(
        options.memory_limit, [](void* self) { static_cast<Interpreter*>(self)->on_memory_limit(); }, this);
  }
}

Interpreter::~Interpreter() {
  allocator_.set_limit(0, nullptr, nullptr);
  scheduler_->close();
  pause_.reset();
  state_.reset();
}

void Interpreter::on_memory_limit() { lua_sethook(scheduler_->running(), memory_hook, LUA_MASKCOUNT, 1); }

Task& Interpreter::run_main(int argument_count) {
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
