#include "stdlib/base/awaited_file.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/base/child_end.hpp"
#include "stdlib/io/stdin_bytes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace neap::internal::stdlib {

namespace {

constexpr UserdataType kFilesType{"AwaitedFiles"};
const char kFiles = 0;  // registry key

#ifdef PIPE_BUF
constexpr std::size_t kAtomic = PIPE_BUF;  // what a pipe that is ready takes without blocking
#else
constexpr std::size_t kAtomic = _POSIX_PIPE_BUF;
#endif

/// Runs when the state is closed, after the finalizers of files that are still open.
int files_gc(lua_State* L) {
  auto& files = *static_cast<AwaitedFiles*>(lua_touserdata(L, 1));
  while (WaitLink* link = files.children.first()) end_now(*static_cast<ChildEnd*>(link));
  files.~AwaitedFiles();
  return 0;
}

/// As much as C's stdio would read at a time: what is left in the pipe is for other programs.
std::size_t block_of(int fd) {
  struct stat status {};
  const bool known = fstat(fd, &status) == 0 && status.st_blksize > 0;
  return known ? static_cast<std::size_t>(status.st_blksize) : BUFSIZ;
}

void on_ready(void* owner) {
  auto& file = *static_cast<AwaitedFile*>(owner);
  file.readiness->stop();
  file.watching = false;
  file.scheduler.wake(*file.holder);
}

/// Standard input is awaited when something can be waited for: not of a file on a disk, /dev/null, or nothing.
void look_at_stdin(lua_State* L, AwaitedFiles& files) {
  files.stdin_known = true;
  FILE* const input = scheduler_of(L).standard_input;
  auto file = std::make_unique<AwaitedFile>(scheduler_of(L), input, false);
  if (file->readiness == nullptr) return;
  AwaitedFile& kept = *files.files.emplace(input, std::move(file)).first->second;
  io::set_stdin_bytes(L, io::StdinReader::lua_io, kept.bytes, kept.begin);
}

}  // namespace

AwaitedFile::AwaitedFile(Scheduler& of, FILE* of_file, bool for_writing)
    : scheduler(of),
      file(of_file),
      fd(fileno(of_file)),
      writes(for_writing),
      block(block_of(fd)) {
  readiness = io::Readiness::open(of.loop().uv(), fd, for_writing, on_ready, this);
}

AwaitedFile::~AwaitedFile() {
  if (readiness != nullptr) readiness->close();
  // The file was closed: those who wait find that out.
  if (holder != nullptr && watching) scheduler.wake(*holder);
  while (Waiter* waiter = waiters.pop_front()) scheduler.wake(static_cast<Task&>(*waiter));
}

void AwaitedFile::watch(Task& task) {
  holder = &task;
  watching = true;
  readiness->start();
}

void AwaitedFile::pass_on() {
  holder = static_cast<Task*>(waiters.pop_front());
  if (holder != nullptr) scheduler.wake(*holder);
}

void abandon_awaited(Scheduler&, Task& task) {
  auto& file = *static_cast<AwaitedFile*>(task.wait_object);
  if (file.holder != &task) return task.unlink();
  file.readiness->stop();
  file.watching = false;
  file.pass_on();
}

bool write_due(AwaitedFile& file, bool blocking) {
  while (file.due != 0) {
    if (!blocking && file.readiness != nullptr && !io::is_ready(file.fd, true)) return false;
    const std::size_t size = std::min(file.due, kAtomic);
    const ssize_t count = ::write(file.fd, file.bytes.data() + file.begin, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      file.error = errno;
      file.begin += file.due;
      file.due = 0;
      break;
    }
    file.begin += static_cast<std::size_t>(count);
    file.due -= static_cast<std::size_t>(count);
  }
  file.bytes.remove_front(file.begin);
  file.begin = 0;
  return true;
}

AwaitedFiles& awaited_files(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kFiles) == LUA_TNIL) {
    lua_pop(L, 1);
    new_type(L, kFilesType);
    lua_pushcfunction(L, bound<files_gc>);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    new (lua_newuserdatauv(L, sizeof(AwaitedFiles), 0)) AwaitedFiles();
    set_type(L, kFilesType);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kFiles);
  }
  auto& files = *static_cast<AwaitedFiles*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return files;
}

AwaitedFile* awaited_file(lua_State* L, int index, bool for_writing) {
  const auto* stream = static_cast<luaL_Stream*>(luaL_testudata(L, index, LUA_FILEHANDLE));
  if (stream == nullptr || stream->closef == nullptr) return nullptr;
  const bool is_stdin = stream->f == scheduler_of(L).standard_input && !for_writing;
  if (!is_stdin && stream->closef != bound<close_pipe>) return nullptr;
  AwaitedFiles& files = awaited_files(L);
  if (is_stdin && !files.stdin_known) look_at_stdin(L, files);
  const auto found = files.files.find(stream->f);
  if (found == files.files.end() || found->second->writes != for_writing) return nullptr;
  return found->second.get();
}

AwaitedFile* push_awaited_default(lua_State* L, const char* key, bool for_writing) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  AwaitedFile* file = awaited_file(L, -1, for_writing);
  if (file == nullptr) lua_pop(L, 1);
  return file;
}

void flush_awaited_files(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kFiles) != LUA_TNIL) {
    for (const auto& [key, file] : static_cast<AwaitedFiles*>(lua_touserdata(L, -1))->files) {
      if (!file->writes) continue;
      file->due = file->unused();
      write_due(*file, true);
    }
  }
  lua_pop(L, 1);
}

bool in_finalizer(lua_State* L) {
  lua_Debug frame;
  return lua_getstack(L, 0, &frame) != 0 && lua_getinfo(L, "n", &frame) != 0 && frame.name != nullptr &&
         std::strcmp(frame.name, "__gc") == 0;
}

const StockIo& stock_io(lua_State* L) {
  // The same functions in every state. (The first call is made before anything is replaced.)
  static const StockIo kStock = [](lua_State* from) {
    const auto field = [from](const char* name) {
      lua_getfield(from, -1, name);
      const lua_CFunction function = lua_tocfunction(from, -1);
      lua_pop(from, 1);
      return function;
    };
    StockIo stock{};
    lua_getglobal(from, "os");
    stock.execute = field("execute");
    lua_getglobal(from, "io");
    stock.read = field("read");
    stock.lines = field("lines");
    stock.write = field("write");
    stock.flush = field("flush");
    stock.popen = field("popen");
    luaL_getmetatable(from, LUA_FILEHANDLE);
    lua_getfield(from, -1, "__index");
    stock.file_read = field("read");
    stock.file_lines = field("lines");
    stock.file_write = field("write");
    stock.file_flush = field("flush");
    stock.file_setvbuf = field("setvbuf");
    lua_pop(from, 4);
    return stock;
  }(L);
  return kStock;
}

}  // namespace neap::internal::stdlib
