// Opens the test module's C++ part: the table `core` for its Lua files.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/test/module.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

// What the runner asks of the scheduler.

/// place(task): "file:line" where it was made, or nil.
int task_place(lua_State* L) {
  const std::string& place = scheduler_of(L).place(check_task(L, 1));
  if (place.empty()) {
    lua_pushnil(L);
  } else {
    push(L, place);
  }
  return 1;
}

/// trail(err): the trace of the error that native.trap has just caught, or nil.
int trail(lua_State* L) {
  luaL_checkany(L, 1);
  push_caught_trail(L, 1);
  return 1;
}

/// interrupted(): true when a SIGINT has asked the program to end.
int interrupted(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).interrupted());
  return 1;
}

/// idle(): true when nothing but the running task is ready.
int idle(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).nothing_ready());
  return 1;
}

int is_virtual(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).loop().clock().is_virtual());
  return 1;
}

/// pending_timers(): a list of {handle, function, seconds until it is due, where it was set or nil}, one for each
/// scheduled call_later and call_at, in no order.
int pending_timers(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  TimerHeap& timers = scheduler.loop().timers();
  const Deadline now = scheduler.loop().clock().now();
  lua_newtable(L);
  lua_Integer count = 0;
  for (std::size_t i = 0; i < timers.slots(); ++i) {
    if (timers.at(i) == nullptr || timers.at(i)->timer_kind != TimerKind::handle) continue;
    const auto& handle = static_cast<const Handle&>(*timers.at(i));
    lua_createtable(L, 4, 0);
    scheduler.push_anchored(L, handle.anchor);
    lua_getiuservalue(L, -1, 1);
    lua_rawseti(L, -3, 2);
    lua_rawseti(L, -2, 1);
    lua_pushnumber(L, Clock::seconds(handle.when - now));
    lua_rawseti(L, -2, 3);
    if (const std::string& place = scheduler.place(handle.origin); !place.empty()) {
      push(L, place);
      lua_rawseti(L, -2, 4);
    }
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

// What it asks of the process.

/// now(): seconds on the real clock.
int now(lua_State* L) {
  lua_pushnumber(L, Clock::seconds(static_cast<Deadline>(uv_hrtime())));
  return 1;
}

/// is_terminal(descriptor)
int is_terminal(lua_State* L) {
  lua_pushboolean(L, isatty(static_cast<int>(luaL_checkinteger(L, 1))) != 0);
  return 1;
}

/// executable(): the path of this program.
int executable(lua_State* L) {
  char path[4096];
  std::size_t size = sizeof path;
  if (uv_exepath(path, &size) != 0) raise(L, ErrorKind::os, "the path of this program cannot be found");
  lua_pushlstring(L, path, size);
  return 1;
}

/// kind_of(path): "directory", "file" (a regular one), "other" or nil.
int kind_of(lua_State* L) {
  struct stat status {};
  if (stat(luaL_checkstring(L, 1), &status) != 0) {
    lua_pushnil(L);
  } else {
    lua_pushstring(L, S_ISDIR(status.st_mode) ? "directory" : S_ISREG(status.st_mode) ? "file" : "other");
  }
  return 1;
}

/// divert_output(): from now on what is printed goes to stderr. Returns a file that writes to the old stdout.
int divert_output(lua_State* L) {
  std::fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  std::FILE* file = kept >= 0 ? fdopen(kept, "w") : nullptr;
  if (file == nullptr || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    raise(L, ErrorKind::os, "standard output cannot be duplicated");
  }
  auto* stream = static_cast<luaL_Stream*>(lua_newuserdatauv(L, sizeof(luaL_Stream), 0));
  stream->f = file;
  stream->closef = [](lua_State* state) {
    auto* closed = static_cast<luaL_Stream*>(luaL_checkudata(state, 1, LUA_FILEHANDLE));
    return luaL_fileresult(state, std::fclose(closed->f) == 0 ? 1 : 0, nullptr);
  };
  luaL_setmetatable(L, LUA_FILEHANDLE);
  return 1;
}

/// write_events(descriptor, text): all of it; for a child of `neap test --jobs`, whose parent reads there.
int write_events(lua_State* L) {
  const auto descriptor = static_cast<int>(luaL_checkinteger(L, 1));
  std::string_view text = check_view(L, 2);
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;  // the parent is gone
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// What the interpreter provides, if there is one.

/// at_end(fn): fn is called when the script has ended.
int at_end(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, kAtEnd);
  return 0;
}

/// format_error(err, trace or nil, colour, path of the test file): the report of an error, as text.
int format_error(lua_State* L) {
  lua_settop(L, 4);
  if (lua_getfield(L, LUA_REGISTRYINDEX, kFormatError) == LUA_TFUNCTION) {
    lua_insert(L, 1);
    lua_call(L, 4, 1);
    return 1;
  }
  luaL_tolstring(L, 1, nullptr);
  return 1;
}

}  // namespace

int open_test(lua_State* L) {
  lua_createtable(L, 0, 24);
  static const luaL_Reg kFunctions[] = {
      {"place", bound<task_place>},
      {"trail", bound<trail>},
      {"interrupted", bound<interrupted>},
      {"idle", bound<idle>},
      {"is_virtual", bound<is_virtual>},
      {"pending_timers", bound<pending_timers>},
      {"now", bound<now>},
      {"is_terminal", bound<is_terminal>},
      {"executable", bound<executable>},
      {"kind_of", bound<kind_of>},
      {"divert_output", bound<divert_output>},
      {"write_events", bound<write_events>},
      {"at_end", bound<at_end>},
      {"format_error", bound<format_error>},
  };
  set_functions(L, kFunctions);
  test::add_watchdog(L);
  test::add_children(L);
  return 1;
}

}  // namespace neap::internal::stdlib
