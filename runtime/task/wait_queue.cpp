#include "runtime/task/wait_queue.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"

#include <new>

namespace neap::internal {

namespace {

void abandon_queue(Scheduler& scheduler, Task& task);
void describe_queue(lua_State* L, const Task& task);

constexpr int kName = 1;    // user value: the name of the wait, which `kind` points to
constexpr int kObject = 2;  // user value: the primitive that the queue is part of

struct WaitQueue {
  WaitList waiters;
  lua_Integer count = 0;
  WaitKind kind{.abandon = abandon_queue, .name = nullptr, .describe = describe_queue};
};

void abandon_queue(Scheduler&, Task& task) {
  task.unlink();
  --static_cast<WaitQueue*>(task.wait_object)->count;
}

void describe_queue(lua_State* L, const Task& task) {
  describe_first_argument(L, task);
  lua_getiuservalue(L, -1, kObject);
  lua_remove(L, -2);
}

WaitQueue& check_queue(lua_State* L) {
  if (void* queue = to_userdata(L, 1, kWaitQueueType)) return *static_cast<WaitQueue*>(queue);
  raise(L, ErrorKind::type, "argument 1 must be a WaitQueue, got %s", type_name(L, 1));
}

int wait_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return lua_gettop(L) - 1;
}

int queue_wait(lua_State* L) {
  WaitQueue& queue = check_queue(L);
  lua_settop(L, 1);  // what the task is woken with comes above
  Task& task = check_can_wait(L, queue.kind.name);
  queue.waiters.push_back(task);
  ++queue.count;
  return park(L, task, queue.kind, &queue, wait_resumed);
}

int queue_check(lua_State* L) {
  check_can_wait(L, check_queue(L).kind.name);
  return 0;
}

int queue_wake(lua_State* L) {
  WaitQueue& queue = check_queue(L);
  const int count = lua_gettop(L) - 1;
  if (!queue.waiters.empty()) {
    auto& task = static_cast<Task&>(*queue.waiters.front());
    if (lua_checkstack(task.parked_on, count) == 0) luaL_error(L, "not enough memory to wake a task");
    lua_xmove(L, task.parked_on, count);
    task.unlink();
    --queue.count;
    scheduler_of(L).wake(task);
    lua_pushboolean(L, 1);
  } else {
    lua_pushboolean(L, 0);
  }
  return 1;
}

int queue_count(lua_State* L) {
  lua_pushinteger(L, check_queue(L).count);
  return 1;
}

}  // namespace

int new_wait_queue(lua_State* L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 2);
  auto* queue = new (lua_newuserdatauv(L, sizeof(WaitQueue), kObject)) WaitQueue();
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 3, kName);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 3, kObject);
  queue->kind.name = lua_tostring(L, 1);
  set_type(L, kWaitQueueType);
  return 1;
}

void open_wait_queue(lua_State* L) {
  new_type(L, kWaitQueueType);
  static const luaL_Reg kMethods[] = {{"wait", bound<queue_wait>},
                                      {"check", bound<queue_check>},
                                      {"wake", bound<queue_wake>},
                                      {"count", bound<queue_count>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
