// io.popen, the close of its files, and os.execute: the task waits for the child, and not the loop.
#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/base/child_end.hpp"
#include "stdlib/io/children.hpp"
#include "stdlib/permissions/environment.hpp"
#include "stdlib/permissions/gate.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to us

namespace neap::internal::stdlib {

namespace {

constexpr std::size_t kReadBlock = std::size_t{64} * 1024;  // of a pipe that nobody else reads
constexpr const char* kShell = "/bin/sh";
constexpr int kNoShell = 127 << 8;  // the status of system() when there is no shell

void abandon_child(Scheduler&, Task& task) { static_cast<ChildEnd*>(task.wait_object)->waiter = nullptr; }

void abandon_execute(Scheduler& scheduler, Task& task) {
  auto& child = *static_cast<ChildEnd*>(task.wait_object);
  if (!child.ended) ::kill(child.pid, SIGTERM);
  child.stopped = true;
  abandon_child(scheduler, task);
}

constexpr WaitKind kClose{.abandon = abandon_child, .name = "file:close"};
constexpr WaitKind kExecute{.abandon = abandon_execute, .name = "os.execute"};

/// In a sandbox: raises unless the shell may be run, which is to say: everything.
void check_shell(lua_State* L) {
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && !permissions->allows(Permission::run, find_program(kShell))) {
    raise_denied(L, Permission::run, kShell);
  }
}

/// The environment of a child: in a sandbox what is allowed of this process's.
struct ChildEnvironment {
  explicit ChildEnvironment(const Permissions* permissions) {
    if (permissions == nullptr) return;
    variables = child_environment(*permissions);
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
  }
  [[nodiscard]] char** get() { return pointers.empty() ? environ : pointers.data(); }

  std::vector<std::string> variables;
  std::vector<char*> pointers;
};

/// Starts the shell as popen and system do: the child has everything of this process that exec does not take, and
/// `end` (-1: none) in place of descriptor `place`. Returns errno's value.
int start_shell(ChildEnvironment& environment, const char* command, int end, int place, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (end >= 0) posix_spawn_file_actions_adddup2(&actions, end, place);
  const char* arguments[] = {"sh", "-c", command, nullptr};
  const int error = posix_spawn(pid, kShell, &actions, nullptr, const_cast<char**>(arguments), environment.get());
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int make_pipe(int (&ends)[2]) {
#ifdef __linux__
  return ::pipe2(ends, O_CLOEXEC);
#else
  if (::pipe(ends) != 0) return -1;
  for (const int fd : ends) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

/// The file of one end of a new pipe, and the descriptor of the other; or null and errno.
FILE* open_pipe(bool writes, int* other) {
  int ends[2];
  if (make_pipe(ends) != 0) return nullptr;
  const int own = writes ? ends[1] : ends[0];
  *other = writes ? ends[0] : ends[1];
  FILE* file = fdopen(own, writes ? "w" : "r");
  if (file != nullptr) return file;
  const int error = errno;
  ::close(own);
  ::close(*other);
  errno = error;
  return nullptr;
}

/// Starts the shell at the other end of the file's pipe, and makes the file one that is awaited. Returns errno's value.
/// What may lack memory comes before there is a child.
int start_piped(lua_State* L, AwaitedFiles& files, FILE* pipe, const char* command, int other, bool writes) {
  ChildEnvironment environment(permissions_of(L));
  auto made = std::make_unique<AwaitedFile>(scheduler_of(L), pipe, writes);
  if (!writes) made->block = kReadBlock;
  AwaitedFile& file = *files.files.emplace(pipe, std::move(made)).first->second;
  const int error = start_shell(environment, command, other, writes ? STDIN_FILENO : STDOUT_FILENO, &file.pid);
  if (error != 0) {
    files.files.erase(pipe);
  } else if (scheduler_of(L).owns_process) {
    io::remember_child(file.pid, false, true);
  }
  return error;
}

/// io.popen(command, mode)
int io_popen(lua_State* L) {
  const char* command = luaL_checkstring(L, 1);
  const char* mode = luaL_optstring(L, 2, "r");
  luaL_argcheck(L, (*mode == 'r' || *mode == 'w') && mode[1] == '\0', 2, "invalid mode");
  const bool writes = *mode == 'w';
  check_shell(L);
  AwaitedFiles& files = awaited_files(L);
  auto* stream = static_cast<luaL_Stream*>(lua_newuserdatauv(L, sizeof(luaL_Stream), 0));
  stream->closef = nullptr;
  luaL_setmetatable(L, LUA_FILEHANDLE);
  std::fflush(nullptr);
  int other = -1;
  stream->f = open_pipe(writes, &other);
  if (stream->f == nullptr) return luaL_fileresult(L, 0, command);
  int error = 0;
  try {
    error = start_piped(L, files, stream->f, command, other, writes);
  } catch (...) {
    ::close(other);
    std::fclose(stream->f);
    throw;
  }
  ::close(other);
  if (error != 0) {
    std::fclose(stream->f);
    errno = error;
    return luaL_fileresult(L, 0, command);
  }
  stream->closef = bound<close_pipe>;
  return 1;
}

/// What a child's end gives to the script.
int answer(lua_State* L, int status) {
  errno = status < 0 ? ECHILD : 0;
  return luaL_execresult(L, status);
}

int child_resumed(lua_State* L, int, lua_KContext context) {
  finish_wait(L);  // when it raises, the ChildEnd is not ours any more
  auto* child = reinterpret_cast<ChildEnd*>(context);
  const int status = child->status;
  delete child;
  return answer(L, status);
}

int wait_for(lua_State* L, ChildEnd& child, const WaitKind& kind) {
  Task& task = check_can_wait(L, kind.name);
  child.waiter = &task;
  return park(L, task, kind, &child, child_resumed, reinterpret_cast<lua_KContext>(&child));
}

/// os.execute(command)
int os_execute(lua_State* L) {
  const char* command = luaL_optstring(L, 1, nullptr);
  if (command != nullptr) check_shell(L);
  Scheduler& scheduler = scheduler_of(L);
  if (command == nullptr || !scheduler.can_suspend(L)) return stock_io(L).execute(L);
  check_can_wait(L, kExecute.name);
  AwaitedFiles& files = awaited_files(L);
  auto* child = new ChildEnd(scheduler, files, 0);
  int error = 0;
  try {
    ChildEnvironment environment(permissions_of(L));
    error = start_shell(environment, command, -1, -1, &child->pid);
  } catch (...) {
    delete child;
    throw;
  }
  if (error != 0) delete child;
  if (error == ENOENT || error == EACCES) return answer(L, kNoShell);
  if (error != 0) {
    errno = error;
    return luaL_fileresult(L, 0, nullptr);
  }
  if (scheduler.owns_process) io::remember_child(child->pid, false);
  proceed(*child);
  return wait_for(L, *child, kExecute);
}

}  // namespace

int close_pipe(lua_State* L) {
  AwaitedFiles& files = awaited_files(L);
  const auto* stream = static_cast<luaL_Stream*>(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  const auto found = files.files.find(stream->f);
  if (found == files.files.end()) return answer(L, -1);
  Scheduler& scheduler = scheduler_of(L);
  ChildEnd* child = nullptr;
  try {
    child = new ChildEnd(scheduler, files, found->second->pid);
  } catch (...) {  // for Lua the file is closed
    const pid_t pid = found->second->pid;
    files.files.erase(found);
    std::fclose(stream->f);
    io::leave_child(pid);
    throw;
  }
  child->pipe = std::move(found->second);
  files.files.erase(found);
  child->pipe->due = child->pipe->writes ? child->pipe->unused() : 0;
  const bool forgotten = !scheduler.closed() && in_finalizer(L);
  if (!forgotten && !scheduler.can_suspend(L)) return answer(L, end_now(*child));
  proceed(*child);
  return forgotten ? 0 : wait_for(L, *child, kClose);
}

void replace_children(lua_State* L) {
  lua_pushcfunction(L, bound<io_popen>);
  lua_setfield(L, -2, "popen");
  lua_getglobal(L, "os");
  lua_pushcfunction(L, bound<os_execute>);
  lua_setfield(L, -2, "execute");
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
