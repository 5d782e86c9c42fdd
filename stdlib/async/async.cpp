// Opens the async module's C++ part: the table `core` for its Lua files.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/channel.hpp"
#include "runtime/task/coroutine.hpp"
#include "runtime/task/gathering.hpp"
#include "runtime/task/generator.hpp"
#include "runtime/task/limit_scope.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/protect.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/select.hpp"
#include "runtime/task/timeout_scope.hpp"
#include "runtime/task/wait_queue.hpp"
#include "runtime/task/watch.hpp"
#include "stdlib/async/module.hpp"
#include "stdlib/registry.hpp"

namespace neap::internal::stdlib {

namespace {

void add_errors(lua_State* L) {
  lua_createtable(L, 0, static_cast<int>(ErrorKind::count_));
  for (int i = 0; i < static_cast<int>(ErrorKind::count_); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    push_error_class(L, kind);
    lua_setfield(L, -2, error_name(kind));
  }
  lua_setfield(L, -2, "errors");
}

/// essential(on): whether what is done from here on, until the task waits, must not fail for want of memory; whether
/// that was so before. See EssentialMemory.
int set_essential(lua_State* L) {
  bool& essential = scheduler_of(L).memory().essential;
  lua_pushboolean(L, essential ? 1 : 0);
  essential = lua_toboolean(L, 1) != 0;
  return 1;
}

}  // namespace

int open_async(lua_State* L) {
  open_timeout(L);
  open_limit(L);
  open_watch(L);
  open_gathering(L);
  open_wait_queue(L);
  open_channel(L);
  open_select(L);
  lua_createtable(L, 0, 48);
  static const luaL_Reg kFunctions[] = {
      {"sleep", bound<sleep>},
      {"catch", bound<catch_all>},
      {"essential", bound<set_essential>},
      {"trap", bound<trap>},
      {"caught", bound<drop_trail_and_return>},
      {"class", bound<make_error_class>},
      {"is", bound<error_is>},
      {"timeout", bound<new_timeout>},
      {"timeout_at", bound<new_timeout_at>},
      {"limit", bound<new_limit>},
      {"watch", bound<new_watch>},
      {"gathering", bound<new_gathering>},
      {"wait_queue", bound<new_wait_queue>},
      {"generator", bound<new_generator_function>},
      {"generator_close", bound<generator_close>},
      {"generator_state", bound<generator_state>},
      {"coroutine_close", bound<coroutine_close>},
      {"next_put_off", bound<coroutine_next_put_off>},
      {"open_lock", bound<open_lock>},
      {"open_semaphore", bound<open_semaphore>},
      {"open_event", bound<open_event>},
      {"open_queue", bound<open_queue>},
      {"Channel", bound<new_channel>},
      {"select", bound<select_case>},
      {"on_timeout", bound<new_timeout_case>},
  };
  set_functions(L, kFunctions);
  add_errors(L);
  open_generator(L);
  lua_setfield(L, -2, "Generator");
  add_futures(L);
  add_coroutines(L);
  add_gather(L);
  add_loop(L);
  add_schedule(L);
  add_graph(L);
  return 1;
}

}  // namespace neap::internal::stdlib
