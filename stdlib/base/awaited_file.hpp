// Files of Lua's io library whose reads and writes suspend the task and not the loop: standard input, unless it is a
// file on a disk, and the pipes of io.popen.
//
// To scripts and C modules such a file is what it always was, a luaL_Stream with a FILE*. But its bytes do not go
// through the FILE*: they go through the AwaitedFile that belongs to it, which reads and writes the descriptor itself,
// as it becomes ready. Where nothing can be suspended (a finalizer, a callback of the loop, the comparison of a
// table.sort) it blocks, as in stock Lua.
//
// Owner: AwaitedFiles, a userdata in the registry, made at first use. It dies when the state is closed, after every
// file, and waits for the children of io.popen then, as stock Lua does.
//
// Invariants
//  1. One task at a time reads or writes: `holder`. It is parked while `watching`, else ready or running. The others
//     are in `waiters`, in the order in which they came. Who waits has taken nothing.
//  2. The descriptor stays blocking, and is touched only when it is ready.
#pragma once

#include "runtime/task/task.hpp"
#include "stdlib/io/read_plan.hpp"
#include "stdlib/io/readiness.hpp"

#include <lauxlib.h>

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <unordered_map>

namespace neap::internal {
class Scheduler;
}

namespace neap::internal::stdlib {

enum class Buffering : unsigned char { none, line, full };

struct AwaitedFile {
  AwaitedFile(Scheduler& of, FILE* of_file, bool for_writing);
  ~AwaitedFile();
  AwaitedFile(const AwaitedFile&) = delete;
  AwaitedFile& operator=(const AwaitedFile&) = delete;

  [[nodiscard]] std::size_t unused() const { return bytes.size() - begin; }
  /// Makes the task wait until the descriptor is ready.
  void watch(Task& task);
  /// The holder is done; the next one has its turn.
  void pass_on();

  Scheduler& scheduler;
  FILE* file;
  int fd;
  bool writes;
  bool watching = false;
  Buffering buffering = Buffering::full;
  pid_t pid = 0;          // of io.popen
  std::size_t block = 0;  // the most that is read at a time; what is written is collected to blocks of it
  std::size_t due = 0;    // of `bytes`, to be written now
  int error = 0;          // errno of what failed last
  io::Bytes bytes;        // read and not taken yet, or not written yet
  std::size_t begin = 0;  // of them, in `bytes`
  io::ReadPlan plan;
  io::Readiness* readiness = nullptr;  // null: always ready
  Task* holder = nullptr;
  WaitList waiters;
};

/// Writes what is due. False when it would have to wait. A failure is kept in `error`; nothing is due then.
bool write_due(AwaitedFile& file, bool blocking);

struct AwaitedFiles {
  std::unordered_map<FILE*, std::unique_ptr<AwaitedFile>> files;
  WaitList children;  // ChildEnds
  bool stdin_known = false;
};

AwaitedFiles& awaited_files(lua_State* L);

/// The file at `index` (a luaL_Stream, open) if it is an awaited one, and open for that; else null.
AwaitedFile* awaited_file(lua_State* L, int index, bool for_writing);

/// The `abandon` of a wait whose object is an AwaitedFile.
void abandon_awaited(Scheduler& scheduler, Task& task);

/// The file's pipe is closed by the script: a ChildEnd takes over what is left to do.
int close_pipe(lua_State* L);

/// Writes and ends everything as far as that can be done, before the process ends without closing the state.
void flush_awaited_files(lua_State* L);

/// True while the finalizer of a value runs.
bool in_finalizer(lua_State* L);

/// What the io library had before: called in the frame of what replaces it, so that errors read alike.
struct StockIo {
  lua_CFunction read, lines, write, flush, popen, execute;
  lua_CFunction file_read, file_lines, file_write, file_flush, file_setvbuf;
};
const StockIo& stock_io(lua_State* L);

/// The default input or output ("_IO_input", "_IO_output") is pushed when it is an awaited file.
AwaitedFile* push_awaited_default(lua_State* L, const char* key, bool for_writing);

void replace_reading(lua_State* L);   // awaited_read.cpp: with `io` and the methods of files on the top of the stack
void replace_writing(lua_State* L);   // awaited_write.cpp: the same
void replace_children(lua_State* L);  // awaited_child.cpp: with `io` on the top of the stack; os too

}  // namespace neap::internal::stdlib
