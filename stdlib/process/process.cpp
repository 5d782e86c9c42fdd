// Child processes as the module's Lua files see them.
//
//   running ──> ended      (its status is known and it is reaped)
//
// Owner: the script's userdata is the Child, kept alive until the child has ended, so that it is reaped even when the
// script has forgotten it.
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/children.hpp"
#include "stdlib/io/exit_watch.hpp"
#include "stdlib/io/hand_over.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/io/signal_names.hpp"
#include "stdlib/process/confined.hpp"
#include "stdlib/process/launch.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/stream/stream.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace neap::internal::stdlib {

namespace {

using process::Launch;
using process::LaunchProblem;

constexpr UserdataType kChildType{"Child"};
constexpr int kUnknown = 255;  // the status of a child that somebody else has reaped

struct Child final : OpenHandle {
  Child() : OpenHandle("process") {}
  [[nodiscard]] std::string description() const override {
    return "process " + std::to_string(pid) + " (" + program + ")";
  }

  io::ExitWatch* watch = nullptr;  // null once it has ended
  Scheduler* scheduler = nullptr;
  int anchor = 0;  // of the userdata
  pid_t pid = 0;
  int returncode = 0;  // once it has ended: negative for a signal
  bool reaped_elsewhere = false;
  bool group = false;  // signals go to its process group
  bool kept = false;   // the script has it
  WaitList waiters;
  std::string program;
};

Child& check_child(lua_State* L, const char* method) {
  if (void* child = to_userdata(L, 1, kChildType)) return *static_cast<Child*>(child);
  raise(L, ErrorKind::type, "%s must be called with a colon on a Process, got %s", method, type_name(L, 1));
}

void abandon_wait(Scheduler&, Task& task) { task.unlink(); }
constexpr WaitKind kWait{.abandon = abandon_wait, .name = "Process:wait"};

// The end of a child.

void ended(void* owner, int status) {
  Child& child = *static_cast<Child*>(owner);
  child.reaped_elsewhere = status < 0;
  child.returncode = status < 0 ? kUnknown : WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  child.watch = nullptr;
  child.closed();
  while (Waiter* waiter = child.waiters.pop_front()) child.scheduler->wake(static_cast<Task&>(*waiter));
  child.scheduler->release(child.scheduler->main_thread(), child.anchor);
}

// Starting one.

/// The list of strings at `index`, for exec.
std::vector<char*> strings_of(lua_State* L, int index) {
  std::vector<char*> list;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, index));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    list.push_back(const_cast<char*>(lua_tostring(L, -1)));  // the table keeps it alive
    lua_pop(L, 1);
  }
  list.push_back(nullptr);
  return list;
}

/// launch(list, environment, directory, group, session, in, out, err): a Child. The descriptors are numbers; the
/// strings have been checked.
int child_launch(lua_State* L) {
  lua_settop(L, 8);
  const bool confined = process::confine_launch(L, 1, 2, 3);
  if (confined) lua_replace(L, 2);  // the environment; the path of the program is at index 9
  auto* child = new (lua_newuserdatauv(L, sizeof(Child), 0)) Child();
  set_type(L, kChildType);
  child->scheduler = &scheduler_of(L);
  lua_pushboolean(L, 0);
  child->anchor = child->scheduler->anchor(L);  // the place; `keep` puts it there
  Launch what;
  LaunchProblem problem;
  const auto give_up = [child, L] {
    child->closed();
    child->scheduler->release(L, child->anchor);
  };
  try {
    const std::vector<char*> arguments = strings_of(L, 1);
    const std::vector<char*> environment = lua_istable(L, 2) ? strings_of(L, 2) : std::vector<char*>();
    what.program = confined ? lua_tostring(L, 9) : arguments[0];
    what.arguments = arguments.data();
    if (!environment.empty()) what.environment = environment.data();
    what.directory = lua_tostring(L, 3);
    what.own_group = lua_toboolean(L, 4) != 0;
    what.own_session = lua_toboolean(L, 5) != 0;
    for (int i = 0; i < 3; ++i) {
      what.descriptors[static_cast<std::size_t>(i)] = static_cast<int>(lua_tointeger(L, 6 + i));
    }
    child->program = what.program;
    child->group = what.own_group || what.own_session;
    child->opened(L);
    auto watch = io::ExitWatch::make(ended, child);
    problem = process::launch(what, &child->pid);
    if (problem.error == 0) {
      if (child->scheduler->owns_process && !what.own_session) io::remember_child(child->pid, what.own_group);
      child->watch = watch.release()->start(child->scheduler->loop().uv(), child->pid);
    }
  } catch (...) {
    give_up();
    throw;
  }
  if (problem.error != 0) {
    give_up();
    const bool directory = std::strcmp(problem.syscall, "chdir") == 0;
    const int code = uv_translate_sys_error(problem.error);
    raise_os_error(L, code, system_error_name(code), system_error_text(code), problem.syscall,
                   directory ? what.directory : child->program.c_str());
  }
  return 1;
}

/// pipe(reads): a Stream, and the descriptor of the other end, which is for the child. `reads`: the Stream is read
/// from.
int make_pipe(lua_State* L) {
  const bool reads = lua_toboolean(L, 1) != 0;
  Stream& stream = new_stream(L, StreamKind::pipe);
  int ends[2];
#ifdef __linux__
  constexpr int kRoom = 1 << 20;  // for a child that writes much: fewer turns of both
  if (::pipe2(ends, O_CLOEXEC) != 0) io::raise_errno(L, errno, "pipe");
  if (reads) fcntl(ends[0], F_SETPIPE_SZ, kRoom);
#else
  if (::pipe(ends) != 0) io::raise_errno(L, errno, "pipe");
  for (const int fd : ends) fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
  const int own = reads ? ends[0] : ends[1];
  const int other = reads ? ends[1] : ends[0];
  if (const int code = open_descriptor(stream, own); code != 0) {
    ::close(own);
    ::close(other);
    io::raise_uv(L, code, "pipe");
  }
  io::hand_over(L, other, [&] { stream_connected(L, stream); });
  lua_pushinteger(L, other);
  return 2;
}

/// null_device(): a descriptor of it.
int null_device(lua_State* L) {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) io::raise_errno(L, errno, "open", "/dev/null");
  lua_pushinteger(L, fd);
  return 1;
}

/// close(fd)
int close_descriptor(lua_State* L) {
  ::close(static_cast<int>(luaL_checkinteger(L, 1)));
  return 0;
}

/// The pipe once more, as programs expect theirs: one that blocks. -1 where the system has no such thing.
int open_blocking([[maybe_unused]] int fd) {
#ifdef __linux__
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  const int again = ::open(path, mode | O_NONBLOCK | O_CLOEXEC);  // so that no named pipe waits for its other end
  if (again >= 0) fcntl(again, F_SETFL, mode);
  return again;
#else
  return -1;
#endif
}

/// descriptor(stream): of an open Stream, for a child; true when it is to be closed here then. Nil for any other value.
int descriptor_of(lua_State* L) {
  const Stream* stream = to_stream(L, 1);
  if (stream == nullptr || stream->closing) return 0;
  const int again = stream->stream_kind == StreamKind::pipe ? open_blocking(stream->fd) : -1;
  lua_pushinteger(L, again >= 0 ? again : stream->fd);
  lua_pushboolean(L, again >= 0);
  return 2;
}

// Methods.

/// child:keep(): the script has it, and from now on it goes its way, whatever the script does with it.
int child_keep(lua_State* L) {
  Child& child = check_child(L, "keep");
  child.kept = true;
  if (child.watch == nullptr) return 0;
  lua_pushvalue(L, 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, child.anchor);
  return 0;
}

int child_pid(lua_State* L) {
  lua_pushinteger(L, check_child(L, "pid").pid);
  return 1;
}

/// child:returncode(): nil while it runs.
int child_returncode(lua_State* L) {
  const Child& child = check_child(L, "returncode");
  if (child.watch != nullptr) return 0;
  lua_pushinteger(L, child.returncode);
  return 1;
}

int answer_wait(lua_State* L, const Child& child) {
  if (child.reaped_elsewhere) {
    raise(L, ErrorKind::runtime, "the exit status of process %d is lost: something else in this program has reaped it",
          static_cast<int>(child.pid));
  }
  lua_pushinteger(L, child.returncode);
  return 1;
}

int wait_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return answer_wait(L, *static_cast<Child*>(lua_touserdata(L, 1)));
}

/// child:wait(): waits for its end; the return code.
int child_wait(lua_State* L) {
  Child& child = check_child(L, kWait.name);
  lua_settop(L, 1);
  if (child.watch == nullptr) return answer_wait(L, child);
  Task& task = check_can_wait(L, kWait.name);
  child.waiters.push_back(task);
  return park(L, task, kWait, &child, wait_resumed);
}

/// child:kill(signal): false when it has ended. One that has its own process group gets it with the whole group.
int child_kill(lua_State* L) {
  const Child& child = check_child(L, "Process:send_signal");
  const int signal = io::check_signal(L, 2, "Process:send_signal");
  const bool running = child.watch != nullptr;
  if (running && ::kill(child.group ? -child.pid : child.pid, signal) != 0 && errno != ESRCH) {
    io::raise_errno(L, errno, "kill");
  }
  lua_pushboolean(L, running);
  return 1;
}

/// signal_name(number): "SIGTERM", or nil.
int name_of_signal(lua_State* L) {
  lua_pushstring(L, io::signal_name(static_cast<int>(luaL_checkinteger(L, 1))));
  return 1;
}

/// One that runs on is only collected when the state is closed; or when the script never had it, for want of memory:
/// nobody could end it.
int child_gc(lua_State* L) {
  Child& child = check_child(L, "__gc");
  if (io::ExitWatch* watch = std::exchange(child.watch, nullptr)) {
    watch->stop();
    if (!child.kept) {
      ::kill(child.group ? -child.pid : child.pid, SIGKILL);
      child.closed();
      child.scheduler->release(L, child.anchor);
    }
    io::leave_child(child.pid);
  }
  child.~Child();
  new (&child) Child();
  return 0;
}

}  // namespace

int open_process(lua_State* L) {
  open_streams(L);
  new_type(L, kChildType);
  static const luaL_Reg kMethods[] = {
      {"keep", bound<child_keep>}, {"pid", bound<child_pid>},   {"returncode", bound<child_returncode>},
      {"wait", bound<child_wait>}, {"kill", bound<child_kill>}, {"__gc", bound<child_gc>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_createtable(L, 0, 8);
  static const luaL_Reg kFunctions[] = {
      {"launch", bound<child_launch>},          {"pipe", bound<make_pipe>},
      {"null_device", bound<null_device>},      {"close", bound<close_descriptor>},
      {"descriptor", bound<descriptor_of>},     {"signal_name", bound<name_of_signal>},
      {"set_limits", bound<set_stream_limits>},
  };
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
