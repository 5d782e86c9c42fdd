// io.write, io.flush, and the write, flush and setvbuf of files.
//
// They answer as in Lua, but a pipe whose reader has gone is raised: nil and a message are looked at by few programs,
// and such a pipe never comes back. Of a file that is not an AwaitedFile the rest is stock Lua's.
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/continuation.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/base/awaited_file.hpp"

#include <uv.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

constexpr WaitKind kWrite{.abandon = abandon_awaited, .name = "file:write"};

[[noreturn]] void raise_broken_pipe(lua_State* L, const char* path) {
  raise_os_error(L, -EPIPE, system_error_name(-EPIPE), system_error_text(-EPIPE), "write", path);
}

/// Raises when a stock function that was called with the stack empty but for its arguments failed with EPIPE.
int guard(lua_State* L, int count) {
  if (count == 3 && lua_isnil(L, -3) && lua_tointeger(L, -1) == EPIPE) {
    std::clearerr(stdout);
    raise_broken_pipe(L, "<stdout>");
  }
  return count;
}

// While a call waits, the file is on the top of the stack: the result of a write that succeeds.

/// The answer of a call whose bytes have been written; kFlush: of a flush.
constexpr lua_KContext kFlush = 1;

int answer(lua_State* L, int error, lua_KContext call) {
  if (error == EPIPE) raise_broken_pipe(L, nullptr);
  if (error == 0 && call != kFlush) return 1;
  errno = error;
  return luaL_fileresult(L, error == 0 ? 1 : 0, nullptr);
}

int turn_has_come(lua_State* L, int, lua_KContext call);

/// The task is the holder.
int write_on(lua_State* L, AwaitedFile& file, lua_KContext call) {
  file.error = 0;
  if (write_due(file, false)) {
    file.pass_on();
    return answer(L, file.error, call);
  }
  Task& task = *scheduler_of(L).current();
  if (task.must_cancel != 0) {
    file.pass_on();
    raise_cancelled(L, task);
  }
  file.watch(task);
  return park(L, task, kWrite, &file, bound_continuation<turn_has_come>, call);
}

int turn_has_come(lua_State* L, int, lua_KContext call) {
  finish_wait(L);
  AwaitedFile* file = awaited_file(L, -1, true);
  if (file == nullptr) return luaL_error(L, "attempt to use a closed file");
  return write_on(L, *file, call);
}

/// Writes what is due; the file is on the top of the stack.
int begin_write(lua_State* L, AwaitedFile& file, lua_KContext call) {
  if (file.due == 0) return answer(L, 0, call);
  if (!scheduler_of(L).can_suspend(L)) {
    file.error = 0;
    write_due(file, true);
    return answer(L, file.error, call);
  }
  Task& task = check_can_wait(L, kWrite.name);
  if (file.holder == nullptr) {
    file.holder = &task;
    return write_on(L, file, call);
  }
  file.waiters.push_back(task);
  return park(L, task, kWrite, &file, bound_continuation<turn_has_come>, call);
}

/// Adds what the argument at `index` is written as.
void add_argument(lua_State* L, AwaitedFile& file, int index) {
  std::size_t size = 0;
  const char* text = nullptr;
  char number[64];
  if (lua_type(L, index) == LUA_TNUMBER) {
    const int length = lua_isinteger(L, index) != 0
                           ? std::snprintf(number, sizeof number, LUA_INTEGER_FMT, lua_tointeger(L, index))
                           : std::snprintf(number, sizeof number, LUA_NUMBER_FMT, lua_tonumber(L, index));
    size = static_cast<std::size_t>(length);
    text = number;
  } else {
    text = luaL_checklstring(L, index, &size);
  }
  file.bytes.append({text, size});
}

/// How much of what is collected must be written now.
std::size_t due_of(const AwaitedFile& file) {
  const std::size_t unused = file.unused();
  std::size_t due = unused - unused % file.block;  // whole blocks
  if (file.buffering == Buffering::none) due = unused;
  if (file.buffering == Buffering::line) {
    const char* from = file.bytes.data() + file.begin;
    for (std::size_t size = unused; size > due; --size) {
      if (from[size - 1] == '\n') due = size;
    }
  }
  return due;
}

/// The arguments are from index `first` up to the file, which is on the top of the stack.
int write_arguments(lua_State* L, AwaitedFile& file, int first) {
  const int top = lua_gettop(L);
  for (int index = first; index < top; ++index) add_argument(L, file, index);
  file.due = due_of(file);
  return begin_write(L, file, 0);
}

/// 1 for standard output, 2 for standard error, 0 for any other file; of the open file at `index`.
int standard_of(lua_State* L, int index) {
  const auto* stream = static_cast<luaL_Stream*>(luaL_testudata(L, index, LUA_FILEHANDLE));
  if (stream == nullptr || stream->closef == nullptr) return 0;
  return stream->f == stdout ? 1 : stream->f == stderr ? 2 : 0;
}

/// Gives the arguments from `first` on, in one piece, to the application, which has taken over standard output.
int write_to_application(lua_State* L, int standard, int first, int file) {
  const int top = lua_gettop(L);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int index = first; index <= top; ++index) {
    luaL_checklstring(L, index, nullptr);
    lua_pushvalue(L, index);
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  scheduler_of(L).output(standard, check_view(L, -1));
  lua_pushvalue(L, file);
  return 1;
}

/// io.write(...)
int io_write(lua_State* L) {
  if (scheduler_of(L).output) {
    lua_getfield(L, LUA_REGISTRYINDEX, "_IO_output");
    lua_insert(L, 1);
    if (const int standard = standard_of(L, 1); standard != 0) return write_to_application(L, standard, 2, 1);
    lua_remove(L, 1);
  }
  AwaitedFile* file = push_awaited_default(L, "_IO_output", true);
  return file == nullptr ? guard(L, stock_io(L).write(L)) : write_arguments(L, *file, 1);
}

/// file:write(...)
int file_write(lua_State* L) {
  if (scheduler_of(L).output) {
    if (const int standard = standard_of(L, 1); standard != 0) return write_to_application(L, standard, 2, 1);
  }
  AwaitedFile* file = awaited_file(L, 1, true);
  if (file == nullptr) return guard(L, stock_io(L).file_write(L));
  lua_pushvalue(L, 1);
  return write_arguments(L, *file, 2);
}

int flush(lua_State* L, AwaitedFile& file) {
  file.due = file.unused();
  return begin_write(L, file, kFlush);
}

/// io.flush()
int io_flush(lua_State* L) {
  AwaitedFile* file = push_awaited_default(L, "_IO_output", true);
  return file == nullptr ? guard(L, stock_io(L).flush(L)) : flush(L, *file);
}

/// file:flush()
int file_flush(lua_State* L) {
  AwaitedFile* file = awaited_file(L, 1, true);
  if (file == nullptr) return guard(L, stock_io(L).file_flush(L));
  lua_settop(L, 1);
  return flush(L, *file);
}

/// file:setvbuf(mode, size)
int file_setvbuf(lua_State* L) {
  const int count = stock_io(L).file_setvbuf(L);  // it checks the arguments
  const bool writes = awaited_file(L, 1, true) != nullptr;
  AwaitedFile* file = awaited_file(L, 1, writes);
  if (file == nullptr) return count;
  const char* mode = lua_tostring(L, 2);
  file->buffering = std::strcmp(mode, "no") == 0     ? Buffering::none
                    : std::strcmp(mode, "line") == 0 ? Buffering::line
                                                     : Buffering::full;
  return count;
}

}  // namespace

void replace_writing(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"write", bound<file_write>}, {"flush", bound<file_flush>}, {"setvbuf", bound<file_setvbuf>}};
  set_functions(L, kMethods);
  lua_pushvalue(L, -2);
  static const luaL_Reg kFunctions[] = {{"write", bound<io_write>}, {"flush", bound<io_flush>}};
  set_functions(L, kFunctions);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
