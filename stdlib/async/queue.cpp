// What Queue, LifoQueue and PriorityQueue do; queue.lua makes their classes of it.
//
// For scripts a queue is a table, so that `maxsize` is a plain field. Its item 1 is the userdata that is meant by
// "queue" here.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/protect.hpp"
#include "stdlib/async/module.hpp"
#include "stdlib/async/primitive.hpp"
#include "stdlib/async/queue_store.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace neap::internal::stdlib {

namespace {

/// Invariants
///  1. A task waits in `getters` only while every item is promised to somebody, in `putters` only while the queue is
///     full. A newcomer overtakes neither.
///  2. A putter's item stays with the putter until there is room, and is taken in as the putter is woken: a put that
///     is cancelled has put nothing, one that has been woken has put its item.
///  3. A getter that has been woken takes its item when it runs: until then the item is in the queue, in its place,
///     and `promised` counts it. So one that is cancelled meanwhile changes nothing in the order of the items.
///  4. A task that waits keeps the queue alive: it is on the task's stack.
struct Queue : QueueStore {
  WaitList getters;
  WaitList putters;
  WaitList joiners;
  lua_Integer maxsize = 0;  // the largest integer when there is no limit
  lua_Integer promised = 0;
  lua_Integer unfinished = 0;  // items that task_done() has not been called for
  bool shut = false;
  bool dropping = false;  // shut down at once: an item that nobody has been promised is dropped

  [[nodiscard]] bool full() const { return count >= maxsize; }
};

constexpr WaitKind kGet = primitive_wait("queue:get");
constexpr WaitKind kPut = primitive_wait("queue:put");
constexpr WaitKind kJoin = primitive_wait("queue:join");

// Where things are on the stack of every function here. A putter that waits has its item there, and what it is woken
// with above kTop: nothing when its item is in; nil after a shutdown; nil and the error when it cannot be compared. A
// getter is woken with nothing or with nil as well.
constexpr int kItem = 2;
constexpr int kQueue = 3;
constexpr int kTop = 4;  // the queue's metatable, which is left there: taking it away takes time

Queue& check_queue(lua_State* L) {
  lua_settop(L, kItem);
  if (lua_istable(L, 1)) {
    lua_rawgeti(L, 1, 1);
    void* queue = lua_touserdata(L, kQueue);
    if (queue != nullptr && lua_getmetatable(L, kQueue) != 0 && is_type(L, lua_topointer(L, kTop), kQueueType)) {
      return *static_cast<Queue*>(queue);
    }
  }
  raise(L, ErrorKind::type, "argument 1 must be a Queue, got %s", type_name(L, 1));
}

const char* class_name(const Queue& queue) {
  switch (queue.order) {
    case Order::fifo: return "Queue";
    case Order::lifo: return "LifoQueue";
    case Order::priority: break;
  }
  return "PriorityQueue";
}

[[noreturn]] void raise_shut_down(lua_State* L, const Queue& queue) {
  raise(L, ErrorKind::queue_shut_down, "%s has been shut down", class_name(queue));
}

void wake_all(lua_State* L, WaitList& waiters) {
  while (wake_first(L, waiters) != nullptr) {}
}

/// Promises an item to the getter that waits longest.
void promise(lua_State* L, Queue& queue) {
  if (wake_first(L, queue.getters) != nullptr) ++queue.promised;
}

/// Takes in the item at that index; a getter that waits is promised one. What cannot be compared raises before anything
/// is changed.
void take_in(lua_State* L, Queue& queue, int item) {
  store_put(L, kQueue, queue, item);
  ++queue.unfinished;
  promise(L, queue);
}

// The calls of a PriorityQueue for other tasks, which must not meet the errors of its comparisons. With item and queue
// at their places.

int take_in_item(lua_State* L) {
  take_in(L, *static_cast<Queue*>(lua_touserdata(L, kQueue)), kItem);
  return 0;
}

int take_out(lua_State* L) {
  store_take(L, kQueue, *static_cast<Queue*>(lua_touserdata(L, kQueue)));
  return 1;
}

/// Calls the function with the item at that index. True and pushes its result; or false and pushes the error.
bool trapped(lua_State* L, lua_CFunction function, int item) {
  lua_pushcfunction(L, bound<trap>);
  lua_pushcfunction(L, function);
  lua_pushnil(L);
  lua_pushvalue(L, item);
  lua_pushvalue(L, kQueue);
  lua_call(L, 4, 2);
  const bool ok = lua_toboolean(L, -2) != 0;
  lua_remove(L, -2);
  return ok;
}

/// Takes in the item of the first putter, and wakes it.
void let_first_put(lua_State* L, Queue& queue) {
  auto& task = static_cast<Task&>(*queue.putters.front());
  const int item = lua_gettop(L) + 1;
  lua_pushvalue(task.parked_on, kItem);
  if (task.parked_on != L) lua_xmove(task.parked_on, L, 1);
  if (queue.order != Order::priority) {
    take_in(L, queue, item);
  } else if (!trapped(L, bound<take_in_item>, item)) {
    lua_pushnil(task.parked_on);
    lua_xmove(L, task.parked_on, 1);
  }
  lua_settop(L, item - 1);
  // Comparing may have cancelled it; then its item is in all the same.
  if (!queue.putters.empty() && queue.putters.front() == &task) wake_first(L, queue.putters);
}

/// Lets those that wait longest put their items while there is room.
void let_put(lua_State* L, Queue& queue) {
  while (!queue.putters.empty() && !queue.full()) let_first_put(L, queue);
}

/// Gives an item out, and lets a putter put its own.
int give_out(lua_State* L, Queue& queue) {
  store_take(L, kQueue, queue);
  let_put(L, queue);
  return 1;
}

/// Drops what nobody has been promised.
void drop_rest(lua_State* L, Queue& queue) {
  while (queue.count > queue.promised) {
    store_drop(L, kQueue, queue);
    queue.unfinished = std::max<lua_Integer>(queue.unfinished - 1, 0);
  }
  if (queue.unfinished == 0) wake_all(L, queue.joiners);
}

/// A getter does not take the item that it was promised: the next one is promised it.
void give_back(lua_State* L, Queue& queue) {
  promise(L, queue);
  if (queue.dropping) drop_rest(L, queue);
}

int put_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  if (lua_gettop(L) == kTop) return 0;
  if (lua_gettop(L) == kTop + 1) raise_shut_down(L, *static_cast<Queue*>(lua_touserdata(L, kQueue)));
  raise_value(L);
}

int queue_put(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.shut) raise_shut_down(L, queue);
  if (queue.full()) return wait_in(L, queue.putters, kPut, &queue, put_resumed);
  if (satisfied_too_often(L)) return yield_before<queue_put>(L, kPut.name);
  take_in(L, queue, kItem);
  return 0;
}

int queue_put_nowait(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.shut) raise_shut_down(L, queue);
  if (queue.full()) {
    raise(L, ErrorKind::queue_full, "%s holds %I items, its maxsize", class_name(queue), queue.count);
  }
  take_in(L, queue, kItem);
  return 0;
}

int get_resumed(lua_State* L, int, lua_KContext) {
  Task& task = finish_wait(L);
  auto& queue = *static_cast<Queue*>(lua_touserdata(L, kQueue));
  if (lua_gettop(L) > kTop) raise_shut_down(L, queue);
  --queue.promised;
  if (task.cancel_pending()) {
    give_back(L, queue);
    raise_cancelled(L, task);
  }
  if (queue.order != Order::priority) return give_out(L, queue);
  if (!trapped(L, bound<take_out>, kItem)) {
    give_back(L, queue);
    raise_value(L);
  }
  let_put(L, queue);
  return 1;
}

int queue_get(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.count > queue.promised) {
    if (satisfied_too_often(L)) return yield_before<queue_get>(L, kGet.name);
    return give_out(L, queue);
  }
  if (queue.shut) raise_shut_down(L, queue);
  return wait_in(L, queue.getters, kGet, &queue, get_resumed);
}

int queue_get_nowait(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.count > queue.promised) return give_out(L, queue);
  if (queue.shut) raise_shut_down(L, queue);
  raise(L, ErrorKind::queue_empty, "%s is empty", class_name(queue));
}

int queue_task_done(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.unfinished == 0) raise(L, ErrorKind::value, "task_done() called more often than there were items");
  if (--queue.unfinished == 0) wake_all(L, queue.joiners);
  return 0;
}

int join_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return 0;
}

int queue_join(lua_State* L) {
  Queue& queue = check_queue(L);
  if (queue.unfinished > 0) return wait_in(L, queue.joiners, kJoin, &queue, join_resumed);
  if (satisfied_too_often(L)) return yield_before<queue_join>(L, kJoin.name);
  return 0;
}

int queue_qsize(lua_State* L) {
  lua_pushinteger(L, check_queue(L).count);
  return 1;
}

int queue_empty(lua_State* L) {
  lua_pushboolean(L, check_queue(L).count == 0);
  return 1;
}

int queue_full(lua_State* L) {
  lua_pushboolean(L, check_queue(L).full());
  return 1;
}

void refuse_all(lua_State* L, WaitList& waiters) {
  while (!waiters.empty()) {
    lua_pushnil(static_cast<Task&>(*waiters.front()).parked_on);
    wake_first(L, waiters);
  }
}

/// shutdown(immediate)
int queue_shutdown(lua_State* L) {
  Queue& queue = check_queue(L);
  queue.shut = true;
  ++queue.changes;
  if (lua_toboolean(L, kItem) != 0) {
    queue.dropping = true;
    drop_rest(L, queue);
  }
  refuse_all(L, queue.getters);
  refuse_all(L, queue.putters);
  return 0;
}

lua_Integer length(const WaitList& waiters) { return static_cast<lua_Integer>(waiters.size()); }

int queue_tostring(lua_State* L) {
  const Queue& queue = check_queue(L);
  if (queue.maxsize == std::numeric_limits<lua_Integer>::max()) {
    lua_pushliteral(L, "");
  } else {
    lua_pushfstring(L, "/%I", queue.maxsize);
  }
  lua_pushfstring(L, "<%s size=%I%s getters=%I putters=%I%s>", class_name(queue), queue.count, lua_tostring(L, -1),
                  length(queue.getters), length(queue.putters), queue.shut ? " shut down" : "");
  return 1;
}

/// new_queue(order, maxsize, key, less): the userdata. The arguments have been checked; `less` is nil for the default,
/// which the argument behind it is then.
int new_queue(lua_State* L) {
  static const char* const kOrders[] = {"fifo", "lifo", "priority", nullptr};
  const auto order = static_cast<Order>(luaL_checkoption(L, 1, nullptr, kOrders));
  const lua_Integer maxsize = luaL_checkinteger(L, 2);
  lua_settop(L, 5);
  auto& queue = *new (lua_newuserdatauv(L, sizeof(Queue), kStoreValues)) Queue();
  set_type(L, kQueueType);
  queue.order = order;
  queue.maxsize = maxsize > 0 ? maxsize : std::numeric_limits<lua_Integer>::max();
  queue.compares_keys = lua_isnil(L, 4);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, kKey);
  lua_pushvalue(L, queue.compares_keys ? 5 : 4);
  lua_setiuservalue(L, -2, kLess);
  open_store(L, lua_gettop(L), queue);
  return 1;
}

}  // namespace

int open_queue(lua_State* L) {
  new_type(L, kQueueType);
  lua_pushcfunction(L, bound<new_queue>);
  lua_createtable(L, 0, 16);
  static const luaL_Reg kMethods[] = {
      {"put", bound<queue_put>},
      {"put_nowait", bound<queue_put_nowait>},
      {"get", bound<queue_get>},
      {"get_nowait", bound<queue_get_nowait>},
      {"task_done", bound<queue_task_done>},
      {"join", bound<queue_join>},
      {"qsize", bound<queue_qsize>},
      {"empty", bound<queue_empty>},
      {"full", bound<queue_full>},
      {"shutdown", bound<queue_shutdown>},
      {"__tostring", bound<queue_tostring>},
  };
  set_functions(L, kMethods);
  return 2;
}

}  // namespace neap::internal::stdlib
