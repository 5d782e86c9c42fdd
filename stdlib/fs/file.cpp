// open, and the File objects it makes: Lua's own files, whose operations wait and raise.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/file_jobs.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/io/formats.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <new>

namespace neap::internal::stdlib::fs {

namespace {

constexpr WaitKind kOpen = offload_wait("fs.open");
constexpr WaitKind kRead = offload_wait("File:read");
constexpr WaitKind kWrite = offload_wait("File:write");
constexpr WaitKind kFlush = offload_wait("File:flush");
constexpr WaitKind kSeek = offload_wait("File:seek");
constexpr WaitKind kSync = offload_wait("File:sync");
constexpr WaitKind kTruncate = offload_wait("File:truncate");
constexpr WaitKind kStat = offload_wait("File:stat");
constexpr WaitKind kClose = offload_wait("File:close");

File& check_file(lua_State* L, const char* method) {
  if (void* file = to_userdata(L, 1, kFileType)) return *static_cast<File*>(file);
  raise(L, ErrorKind::type, "%s must be called with a colon on a File, got %s", method, type_name(L, 1));
}

/// The File at index 1, which must be open and not in use by another task.
File& check_usable(lua_State* L, const char* method) {
  File& file = check_file(L, method);
  if (!file.state) raise(L, ErrorKind::runtime, "%s: the file '%s' is closed", method, file.path.c_str());
  if (file.state->busy()) {
    raise(L, ErrorKind::runtime, "%s: another task is waiting for an operation on the file '%s'; open it twice", method,
          file.path.c_str());
  }
  return file;
}

File& check_usable_for(lua_State* L, const char* method, bool File::*permission, const char* syscall) {
  File& file = check_usable(L, method);
  if (!(file.*permission)) raise_failure(L, {EBADF, syscall}, file.path.c_str());
  return file;
}

// open.

struct OpenMode {
  int flags = 0;
  bool readable = false;
  bool writable = false;
};

/// [rwa] [+] [b] [x]; x after w only
OpenMode check_mode(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return {O_RDONLY, true, false};
  if (lua_type(L, index) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument %d (mode) of %s must be a string, got %s", index, kOpen.name,
          type_name(L, index));
  }
  std::size_t size = 0;
  const char* mode = lua_tolstring(L, index, &size);
  const char* rest = *mode != '\0' ? mode + 1 : mode;
  const bool both = *rest == '+';
  if (both) ++rest;
  const bool known = *mode == 'r' || *mode == 'w' || *mode == 'a';
  if (*rest == 'b') ++rest;
  const bool exclusive = *mode == 'w' && *rest == 'x';
  if (exclusive) ++rest;
  if (!known || rest != mode + size) {
    raise(L, ErrorKind::value,
          "argument %d (mode) of %s must be r, w, a, r+, w+ or a+, with or without b, and x after w, got '%s'", index,
          kOpen.name, mode);
  }
  const int access = both ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
  const int more = exclusive      ? O_CREAT | O_EXCL
                   : *mode == 'w' ? O_CREAT | O_TRUNC
                   : *mode == 'a' ? O_CREAT | O_APPEND
                                  : 0;
  return {access | more, both || *mode == 'r', both || *mode != 'r'};
}

/// open(path, mode): a File.
int open(lua_State* L) {
  const char* path = check_path(L, 1, kOpen.name);
  const OpenMode mode = check_mode(L, 2);
  return run_job<OpenJob>(L, kOpen, 0, path, mode.flags, mode.readable, mode.writable);
}

// read and lines.

/// file:read(...)
int file_read(lua_State* L) {
  File& file = check_usable_for(L, kRead.name, &File::readable, "read");
  io::check_formats(L, file.plan, kRead.name);
  if (file.state->jobs == 0 && run_buffered(file)) return push_results(L, *file.state, file.plan);
  return run_job<FileReadJob>(L, kRead, 0, file, std::move(file.plan));
}

/// file:lines(...)
int file_lines(lua_State* L) {
  File& file = check_file(L, "File:lines");
  if (!file.state) raise(L, ErrorKind::runtime, "File:lines: the file '%s' is closed", file.path.c_str());
  return io::push_lines<file_read>(L, "File:lines");
}

// write, flush and setvbuf.

/// file:write(...): the file.
int file_write(lua_State* L) {
  File& file = check_usable_for(L, kWrite.name, &File::writable, "write");
  const int top = lua_gettop(L);
  std::size_t total = 0;
  for (int index = 2; index <= top; ++index) {
    if (lua_isstring(L, index) == 0) {
      raise(L, ErrorKind::type, "argument %d of %s must be a string or a number, got %s", index - 1, kWrite.name,
            type_name(L, index));
    }
    std::size_t size = 0;
    lua_tolstring(L, index, &size);
    total += size;
  }
  if (top == 2 && total >= file.state->buffer_size) {  // the string goes to the file as it is
    return run_job<FileWriteJob>(L, kWrite, 2, file, check_view(L, 2));
  }
  if (file.state->jobs == 0) {
    if (!append_pending(L, *file.state)) return lua_settop(L, 1), 1;
    return run_job<FileWriteJob>(L, kWrite, 0, file, std::string_view());
  }
  Task& task = check_can_wait(L, kWrite.name);  // an abandoned job uses the buffer
  auto job = std::make_unique<FileWriteJob>(file, std::string_view());
  job->confine(L);
  for (int index = 2; index <= top; ++index) job->append(check_view(L, index));
  return offload(L, task, kWrite, std::move(job));
}

/// file:flush(): true.
int file_flush(lua_State* L) {
  File& file = check_usable(L, kFlush.name);
  if (file.state->jobs == 0 && file.state->pending.empty()) {
    lua_pushboolean(L, 1);
    return 1;
  }
  return run_job<FlushJob>(L, kFlush, 0, file);
}

/// file:setvbuf(mode, size): true.
int file_setvbuf(lua_State* L) {
  File& file = check_usable(L, "File:setvbuf");
  static const char* const kNames[] = {"full", "line", "no"};
  const char* mode = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  int chosen = 0;
  while (chosen < 3 && std::strcmp(mode, kNames[chosen]) != 0) ++chosen;
  if (chosen == 3) {
    raise(L, ErrorKind::value, "argument 1 (mode) of File:setvbuf must be \"no\", \"full\" or \"line\", got %s",
          luaL_tolstring(L, 2, nullptr));
  }
  int exact = 1;
  const lua_Integer size = lua_isnoneornil(L, 3) ? BufferedFile::kChunk : lua_tointegerx(L, 3, &exact);
  if (exact == 0 || size < 0) {
    raise(L, ErrorKind::value, "argument 2 (size) of File:setvbuf must be a number of bytes, got %s",
          luaL_tolstring(L, 3, nullptr));
  }
  file.state->buffering = static_cast<Buffering>(chosen);
  file.state->buffer_size = static_cast<std::size_t>(size);
  lua_pushboolean(L, 1);
  return 1;
}

/// file:seek(whence, offset): the position.
int file_seek(lua_State* L) {
  File& file = check_usable(L, kSeek.name);
  static const char* const kNames[] = {"set", "cur", "end"};
  static const int kWhences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  const char* whence = lua_isnoneornil(L, 2) ? "cur" : lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  int chosen = 0;
  while (chosen < 3 && std::strcmp(whence, kNames[chosen]) != 0) ++chosen;
  if (chosen == 3) {
    raise(L, ErrorKind::value, "argument 1 (whence) of %s must be \"set\", \"cur\" or \"end\", got %s", kSeek.name,
          luaL_tolstring(L, 2, nullptr));
  }
  int exact = 1;
  const lua_Integer offset = lua_isnoneornil(L, 3) ? 0 : lua_tointegerx(L, 3, &exact);
  if (exact == 0 || offset < std::numeric_limits<off_t>::min() || offset > std::numeric_limits<off_t>::max()) {
    raise(L, ErrorKind::value, "argument 2 (offset) of %s must be an integer, got %s", kSeek.name,
          luaL_tolstring(L, 3, nullptr));
  }
  return run_job<SeekJob>(L, kSeek, 0, file, static_cast<off_t>(offset), kWhences[chosen]);
}

/// file:sync({data=}): true.
int file_sync(lua_State* L) {
  File& file = check_usable(L, kSync.name);
  check_options(L, 2, kSync.name, {"data"});
  const bool data_only = flag_option(L, 2, kSync.name, "data", false);
  return run_job<SyncJob>(L, kSync, 0, file, data_only);
}

/// file:truncate(size): true.
int file_truncate(lua_State* L) {
  File& file = check_usable_for(L, kTruncate.name, &File::writable, "ftruncate");
  int exact = 1;
  const lua_Integer size = lua_isnoneornil(L, 2) ? -1 : lua_tointegerx(L, 2, &exact);
  if (exact == 0 || (size < 0 && !lua_isnoneornil(L, 2)) || size > std::numeric_limits<off_t>::max()) {
    raise(L, ErrorKind::value, "argument 1 (size) of %s must be a number of bytes, got %s", kTruncate.name,
          luaL_tolstring(L, 2, nullptr));
  }
  return run_job<TruncateJob>(L, kTruncate, 0, file, static_cast<off_t>(size));
}

/// file:stat(): a table, as fs.stat's.
int file_stat(lua_State* L) { return run_job<StatusJob>(L, kStat, 0, check_usable(L, kStat.name)); }

// The end of a file.

int close_now(lua_State* L, File& file) {
  auto job = std::make_unique<CloseJob>(file);
  job->confine(L);
  file.state.reset();
  file.closed();
  return offload_always(L, kClose, std::move(job));
}

/// file:close(): true.
int file_close(lua_State* L) { return close_now(L, check_usable(L, kClose.name)); }

/// At the end of a block a file that was closed already is fine; one that another task is using is closed
/// when that operation ends.
int file_leave(lua_State* L) {
  File& file = check_file(L, kClose.name);
  if (!file.state) return 0;
  if (!file.state->busy()) return close_now(L, file);
  file.state.reset();
  file.closed();
  return 0;
}

/// A file that nobody has closed. Bytes that were never flushed are written on the pool.
int file_gc(lua_State* L) {
  File& file = check_file(L, "File:__gc");
  file.collected(scheduler_of(L));
  if (file.state && (file.state->jobs != 0 || !file.state->pending.empty() || file.state->temporary)) {
    auto job = std::make_unique<CloseJob>(file);
    job->confine(L);
    run_detached(scheduler_of(L).loop().uv(), std::move(job));
  }
  file.~File();
  new (&file) File();  // another finalizer may still hold it
  return 0;
}

int file_tostring(lua_State* L) {
  const File& file = check_file(L, "File:__tostring");
  if (!file.state) {
    lua_pushfstring(L, "<File '%s' closed>", file.path.c_str());
  } else {
    const char* access = !file.writable ? "reading" : file.readable ? "reading and writing" : "writing";
    lua_pushfstring(L, "<File '%s' open for %s%s>", file.path.c_str(), access, file.state->busy() ? ", in use" : "");
  }
  return 1;
}

}  // namespace

void add_files(lua_State* L) {
  new_type(L, kFileType);
  static const luaL_Reg kMethods[] = {
      {"read", bound<file_read>},           {"lines", bound<file_lines>},       {"write", bound<file_write>},
      {"sync", bound<file_sync>},           {"truncate", bound<file_truncate>}, {"stat", bound<file_stat>},
      {"flush", bound<file_flush>},         {"seek", bound<file_seek>},         {"setvbuf", bound<file_setvbuf>},
      {"close", bound<file_close>},         {"__close", bound<file_leave>},     {"__gc", bound<file_gc>},
      {"__tostring", bound<file_tostring>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_pushcfunction(L, bound<open>);
  lua_setfield(L, -2, "open");
}

}  // namespace neap::internal::stdlib::fs
