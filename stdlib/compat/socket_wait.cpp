// Waiting until sockets are ready.
//
// That a wait has ended is a hint: the task tries again what it could not do, and waits again if it still cannot.
#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/compat/socket.hpp"
#include "stdlib/io/problem.hpp"

#include <poll.h>

#include <chrono>
#include <new>

namespace neap::internal::stdlib::compat {

namespace {

struct ReadyWait;

/// One socket that a task waits for.
struct ReadyEntry : WaitLink {
  ReadyWait* wait = nullptr;
  Socket* socket = nullptr;
  int events = 0;

  void leave() {
    if (next == nullptr) return;
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
    if (socket->waits.empty() && socket->handle != nullptr) {
      uv_unref(reinterpret_cast<uv_handle_t*>(&socket->handle->poll));
    }
  }
};

/// A userdata on the stack of the task that waits, followed by its entries. The sockets are on that stack too.
struct ReadyWait {
  Task* task = nullptr;
  int count = 0;

  [[nodiscard]] ReadyEntry* entries() { return reinterpret_cast<ReadyEntry*>(this + 1); }
  void leave() {
    for (int i = 0; i < count; ++i) entries()[i].leave();
  }
};
static_assert(sizeof(ReadyWait) % alignof(ReadyEntry) == 0);

void abandon_wait(Scheduler& scheduler, Task& task) {
  scheduler.loop().timers().disarm(task);
  static_cast<ReadyWait*>(task.wait_object)->leave();
}

constexpr WaitKind kOne{.abandon = abandon_wait, .name = "socket", .describe = describe_first_argument};
constexpr WaitKind kSeveral{.abandon = abandon_wait, .name = "socket.select"};

/// What the entries of a socket want.
int wanted(const Socket& socket) {
  int events = 0;
  for (WaitLink* link = socket.waits.first(); link != nullptr; link = socket.waits.after(*link)) {
    events |= static_cast<ReadyEntry*>(link)->events;
  }
  return events;
}

void on_ready(uv_poll_t* poll, int status, int events) {
  auto& handle = *static_cast<PollHandle*>(poll->data);
  if (handle.owner == nullptr) return;
  Socket& socket = *handle.owner;
  const int all = UV_READABLE | UV_WRITABLE;
  wake_waits(socket, status < 0 ? all : events);
  // Nobody wants what has come: libuv would tell of it again and again.
  handle.events = wanted(socket);
  if ((events & ~handle.events) == 0 && status >= 0) return;
  if (handle.events == 0) {
    uv_poll_stop(poll);
  } else {
    uv_poll_start(poll, handle.events, on_ready);
  }
}

/// Makes libuv look for what the entry wants. Returns its code.
int watch(Scheduler& scheduler, ReadyEntry& entry) {
  Socket& socket = *entry.socket;
  if (socket.handle == nullptr) {
    auto* handle = new PollHandle();
    handle->poll.data = handle;
    handle->owner = &socket;
    handle->scheduler = &scheduler;
    if (const int code = uv_poll_init(scheduler.loop().uv(), &handle->poll, socket.fd); code != 0) {
      delete handle;
      return code;
    }
    socket.handle = handle;
  }
  PollHandle& handle = *socket.handle;
  socket.waits.push_back(entry);
  uv_ref(reinterpret_cast<uv_handle_t*>(&handle.poll));
  if ((handle.events | entry.events) == handle.events) return 0;
  handle.events |= entry.events;
  return uv_poll_start(&handle.poll, handle.events, on_ready);
}

int resumed(lua_State* L, int, lua_KContext context) {
  auto& wait = *reinterpret_cast<ReadyWait*>(context);
  scheduler_of(L).loop().timers().disarm(*wait.task);
  wait.leave();
  finish_wait(L);
  return 0;
}

ReadyWait& push_wait(lua_State* L, Task& task, int count) {
  const std::size_t size = sizeof(ReadyWait) + static_cast<std::size_t>(count) * sizeof(ReadyEntry);
  auto* wait = new (lua_newuserdatauv(L, size, 0)) ReadyWait();
  wait->task = &task;
  wait->count = count;
  for (int i = 0; i < count; ++i) new (&wait->entries()[i]) ReadyEntry();
  return *wait;
}

/// 0, or libuv's code for a socket that cannot be watched.
int watch_all(Scheduler& scheduler, ReadyWait& wait, double seconds) {
  for (int i = 0; i < wait.count; ++i) {
    wait.entries()[i].wait = &wait;
    if (const int code = watch(scheduler, wait.entries()[i]); code != 0) return code;
  }
  const Deadline deadline = scheduler.loop().clock().after(seconds);
  if (deadline != kNever) scheduler.loop().timers().arm(*wait.task, deadline);
  return 0;
}

/// Waits until one of the sockets may be ready, at most for the seconds; kForever is no limit.
int wait_for(lua_State* L, ReadyWait& wait, const WaitKind& kind, double seconds) {
  int code = 0;
  try {
    code = watch_all(scheduler_of(L), wait, seconds);
  } catch (...) {
    wait.leave();
    throw;
  }
  if (code != 0) {
    wait.leave();
    io::raise_uv(L, code, "poll");
  }
  return park(L, *wait.task, kind, &wait, resumed, reinterpret_cast<lua_KContext>(&wait));
}

/// socket:wait(for_writing, seconds): until it may be ready. Nil seconds: without a limit.
int socket_wait(lua_State* L) {
  Socket& socket = self(L);
  const double seconds = opt_seconds(L, 3, "the time limit");
  Task& task = check_can_wait(L, kOne.name);
  if (socket.fd < 0) return 0;
  ReadyWait& wait = push_wait(L, task, 1);
  wait.entries()[0].socket = &socket;
  wait.entries()[0].events = lua_toboolean(L, 2) != 0 ? UV_WRITABLE : UV_READABLE;
  return wait_for(L, wait, kOne, seconds);
}

// Several sockets: index 1 is a list of them, of which as many as index 2 says are to be read, the rest to be written.

/// wait(sockets, readers, seconds)
int wait_any(lua_State* L) {
  const auto count = static_cast<int>(luaL_len(L, 1));
  const lua_Integer readers = luaL_checkinteger(L, 2);
  const double seconds = opt_seconds(L, 3, "the time limit");
  Task& task = check_can_wait(L, kSeveral.name);
  ReadyWait& wait = push_wait(L, task, count);
  for (int i = 0; i < count; ++i) {
    lua_rawgeti(L, 1, i + 1);
    wait.entries()[i].socket = &check_socket(L, -1);
    wait.entries()[i].events = i < readers ? UV_READABLE : UV_WRITABLE;
    lua_pop(L, 1);
  }
  return wait_for(L, wait, kSeveral, seconds);
}

/// ready(sockets, readers): a list of the places in the list of those that are ready now.
int ready(lua_State* L) {
  const auto count = static_cast<std::size_t>(luaL_len(L, 1));
  const auto readers = static_cast<std::size_t>(luaL_checkinteger(L, 2));
  auto* polled = static_cast<pollfd*>(lua_newuserdatauv(L, count * sizeof(pollfd) + 1, 0));
  for (std::size_t i = 0; i < count; ++i) {
    lua_rawgeti(L, 1, static_cast<lua_Integer>(i) + 1);
    polled[i] = {
        .fd = check_socket(L, -1).fd, .events = static_cast<short>(i < readers ? POLLIN : POLLOUT), .revents = 0};
    lua_pop(L, 1);
  }
  const int number = ::poll(polled, count, 0);
  lua_newtable(L);
  lua_Integer found = 0;
  for (std::size_t i = 0; number > 0 && i < count; ++i) {
    if (polled[i].revents == 0) continue;
    lua_pushinteger(L, static_cast<lua_Integer>(i) + 1);
    lua_rawseti(L, -2, ++found);
  }
  return 1;
}

/// time(): seconds on the loop's clock.
int time(lua_State* L) {
  lua_pushnumber(L, Clock::seconds(scheduler_of(L).loop().clock().now()));
  return 1;
}

/// gettime(): seconds since 1970.
int get_time(lua_State* L) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  lua_pushnumber(L, now.count());
  return 1;
}

/// busy(): true when the task has done so much without waiting that others must have their turn.
int busy(lua_State* L) {
  lua_pushboolean(L, satisfied_too_often(L));
  return 1;
}

}  // namespace

void wake_waits(Socket& socket, int events) {
  WaitLink* next = nullptr;
  for (WaitLink* link = socket.waits.first(); link != nullptr; link = next) {
    next = socket.waits.after(*link);
    auto* entry = static_cast<ReadyEntry*>(link);
    if ((entry->events & events) == 0) continue;
    Task& task = *entry->wait->task;
    // Its entries for other sockets stay until it runs: it is ready once.
    if (task.task_state == TaskState::parked) {
      Scheduler& scheduler = *socket.handle->scheduler;
      scheduler.loop().timers().disarm(task);
      scheduler.wake(task);
    }
    entry->leave();
  }
}

void add_waiting(lua_State* L) {
  lua_pushcfunction(L, bound<socket_wait>);
  lua_setfield(L, -2, "wait");
}

void add_selecting(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"wait", bound<wait_any>},
                                        {"ready", bound<ready>},
                                        {"time", bound<time>},
                                        {"gettime", bound<get_time>},
                                        {"busy", bound<busy>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::compat
