// Lua's own functions where a program on the loop needs other behaviour: output that meets a closed pipe is
// an error, `os.exit` works inside a task, and only text is loaded unless told otherwise.
#include "runtime/loop/process_end.hpp"
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/chunk.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/coroutine.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/base/awaited_file.hpp"
#include "stdlib/base/bounded.hpp"
#include "stdlib/base/confined.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/registry.hpp"

#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace neap::internal::stdlib {

namespace {

[[noreturn]] void raise_output_error(lua_State* L, int error) {
  std::clearerr(stdout);
  raise_os_error(L, -error, system_error_name(-error), system_error_text(-error), "write", "<stdout>");
}

/// print to the application's function: a line in one piece.
int print_to(lua_State* L, const Scheduler& scheduler, int count) {
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; ++i) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, nullptr);
    luaL_addvalue(&line);
  }
  luaL_addchar(&line, '\n');
  luaL_pushresult(&line);
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  scheduler.output(1, {text, size});
  return 0;
}

/// print(...): as in stock Lua, but output that cannot be written is an OSError.
int print(lua_State* L) {
  const int count = lua_gettop(L);
  if (const Scheduler& scheduler = scheduler_of(L); scheduler.output) return print_to(L, scheduler, count);
  bool failed = false;
  for (int i = 1; i <= count; ++i) {
    std::size_t size = 0;
    const char* text = luaL_tolstring(L, i, &size);
    if (i > 1) failed |= std::fputc('\t', stdout) == EOF;
    failed |= std::fwrite(text, 1, size, stdout) != size;
    lua_pop(L, 1);
  }
  failed |= std::fputc('\n', stdout) == EOF;
  failed |= std::fflush(stdout) != 0;
  if (failed) raise_output_error(L, errno);
  return 0;
}

/// Where the process is not this program's: its run ends here. A task cannot go on behind a wait that nobody ends;
/// other code (a finalizer, a generator inside table.sort) is ended by an error, and the run by its next step.
int end_run(lua_State* L, Scheduler& scheduler, int status) {
  if (scheduler.is_worker) raise(L, ErrorKind::runtime, "os.exit: a worker thread cannot end the program here");
  scheduler.request_exit(status);
  if (scheduler.can_suspend(L))
    return park_ready(L, *scheduler.current(), [](lua_State*, int, lua_KContext) { return 0; });
  return luaL_error(L, "os.exit(%d): this run has been ended", status);
}

/// os.exit(code, close): flushes what was written, and ends the program. With `close` the tasks are not run
/// further, and the state is closed in order first; but not from a worker thread.
int exit_process(lua_State* L) {
  const int status = lua_isboolean(L, 1) ? (lua_toboolean(L, 1) != 0 ? EXIT_SUCCESS : EXIT_FAILURE)
                                         : static_cast<int>(luaL_optinteger(L, 1, EXIT_SUCCESS));
  const bool close = lua_toboolean(L, 2) != 0;
  Scheduler& scheduler = scheduler_of(L);
  if (!scheduler.owns_process) return end_run(L, scheduler, status);
  if (scheduler.is_worker) {  // other threads run on: their states, and what is destroyed at exit, are left alone
    flush_awaited_files(L);
    end_process(status);
  }
  if (close && scheduler.current() != nullptr && scheduler.running() == L && lua_isyieldable(L) != 0) {
    Task& task = *scheduler.current();
    scheduler.request_exit(status);
    return park_ready(L, task, [](lua_State*, int, lua_KContext) { return 0; });
  }
  flush_awaited_files(L);
  std::exit(status);  // writes out what the streams hold; the program checks that it could
}

/// The mode of a chunk to load: text, unless the script asks for something else.
const char* opt_mode(lua_State* L, int index) {
  const char* mode = luaL_optstring(L, index, "t");
  if (std::strchr(mode, 'b') == nullptr || bytecode_allowed(L)) return mode;
  if (std::strchr(mode, 't') == nullptr) raise_denied(L, Permission::native, "");
  return "t";
}

int answer_load(lua_State* L, int status, int environment) {
  if (status != LUA_OK) {
    if (scheduler_of(L).stopping) return lua_error(L);
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  repair_chunk(L);
  if (environment != 0) {
    lua_pushvalue(L, environment);
    if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);
  }
  return 1;
}

/// Gives the pieces of `load`'s function argument to Lua's reader; the last one stays at index 5.
const char* next_piece(lua_State* L, void*, std::size_t* size) {
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, 1);
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    *size = 0;
    return nullptr;
  }
  if (lua_isstring(L, -1) == 0) luaL_error(L, "reader function must return a string");
  lua_replace(L, 5);
  return lua_tolstring(L, 5, size);
}

struct Text {
  const char* bytes;
  std::size_t left;
};

/// The same for a long text, so that a limit is seen between two pieces.
const char* next_part(lua_State* L, void* text, std::size_t* size) {
  constexpr std::size_t kAtATime = std::size_t{32} << 10;
  look_at_limits(L);
  auto& rest = *static_cast<Text*>(text);
  *size = std::min(rest.left, kAtATime);
  rest.left -= *size;
  return std::exchange(rest.bytes, rest.bytes + *size);
}

/// load(chunk, name, mode, env)
int load(lua_State* L) {
  const int environment = lua_isnone(L, 4) ? 0 : 4;
  const char* mode = opt_mode(L, 3);
  std::size_t size = 0;
  const char* text = lua_tolstring(L, 1, &size);
  if (text != nullptr) {
    if (size != 0 && *text == LUA_SIGNATURE[0] && !bytecode_allowed(L) && std::strchr(luaL_optstring(L, 3, "t"), 'b')) {
      raise_denied(L, Permission::native, "");
    }
    const char* name = luaL_optstring(L, 2, text);
    Text parts{text, size};
    const int status =
        is_limited(L) ? lua_load(L, next_part, &parts, name, mode) : luaL_loadbufferx(L, text, size, name, mode);
    return answer_load(L, status, environment);
  }
  const char* name = luaL_optstring(L, 2, "=(load)");
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 5);
  return answer_load(L, lua_load(L, next_piece, nullptr, name, mode), environment);
}

/// loadfile(name, mode, env)
int load_file(lua_State* L) {
  const int environment = lua_isnone(L, 3) ? 0 : 3;
  const char* name = luaL_optstring(L, 1, nullptr);
  return answer_load(L, load_lua_file(L, name, opt_mode(L, 2)), environment);
}

int dofile_returned(lua_State* L, int, lua_KContext) { return lua_gettop(L) - 1; }

/// dofile(name)
int do_file(lua_State* L) {
  const char* name = luaL_optstring(L, 1, nullptr);
  lua_settop(L, 1);
  if (load_lua_file(L, name, "t") != LUA_OK) return lua_error(L);
  repair_chunk(L);
  lua_callk(L, 0, LUA_MULTRET, 0, dofile_returned);
  return dofile_returned(L, LUA_OK, 0);
}

/// Replaces what blocks in the io library and in os.
int replace_io(lua_State* L) {
  stock_io(L);
  lua_getglobal(L, "io");
  luaL_getmetatable(L, LUA_FILEHANDLE);
  lua_getfield(L, -1, "__index");
  lua_remove(L, -2);
  replace_reading(L);
  replace_writing(L);
  lua_pop(L, 1);
  replace_children(L);
  return 0;
}

/// Replaces what no hook can stop.
int replace_unbounded(lua_State* L) {
  bound_strings(L);
  bound_patterns(L);
  bound_tables(L);
  bound_collector(L);
  return 0;
}

int new_future_function(lua_State* L) {
  new_future(L);
  return 1;
}

int current_task(lua_State* L) {
  const Task* task = scheduler_of(L).current();
  if (task == nullptr) {
    lua_pushboolean(L, 0);
  } else {
    push_task(L, *task);
  }
  return 1;
}

/// report(context)
int report(lua_State* L) {
  lua_settop(L, 1);
  scheduler_of(L).report(L);
  return 0;
}

/// check_module(name): raises unless the host allows it.
int check_module(lua_State* L) {
  if (may_have_module(L, check_view(L, 1))) return 0;
  raise(L, ErrorKind::runtime, "the module '%s' is not among those that the host allows", lua_tostring(L, 1));
}

int shielded_wait(lua_State* L) {
  Future& future = check_future(L, 1);
  lua_settop(L, 1);
  return await_future(L, future, true);
}

}  // namespace

int open_base(lua_State* L) {
  scheduler_of(L).add_suspendable(bound<do_file>);
  lua_createtable(L, 0, 12);
  static const luaL_Reg kFunctions[] = {
      {"print", bound<print>},
      {"exit", bound<exit_process>},
      {"load", bound<load>},
      {"loadfile", bound<load_file>},
      {"dofile", bound<do_file>},
      {"replace_io", bound<replace_io>},
      {"replace_unbounded", bound<replace_unbounded>},
      {"Future", bound<new_future_function>},
      {"current_task", bound<current_task>},
      {"shielded_wait", bound<shielded_wait>},
      {"check_module", bound<check_module>},
      {"close", bound<coroutine_close>},
      {"next_put_off", bound<coroutine_next_put_off>},
      {"report", bound<report>},
  };
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
