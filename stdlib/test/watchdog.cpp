// The time limit of a test. It counts real time, whatever the loop's clock shows, and it ends what never comes back
// to the loop too.
//
//   idle ──arm──> armed ──SIGALRM──> due ──the loop's next turn──> fired
//                                     │
//                                     └─ Lua code keeps the loop waiting: it is stopped by a hook
//
// Invariants
//  1. One watchdog is armed at a time; arming it again, or `disarm`, ends the one before.
//  2. It does not keep the loop alive: a deadlock is found although a limit is set.
//  3. The callback runs once, from the loop. Until it has run, every tick tries to stop the Lua code that runs: an
//     error that pcall does not catch is raised in it; from the tick kStubborn on at every instruction, so that no
//     loop around async.catch survives.
//  4. C code cannot be stopped. When ticks go on for kGiveUp, the process ends with a message.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/handle.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/test/module.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

namespace neap::internal::stdlib::test {

namespace {

constexpr double kShortest = 1e-3;  // seconds
constexpr double kLongest = 1e8;
constexpr suseconds_t kTick = 100'000;  // microseconds between two ticks once the limit is over
constexpr Deadline kEarly = 1'000'000;  // nanoseconds: the timer's clock is not the loop's
constexpr int kPatience = 2;            // ticks until the loop must have come round
constexpr int kStubborn = 10;
constexpr int kGiveUp = 30;

/// What the watchdog of one state needs; alive until its uv handle is closed.
struct Dog {
  uv_async_t async{};
  Scheduler* scheduler = nullptr;
  Handle* handle = nullptr;  // the callback; null unless armed
};

/// The userdata that owns the Dog.
struct Kennel {
  Dog* dog = nullptr;
};

// What the signal handler touches.
std::atomic<Dog*> g_dog{nullptr};  // the armed one
std::atomic<int> g_ticks{0};
std::atomic<Deadline> g_deadline{0};  // on uv_hrtime's clock
pthread_t g_thread;                   // the loop's
char g_last_words[256];

const char kDog = 0;    // registry key: the Kennel
const char kStuck = 0;  // registry key: the trace of the code that was stopped, or nil

[[noreturn]] void raise_stop(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kStuck) == LUA_TNIL) {
    push_traceback(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kStuck);
  }
  lua_pop(L, 1);
  lua_pushliteral(L, "the time limit of the test is over");
  wrap_message(L, ErrorKind::cancelled);
  lua_error(L);
  __builtin_unreachable();
}

void stop_hook(lua_State* L, lua_Debug*) {
  const bool due = g_dog.load() != nullptr && g_ticks.load() >= kPatience;
  if (!due || g_ticks.load() < kStubborn) lua_sethook(L, nullptr, 0, 0);
  if (due) raise_stop(L);
}

/// On the loop's thread, as often as the timer ticks.
void tick(Dog& dog) {
  const int ticks = g_ticks.fetch_add(1) + 1;
  uv_async_send(&dog.async);
  dog.scheduler->loop().wake();
  if (ticks >= kGiveUp) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, g_last_words, std::strlen(g_last_words));
    _exit(1);
  }
  if (ticks >= kPatience) lua_sethook(dog.scheduler->running(), stop_hook, LUA_MASKCOUNT, 1);
}

void on_alarm(int) {
  const int saved_errno = errno;
  Dog* dog = g_dog.load();
  if (dog != nullptr && pthread_equal(pthread_self(), g_thread) == 0) {
    pthread_kill(g_thread, SIGALRM);  // any thread may get the signal of a process
  } else if (dog != nullptr && static_cast<Deadline>(uv_hrtime()) >= g_deadline.load()) {
    tick(*dog);  // else it was meant for a limit that is no more
  }
  errno = saved_errno;
}

void set_timer(double seconds) {
  itimerval timer{};
  if (seconds > 0) {
    timer.it_value.tv_sec = static_cast<time_t>(seconds);
    timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(timer.it_value.tv_sec)) * 1e6);
    timer.it_interval.tv_usec = kTick;
  }
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// The loop has come round: the callback is next.
void on_due(uv_async_t* async) {
  auto* dog = static_cast<Dog*>(async->data);
  if (g_dog.load() != dog || g_ticks.load() == 0) return;  // meant for one that was disarmed
  set_timer(0);
  g_dog.store(nullptr);
  dog->scheduler->queue(*dog->handle);
  dog->handle = nullptr;
}

int collect(lua_State* L) {
  Dog*& dog = static_cast<Kennel*>(lua_touserdata(L, 1))->dog;
  if (dog == nullptr) return 0;
  if (g_dog.load() == dog) {
    set_timer(0);
    g_dog.store(nullptr);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&dog->async),
           [](uv_handle_t* handle) { delete static_cast<Dog*>(handle->data); });
  dog = nullptr;
  return 0;
}

Dog* new_dog(Scheduler& scheduler) {
  auto* dog = new Dog();
  if (uv_async_init(scheduler.loop().uv(), &dog->async, on_due) != 0) {
    delete dog;
    return nullptr;
  }
  uv_unref(reinterpret_cast<uv_handle_t*>(&dog->async));
  dog->async.data = dog;
  dog->scheduler = &scheduler;
  struct sigaction action {};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGALRM, &action, nullptr);
  return dog;
}

/// The state's Dog, made at first use.
Dog& dog_of(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kDog) == LUA_TNIL) {
    lua_pop(L, 1);
    auto* kennel = new (lua_newuserdatauv(L, sizeof(Kennel), 0)) Kennel();
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    kennel->dog = new_dog(scheduler_of(L));
    if (kennel->dog == nullptr) raise(L, ErrorKind::os, "the time limit of a test cannot be set");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kDog);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kDog);
  }
  Dog& dog = *static_cast<Kennel*>(lua_touserdata(L, -1))->dog;
  lua_pop(L, 1);
  return dog;
}

void disarm_dog(lua_State* L, Dog& dog) {
  set_timer(0);
  g_dog.store(nullptr);
  if (dog.handle != nullptr) cancel_handle(L, *dog.scheduler, *dog.handle);
  dog.handle = nullptr;
}

/// arm(seconds, what, fn): in so many seconds of real time fn() is called from the loop. `what` is named when the
/// process must be ended. Forgets what `stuck` tells.
int arm(lua_State* L) {
  const double seconds = std::clamp(check_seconds(L, 1, "the time limit"), kShortest, kLongest);
  const char* what = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  Dog& dog = dog_of(L);
  Handle& handle = new_handle(L, 0);
  disarm_dog(L, dog);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kStuck);
  handle.anchor = scheduler_of(L).anchor(L);
  dog.handle = &handle;
  std::snprintf(g_last_words, sizeof g_last_words,
                "neap test: %s is over its time limit, in a C function that cannot be stopped; the run ends here\n",
                what);
  g_ticks.store(0);
  g_thread = pthread_self();
  g_deadline.store(static_cast<Deadline>(uv_hrtime()) + static_cast<Deadline>(seconds * kNanosecondsPerSecond) -
                   kEarly);
  g_dog.store(&dog);
  set_timer(seconds);
  return 0;
}

int disarm(lua_State* L) {
  disarm_dog(L, dog_of(L));
  return 0;
}

/// stuck(): the trace of the Lua code that had to be stopped since `arm`, or nil.
int stuck(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kStuck);
  return 1;
}

}  // namespace

void add_watchdog(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"arm", bound<arm>}, {"disarm", bound<disarm>}, {"stuck", bound<stuck>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::test
