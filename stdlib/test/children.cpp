// The processes of `neap test --jobs`: this very program again, for one file each. What a child prints and the events
// that it sends on descriptor 3 are read by a thread of its own, to their end; then a callback runs from the loop.
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/handle.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/test/module.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration): not every system declares it

namespace neap::internal::stdlib::test {

namespace {

constexpr UserdataType kChildType{"TestProcess"};
constexpr int kFirstFree = 10;  // descriptors from here on collide with none that the child gets
constexpr int kEventsDescriptor = 3;
constexpr int kLook = 50;  // milliseconds between looks whether the child has ended

struct Pipe {
  int read = -1;
  int write = -1;
};

/// A child while it runs. Its thread writes `output`, `events` and `status`, and nothing else does before `ended`.
struct Running {
  pid_t pid = -1;
  Pipe out;
  Pipe events_pipe;
  std::string output;
  std::string events;
  int status = 0;
  std::atomic<bool> ended{false};
  std::atomic<bool> wanted{true};  // false once the userdata is gone
  Scheduler* scheduler = nullptr;
  Handle* handle = nullptr;
};

struct Child {
  std::shared_ptr<Running> running;
  std::thread thread;
};

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

void close_pipe(Pipe& pipe) {
  close_descriptor(pipe.read);
  close_descriptor(pipe.write);
}

/// Both ends are closed on exec. Returns an errno.
int open_pipe(Pipe& pipe_ends) {
  int ends[2];
  if (pipe(ends) != 0) return errno;
  pipe_ends.read = fcntl(ends[0], F_DUPFD_CLOEXEC, kFirstFree);
  pipe_ends.write = fcntl(ends[1], F_DUPFD_CLOEXEC, kFirstFree);
  const int error = pipe_ends.read < 0 || pipe_ends.write < 0 ? errno : 0;
  close(ends[0]);
  close(ends[1]);
  return error;
}

int spawn_process(Running& child, const std::vector<char*>& argv) {
  posix_spawn_file_actions_t actions;
  if (const int error = posix_spawn_file_actions_init(&actions); error != 0) return error;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, child.out.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child.out.write, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child.events_pipe.write, kEventsDescriptor);
  const int error = posix_spawn(&child.pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// Adds what is there to read to the text; false at the end.
bool read_some(int descriptor, std::string& text) {
  char buffer[65536];
  const ssize_t got = read(descriptor, buffer, sizeof buffer);
  if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/// Reads both pipes until the child has closed them, or has ended: a process that it left may hold them open.
void read_all(Running& child) {
  pollfd entries[2] = {{child.out.read, POLLIN, 0}, {child.events_pipe.read, POLLIN, 0}};
  std::string* texts[2] = {&child.output, &child.events};
  bool ended = false;
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    const int ready = poll(entries, 2, ended ? 0 : kLook);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 && ended) break;
    if (ready == 0) ended = waitpid(child.pid, &child.status, WNOHANG) == child.pid;
    for (int i = 0; i < 2; ++i) {
      if (entries[i].fd >= 0 && entries[i].revents != 0 && !read_some(entries[i].fd, *texts[i])) entries[i].fd = -1;
    }
  }
  while (!ended && waitpid(child.pid, &child.status, 0) < 0 && errno == EINTR) {}
}

void follow(const std::shared_ptr<Running>& child) {
  read_all(*child);
  close_pipe(child->out);
  close_pipe(child->events_pipe);
  child->ended.store(true);
  Loop& loop = child->scheduler->loop();
  loop.post([child] {
    if (child->wanted.load()) child->scheduler->queue(*child->handle);
  });
  loop.release();
}

/// Everything that may fail. Returns an errno.
int start(Child& child, const std::vector<char*>& argv) {
  Running& running = *child.running;
  int error = open_pipe(running.out);
  if (error == 0) error = open_pipe(running.events_pipe);
  if (error == 0) error = spawn_process(running, argv);
  close_descriptor(running.out.write);
  close_descriptor(running.events_pipe.write);
  if (error == 0) {
    running.scheduler->loop().hold();
    try {
      child.thread = std::thread(follow, child.running);
      return 0;
    } catch (const std::system_error& problem) {
      error = problem.code().value();
      running.scheduler->loop().release();
      kill(running.pid, SIGKILL);
      waitpid(running.pid, nullptr, 0);
    }
  }
  close_pipe(running.out);
  close_pipe(running.events_pipe);
  return error;
}

Child& check_child(lua_State* L) {
  if (void* child = to_userdata(L, 1, kChildType)) return *static_cast<Child*>(child);
  raise(L, ErrorKind::type, "argument 1 must be a TestProcess, got %s", type_name(L, 1));
}

/// The words of the list at index 1; they live as long as the list.
std::vector<char*> words_of(lua_State* L) {
  std::vector<char*> words;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, 1, i);
    words.push_back(const_cast<char*>(lua_tostring(L, -1)));
    lua_pop(L, 1);
  }
  words.push_back(nullptr);
  return words;
}

/// spawn(argv, fn): starts the program argv[1], a path. When it has ended, fn() is called from the loop.
int spawn_child(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  Handle& handle = new_handle(L, 0);
  auto* child = new (lua_newuserdatauv(L, sizeof(Child), 1)) Child();
  set_type(L, kChildType);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, 1);
  child->running = std::make_shared<Running>();
  child->running->scheduler = &scheduler_of(L);
  child->running->handle = &handle;
  const int error = start(*child, words_of(L));
  if (error != 0) raise_os_error(L, -error, system_error_name(-error), system_error_text(-error), "spawn", nullptr);
  lua_pushvalue(L, 2);
  handle.anchor = scheduler_of(L).anchor(L);
  return 1;
}

/// child:kill(signal)
int kill_child(lua_State* L) {
  const Child& child = check_child(L);
  const auto signal_number = static_cast<int>(luaL_checkinteger(L, 2));
  if (!child.running->ended.load()) kill(child.running->pid, signal_number);
  return 0;
}

/// child:result(): exit status (minus the signal that ended it), what it printed, its events.
int child_result(lua_State* L) {
  const Running& running = *check_child(L).running;
  const int status = running.status;
  lua_pushinteger(L, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
  push(L, running.output);
  push(L, running.events);
  return 3;
}

int collect_child(lua_State* L) {
  auto* child = static_cast<Child*>(lua_touserdata(L, 1));
  if (child->running) {
    child->running->wanted.store(false);
    if (child->thread.joinable() && !child->running->ended.load()) kill(child->running->pid, SIGKILL);
  }
  if (child->thread.joinable()) child->thread.join();
  child->~Child();
  return 0;
}

}  // namespace

void add_children(lua_State* L) {
  new_type(L, kChildType);
  static const luaL_Reg kMethods[] = {
      {"kill", bound<kill_child>}, {"result", bound<child_result>}, {"__gc", collect_child}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {{"spawn", bound<spawn_child>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::test
