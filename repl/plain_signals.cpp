#include "repl/plain_signals.hpp"

#include "repl/signals.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"

#include <new>
#include <utility>

namespace neap::internal::repl {

namespace {

constexpr UserdataType kPlainSignalsType{"PlainSignals"};

struct PlainSignals;

/// libuv's part. Deletes itself when libuv has closed it.
struct LoopSide {
  uv_async_t told{};
  PlainSignals* owner = nullptr;
};

struct PlainSignals {
  Scheduler* scheduler = nullptr;
  LoopSide* loop_side = nullptr;  // null once it is closed
  Handle* callback = nullptr;
  int anchor = 0;    // of the callback
  int function = 0;  // the anchor of what it calls
  TaskRef foreground{};
  Signals signals{};
};

void on_told(uv_async_t* told) {
  PlainSignals* self = static_cast<LoopSide*>(told->data)->owner;
  if (self == nullptr) return;
  const SignalNews news = self->signals.take();
  if (news.suspend) Signals::stop_process();
  if (!news.interrupt || news.hooked || self->callback->linked()) return;
  lua_State* L = self->scheduler->main_thread();
  self->scheduler->push_anchored(L, self->anchor);
  call_soon(L, *self->scheduler, *self->callback);
  lua_pop(L, 1);
}

bool computes_in_foreground(void* owner) {
  const auto* self = static_cast<const PlainSignals*>(owner);
  const Task* task = self->scheduler->current();
  return task != nullptr && task == self->scheduler->find(self->foreground);
}

/// In the code that Ctrl-C stops. An error in the function is told nobody.
void stopping(void* owner, lua_State* L) {
  const auto* self = static_cast<const PlainSignals*>(owner);
  self->scheduler->push_anchored(L, self->function);
  lua_pushboolean(L, 1);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

void stop(PlainSignals& self) {
  LoopSide* side = std::exchange(self.loop_side, nullptr);
  if (side == nullptr) return;
  self.signals.end();
  side->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&side->told),
           [](uv_handle_t* closed) { delete static_cast<LoopSide*>(closed->data); });
}

/// plain_signals(fn): Ctrl-C calls fn() from the loop, and fn(true) in code that computes, which is then stopped.
int plain_signals(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  Scheduler& scheduler = scheduler_of(L);
  auto* self = new (lua_newuserdatauv(L, sizeof(PlainSignals), 0)) PlainSignals();
  set_type(L, kPlainSignalsType);
  self->scheduler = &scheduler;
  lua_pushvalue(L, 1);
  self->callback = &new_handle(L, 0);
  self->anchor = scheduler.anchor(L);
  lua_pushvalue(L, 1);
  self->function = scheduler.anchor(L);
  auto* side = new LoopSide();
  if (const int code = uv_async_init(scheduler.loop().uv(), &side->told, on_told); code != 0) {
    delete side;
    stdlib::io::raise_uv(L, code, "uv_async_init");
  }
  side->told.data = side;
  uv_unref(reinterpret_cast<uv_handle_t*>(&side->told));
  side->owner = self;
  self->loop_side = side;
  self->signals.begin(scheduler, side->told,
                      {.self = self, .computes_in_foreground = computes_in_foreground, .stopping = stopping});
  return 1;
}

PlainSignals& check_signals(lua_State* L, const char* method) {
  if (void* self = to_userdata(L, 1, kPlainSignalsType)) return *static_cast<PlainSignals*>(self);
  raise(L, ErrorKind::type, "%s must be called with a colon on PlainSignals", method);
}

/// signals:set_foreground(task or nil): it is stopped sooner than others. What came for the one before is over: the
/// loop may not have come round since.
int signals_set_foreground(lua_State* L) {
  PlainSignals& self = check_signals(L, "set_foreground");
  self.foreground = {};
  if (self.signals.take().suspend) Signals::stop_process();
  if (lua_isnoneornil(L, 2)) return 0;
  const Task& task = check_task(L, 2);
  self.foreground = {task.id, task.slot};
  return 0;
}

/// signals:close(): what was done about the signals before is done again.
int signals_close(lua_State* L) {
  PlainSignals& self = check_signals(L, "close");
  if (self.loop_side == nullptr) return 0;
  stop(self);
  cancel_handle(L, *self.scheduler, *self.callback);
  self.scheduler->release(L, self.anchor);
  self.scheduler->release(L, self.function);
  return 0;
}

int signals_gc(lua_State* L) {
  if (void* self = to_userdata(L, 1, kPlainSignalsType)) stop(*static_cast<PlainSignals*>(self));
  return 0;
}

}  // namespace

void add_plain_signals(lua_State* L) {
  new_type(L, kPlainSignalsType);
  static const luaL_Reg kMethods[] = {
      {"set_foreground", bound<signals_set_foreground>}, {"close", bound<signals_close>}, {"__gc", bound<signals_gc>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {{"plain_signals", bound<plain_signals>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::repl
