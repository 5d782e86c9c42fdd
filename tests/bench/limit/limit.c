/* The limit: the least work that runs the benchmark rows on liblua and libuv.
 *
 * Not a runtime anybody could use: no error objects, no context, no reports, no done callbacks.
 * It has just what the rows of limit.lua call, built in the cheapest way known to us, so that
 * "neap takes 1.2 x the limit" says what neap's guarantees cost.
 *
 * usage: neap_bench_limit SCRIPT [ARG...]      (SCRIPT runs as the main task)
 *
 * One thread, one lua_State, everything in `rt`. Invariants:
 * 1. A live task is in exactly one place: running, in the ready ring, in one wait list (link),
 *    in the timer heap (timer), or waiting for `pending` tasks whose `waiter` it is.
 * 2. Tasks and alarms live in slabs and never move. Lua holds small objects (TaskRef, AlarmRef)
 *    with their generation: one that outlives its task or alarm names nothing.
 * 3. Every coroutine stays anchored in `rt.threads` and is used again by a later task.
 */
#include <inttypes.h>
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <uv.h>

#include "allocator.h"
#include "timer_heap.h"

enum {
  kGcPause = 400,
  kBatch = 256, /* steps between two polls: a poll costs three switches */
  kSlabChunk = 4096,
  kSlabChunks = 4096,
};

enum { kWakeTask, kRunCallback, kExpireScope }; /* Timer.kind */

typedef struct Link {
  struct Link *prev, *next; /* circular; a lone link points at itself */
} Link;

typedef struct Task {
  Link link; /* first, so that a Link* of a wait list is a Task* */
  lua_State* co;
  struct Task* waiter; /* parked until this task ends */
  Timer timer;
  uint32_t result_index; /* where the waiter's list wants the result; 0: nowhere */
  uint32_t pending;      /* how many tasks it waits for */
  uint32_t arguments;    /* on the coroutine's stack before its first step; 0 afterwards */
  uint32_t generation;
  bool cancelled; /* from cancel() until the next wake-up raises it */
} Task;

typedef struct Alarm { /* a call_later, or a timeout's scope */
  Timer timer;
  uint32_t slot, generation;
  struct Alarm* next_free;
  Task* task; /* the scope's */
  bool expired;
} Alarm;

typedef struct TaskRef {
  Task* task;
  uint32_t generation;
} TaskRef;

typedef struct AlarmRef {
  Alarm* alarm;
  uint32_t generation;
} AlarmRef;

typedef struct Future {
  Link waiters;
  bool done;
} Future;

typedef struct Semaphore { /* of one permit: a lock */
  Link waiters;
  lua_Integer permits;
} Semaphore;

typedef struct Queue {   /* user value 1: its items, a table used as a ring */
  Link getters, putters; /* the item of a putter is on top of its stack */
  lua_Unsigned head, count, capacity, maxsize;
} Queue;

static struct {
  lua_State* L;
  uv_loop_t loop;
  uv_timer_t wakeup;
  Allocator allocator;
  TimerHeap heap;

  Task** ring;
  uint32_t ring_head, ring_tail, ring_capacity; /* capacity is a power of two */

  Task* tasks[kSlabChunks];
  uint32_t task_count;
  Task* free_tasks; /* linked through link.next */

  Alarm* alarms[kSlabChunks];
  uint32_t alarm_count;
  Alarm* free_alarms;
} rt;

static char kCancelled; /* its address is the error value of a cancelled wait */

/* ---- small parts ------------------------------------------------------------------------ */

static void fatal(const char* message) {
  fprintf(stderr, "neap_bench_limit: %s\n", message);
  exit(1);
}

static void link_init(Link* l) { l->prev = l->next = l; }

static void link_append(Link* list, Link* l) {
  l->prev = list->prev;
  l->next = list;
  list->prev->next = l;
  list->prev = l;
}

static void link_remove(Link* l) {
  l->prev->next = l->next;
  l->next->prev = l->prev;
  link_init(l);
}

static Task* task_of(lua_State* co) { return *(Task**)lua_getextraspace(co); }

/* The task that the object at `index` names, or NULL when that task has ended. */
static Task* live_task(lua_State* L, int index) {
  TaskRef* ref = lua_touserdata(L, index);
  return ref->task->generation == ref->generation ? ref->task : NULL;
}

/* ---- the ready ring --------------------------------------------------------------------- */

static void ring_grow(void) {
  uint32_t size = rt.ring_tail - rt.ring_head;
  uint32_t capacity = rt.ring_capacity ? rt.ring_capacity * 2 : 1024;
  Task** ring = malloc(capacity * sizeof *ring);
  if (!ring) fatal("out of memory");
  for (uint32_t i = 0; i < size; i++) ring[i] = rt.ring[(rt.ring_head + i) & (rt.ring_capacity - 1)];
  free(rt.ring);
  rt.ring = ring;
  rt.ring_capacity = capacity;
  rt.ring_head = 0;
  rt.ring_tail = size;
}

static bool ring_empty(void) { return rt.ring_head == rt.ring_tail; }

static void make_ready(Task* t) {
  if (rt.ring_tail - rt.ring_head == rt.ring_capacity) ring_grow();
  rt.ring[rt.ring_tail++ & (rt.ring_capacity - 1)] = t;
}

static Task* ring_take(void) { return rt.ring[rt.ring_head++ & (rt.ring_capacity - 1)]; }

/* ---- parking ---------------------------------------------------------------------------- */

static void raise_if_cancelled(lua_State* L) {
  Task* t = task_of(L);
  if (!t->cancelled) return;
  t->cancelled = false;
  lua_pushlightuserdata(L, &kCancelled);
  lua_error(L);
}

static int woken(lua_State* L, int status, lua_KContext context) {
  (void)status, (void)context;
  raise_if_cancelled(L);
  return 0;
}

static int park(lua_State* L) { return lua_yieldk(L, 0, 0, woken); }

static void cancel_task(Task* t) {
  bool parked = t->link.next != &t->link || t->timer.index != kNotArmed;
  t->cancelled = true;
  if (!parked) return; /* ready already, or waiting for tasks: raised when it runs next */
  link_remove(&t->link);
  heap_disarm(&rt.heap, &t->timer);
  make_ready(t);
}

/* ---- tasks ------------------------------------------------------------------------------ */

static Task* task_create(lua_State* L, int threads) {
  uint32_t slot = rt.task_count;
  if (slot % kSlabChunk == 0) {
    if (slot / kSlabChunk == kSlabChunks) fatal("too many tasks");
    rt.tasks[slot / kSlabChunk] = malloc(kSlabChunk * sizeof(Task));
    if (!rt.tasks[slot / kSlabChunk]) fatal("out of memory");
  }
  rt.task_count++;
  Task* t = &rt.tasks[slot / kSlabChunk][slot % kSlabChunk];
  *t = (Task){.timer = {kNotArmed, kWakeTask}};
  link_init(&t->link);
  t->co = lua_newthread(L);
  *(Task**)lua_getextraspace(t->co) = t;
  lua_rawseti(L, threads, (lua_Integer)slot + 1);
  return t;
}

static Task* task_take(lua_State* L, int threads) {
  Task* t = rt.free_tasks;
  if (!t) return task_create(L, threads);
  rt.free_tasks = (Task*)t->link.next;
  link_init(&t->link);
  return t;
}

/* Hands the first result, or the error, to the list of a waiting gather. That list is slot 2 of
 * the frame in which the waiter yielded. */
static void deliver(Task* t, Task* waiter) {
  if (lua_gettop(t->co) == 0) lua_pushnil(t->co);
  lua_settop(t->co, 1);
  lua_xmove(t->co, waiter->co, 1);
  lua_rawseti(waiter->co, 2, t->result_index);
}

static void task_finish(Task* t, int status) {
  /* An error leaves the frames in place: unwinding them runs the <close> variables. */
  if (status != LUA_OK) lua_resetthread(t->co);
  Task* waiter = t->waiter;
  if (waiter) {
    if (t->result_index) deliver(t, waiter);
    if (--waiter->pending == 0) make_ready(waiter);
  } else if (status != LUA_OK) {
    fatal(lua_tostring(t->co, -1) ? lua_tostring(t->co, -1) : "a task failed");
  }
  lua_settop(t->co, 0);
  t->waiter = NULL;
  t->cancelled = false;
  t->generation++;
  t->link.next = (Link*)rt.free_tasks;
  rt.free_tasks = t;
}

static void step(Task* t) {
  int arguments = (int)t->arguments, results;
  t->arguments = 0;
  int status = lua_resume(t->co, rt.L, arguments, &results);
  if (status != LUA_YIELD) task_finish(t, status);
}

/* ---- timers ----------------------------------------------------------------------------- */

static uint64_t deadline_after(lua_Number seconds) {
  return uv_hrtime() + (seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
}

static Alarm* alarm_take(uint32_t kind) {
  Alarm* a = rt.free_alarms;
  if (a) {
    rt.free_alarms = a->next_free;
  } else {
    uint32_t slot = rt.alarm_count++;
    if (slot % kSlabChunk == 0) {
      if (slot / kSlabChunk == kSlabChunks) fatal("too many timers");
      rt.alarms[slot / kSlabChunk] = calloc(kSlabChunk, sizeof(Alarm));
      if (!rt.alarms[slot / kSlabChunk]) fatal("out of memory");
    }
    a = &rt.alarms[slot / kSlabChunk][slot % kSlabChunk];
    a->slot = slot;
  }
  a->timer = (Timer){kNotArmed, kind};
  a->expired = false;
  return a;
}

static void alarm_release(Alarm* a) {
  heap_disarm(&rt.heap, &a->timer);
  a->generation++;
  a->next_free = rt.free_alarms;
  rt.free_alarms = a;
}

/* The table of callbacks is kept in the registry under the address of the heap. */
static void run_callback(Alarm* a) {
  lua_rawgetp(rt.L, LUA_REGISTRYINDEX, &rt.heap);
  lua_rawgeti(rt.L, -1, (lua_Integer)a->slot + 1);
  lua_pushnil(rt.L);
  lua_rawseti(rt.L, -3, (lua_Integer)a->slot + 1);
  alarm_release(a);
  if (lua_pcall(rt.L, 0, 0, 0) != LUA_OK) fatal(lua_tostring(rt.L, -1));
  lua_pop(rt.L, 1);
}

static void fire(Timer* timer) {
  if (timer->kind == kWakeTask) {
    make_ready((Task*)((char*)timer - offsetof(Task, timer)));
    return;
  }
  Alarm* a = (Alarm*)timer;
  if (timer->kind == kRunCallback) {
    run_callback(a);
  } else {
    a->expired = true;
    cancel_task(a->task);
  }
}

static void fire_due(void) {
  if (rt.heap.size == 0) return;
  uint64_t now = uv_hrtime();
  for (Timer* due; (due = heap_take_due(&rt.heap, now));) fire(due);
}

/* ---- the loop --------------------------------------------------------------------------- */

static void on_wakeup(uv_timer_t* timer) { (void)timer; }

static void poll_until_due(void) {
  if (rt.heap.size == 0) fatal("deadlock: nothing can wake the main task");
  uint64_t now = uv_hrtime(), deadline = rt.heap.entries[0].deadline;
  if (deadline <= now) return;
  uv_update_time(&rt.loop);
  uv_timer_start(&rt.wakeup, on_wakeup, (deadline - now + 999999) / 1000000, 0);
  uv_run(&rt.loop, UV_RUN_ONCE);
}

static void run_until_done(Task* main_task) {
  uint32_t generation = main_task->generation;
  while (main_task->generation == generation) {
    fire_due();
    for (int i = 0; i < kBatch && !ring_empty(); i++) step(ring_take());
    if (main_task->generation != generation) break;
    if (ring_empty())
      poll_until_due();
    else
      uv_run(&rt.loop, UV_RUN_NOWAIT);
  }
}

/* ---- what the rows call ----------------------------------------------------------------- */

static int limit_sleep(lua_State* L) {
  lua_Number seconds = lua_tonumber(L, 1);
  Task* t = task_of(L);
  if (seconds > 0)
    heap_arm(&rt.heap, &t->timer, deadline_after(seconds));
  else
    make_ready(t);
  return park(L);
}

static int limit_spawn(lua_State* L) { /* upvalues: threads, the metatable of tasks */
  Task* t = task_take(L, lua_upvalueindex(1));
  int values = lua_gettop(L); /* the function and its arguments */
  t->arguments = (uint32_t)values - 1;
  lua_xmove(L, t->co, values);
  make_ready(t);
  TaskRef* ref = lua_newuserdatauv(L, sizeof *ref, 0);
  *ref = (TaskRef){t, t->generation};
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  return 1;
}

static int limit_await(lua_State* L) {
  Task* child = live_task(L, 1);
  if (!child) return 0;
  Task* t = task_of(L);
  child->waiter = t;
  child->result_index = 0;
  t->pending = 1;
  return park(L);
}

static int gathered(lua_State* L, int status, lua_KContext context) {
  (void)status, (void)context;
  raise_if_cancelled(L);
  return 1; /* the list of results is on top */
}

static int limit_gather(lua_State* L) {
  lua_Integer n = luaL_len(L, 1);
  Task* t = task_of(L);
  lua_settop(L, 1);
  lua_createtable(L, (int)n, 0);
  t->pending = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    Task* child = live_task(L, -1);
    lua_pop(L, 1);
    if (!child) continue;
    child->waiter = t;
    child->result_index = (uint32_t)i;
    t->pending++;
  }
  return t->pending ? lua_yieldk(L, 0, 0, gathered) : 1;
}

static int task_cancel(lua_State* L) {
  Task* t = live_task(L, 1);
  if (t) cancel_task(t);
  return 0;
}

static int limit_future(lua_State* L) { /* upvalue 1: the metatable of futures */
  Future* f = lua_newuserdatauv(L, sizeof *f, 0);
  link_init(&f->waiters);
  f->done = false;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static int future_set_result(lua_State* L) {
  Future* f = lua_touserdata(L, 1);
  f->done = true;
  while (f->waiters.next != &f->waiters) {
    Link* first = f->waiters.next;
    link_remove(first);
    make_ready((Task*)first);
  }
  return 0;
}

static int limit_wait(lua_State* L) {
  Future* f = lua_touserdata(L, 1);
  if (f->done) return 0;
  link_append(&f->waiters, &task_of(L)->link);
  return park(L);
}

static Task* list_take(Link* list) {
  Link* first = list->next;
  if (first == list) return NULL;
  link_remove(first);
  return (Task*)first;
}

static int limit_semaphore(lua_State* L) { /* (permits) */
  Semaphore* s = lua_newuserdatauv(L, sizeof *s, 0);
  link_init(&s->waiters);
  s->permits = lua_tointeger(L, 1);
  return 1;
}

static int limit_acquire(lua_State* L) {
  Semaphore* s = lua_touserdata(L, 1);
  if (s->permits > 0) {
    s->permits--;
    return 0;
  }
  link_append(&s->waiters, &task_of(L)->link);
  return park(L);
}

static int limit_release(lua_State* L) {
  Semaphore* s = lua_touserdata(L, 1);
  Task* next = list_take(&s->waiters);
  if (next)
    make_ready(next);
  else
    s->permits++;
  return 0;
}

static int limit_queue(lua_State* L) { /* (maxsize; 0: no limit) */
  lua_Integer maxsize = lua_tointeger(L, 1);
  Queue* q = lua_newuserdatauv(L, sizeof *q, 1);
  link_init(&q->getters);
  link_init(&q->putters);
  q->head = q->count = 0;
  q->maxsize = maxsize ? (lua_Unsigned)maxsize : LUA_MAXINTEGER;
  q->capacity = 128;
  lua_createtable(L, (int)q->capacity, 0);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

/* With the queue at index 1 and its items on top. */
static void queue_grow(lua_State* L, Queue* q) {
  lua_createtable(L, (int)q->capacity * 2, 0);
  for (lua_Unsigned i = 0; i < q->count; i++) {
    lua_rawgeti(L, -2, (lua_Integer)((q->head + i) & (q->capacity - 1)) + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  q->head = 0;
  q->capacity *= 2;
  lua_remove(L, -2);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, 1);
}

/* Appends the value on top, which it pops. */
static void queue_append(lua_State* L, Queue* q) {
  lua_getiuservalue(L, 1, 1);
  if (q->count == q->capacity) queue_grow(L, q);
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)((q->head + q->count++) & (q->capacity - 1)) + 1);
  lua_pop(L, 1);
}

static int limit_put(lua_State* L) {
  Queue* q = lua_touserdata(L, 1);
  Task* getter = list_take(&q->getters);
  if (getter) {
    lua_xmove(L, getter->co, 1);
    make_ready(getter);
    return 0;
  }
  if (q->count < q->maxsize) {
    queue_append(L, q);
    return 0;
  }
  link_append(&q->putters, &task_of(L)->link);
  return park(L);
}

static int got(lua_State* L, int status, lua_KContext context) {
  (void)status, (void)context;
  raise_if_cancelled(L);
  return 1; /* the item is on top */
}

static int limit_get(lua_State* L) {
  Queue* q = lua_touserdata(L, 1);
  if (q->count == 0) {
    link_append(&q->getters, &task_of(L)->link);
    return lua_yieldk(L, 0, 0, got);
  }
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, (lua_Integer)q->head + 1);
  q->head = (q->head + 1) & (q->capacity - 1);
  q->count--;
  Task* putter = list_take(&q->putters);
  if (putter) {
    lua_xmove(putter->co, L, 1);
    queue_append(L, q);
    make_ready(putter);
  }
  return 1;
}

static int limit_call_later(lua_State* L) { /* upvalues: callbacks, the metatable of handles */
  Alarm* a = alarm_take(kRunCallback);
  heap_arm(&rt.heap, &a->timer, deadline_after(lua_tonumber(L, 1)));
  lua_settop(L, 2);
  lua_rawseti(L, lua_upvalueindex(1), (lua_Integer)a->slot + 1);
  AlarmRef* ref = lua_newuserdatauv(L, sizeof *ref, 0);
  *ref = (AlarmRef){a, a->generation};
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  return 1;
}

static int handle_cancel(lua_State* L) { /* upvalue 1: the callbacks */
  AlarmRef* ref = lua_touserdata(L, 1);
  Alarm* a = ref->alarm;
  if (a->generation != ref->generation) return 0;
  lua_pushnil(L);
  lua_rawseti(L, lua_upvalueindex(1), (lua_Integer)a->slot + 1);
  alarm_release(a);
  return 0;
}

static int timeout_left(lua_State* L, int status, lua_KContext context) {
  Alarm* scope = (Alarm*)context;
  bool expired = scope->expired;
  alarm_release(scope);
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - 1;
  if (expired && lua_touserdata(L, -1) == &kCancelled) lua_pushliteral(L, "timeout");
  return lua_error(L);
}

static int limit_timeout(lua_State* L) { /* (seconds, fn, ...) */
  Alarm* scope = alarm_take(kExpireScope);
  scope->task = task_of(L);
  heap_arm(&rt.heap, &scope->timer, deadline_after(lua_tonumber(L, 1)));
  lua_KContext context = (lua_KContext)scope;
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, context, timeout_left);
  return timeout_left(L, status, context);
}

static int limit_time(lua_State* L) {
  lua_pushnumber(L, (lua_Number)uv_hrtime() * 1e-9);
  return 1;
}

static const luaL_Reg kPlain[] = {
    {"sleep", limit_sleep},
    {"await", limit_await},
    {"gather", limit_gather},
    {"timeout", limit_timeout},
    {"wait", limit_wait},
    {"semaphore", limit_semaphore},
    {"acquire", limit_acquire},
    {"release", limit_release},
    {"queue", limit_queue},
    {"put", limit_put},
    {"get", limit_get},
    {"time", limit_time},
    {NULL, NULL},
};

/* Pushes the metatable of a kind of object that has one method, a closure over `upvalue`. */
static void new_metatable(lua_State* L, const char* method, lua_CFunction f, int upvalue) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushvalue(L, upvalue);
  lua_pushcclosure(L, f, 1);
  lua_setfield(L, -2, method);
  lua_setfield(L, -2, "__index");
}

static void open_limit(lua_State* L) {
  enum { kThreads = 1, kCallbacks, kLimit };
  lua_newtable(L);
  lua_newtable(L);
  luaL_newlib(L, kPlain);
  lua_pushvalue(L, kCallbacks);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &rt.heap);

  lua_pushvalue(L, kThreads);
  new_metatable(L, "cancel", task_cancel, kThreads);
  lua_pushcclosure(L, limit_spawn, 2);
  lua_setfield(L, kLimit, "spawn");

  lua_pushvalue(L, kCallbacks);
  new_metatable(L, "cancel", handle_cancel, kCallbacks);
  lua_pushcclosure(L, limit_call_later, 2);
  lua_setfield(L, kLimit, "call_later");

  new_metatable(L, "set_result", future_set_result, kThreads);
  lua_pushcclosure(L, limit_future, 1);
  lua_setfield(L, kLimit, "future");

  lua_setglobal(L, "limit");
  lua_settop(L, 0);
}

/* ---- main ------------------------------------------------------------------------------- */

static void push_arguments(lua_State* L, int argc, char** argv) {
  lua_createtable(L, argc, 0);
  for (int i = 1; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
}

static Task* spawn_script(lua_State* L, const char* path) {
  lua_getglobal(L, "limit");
  lua_getfield(L, -1, "spawn");
  if (luaL_loadfile(L, path) != LUA_OK) fatal(lua_tostring(L, -1));
  lua_call(L, 1, 1);
  Task* t = live_task(L, -1);
  lua_settop(L, 0);
  return t;
}

int main(int argc, char** argv) {
  if (argc < 2) fatal("usage: neap_bench_limit SCRIPT [ARG...]");
  rt.L = lua_newstate(allocate, &rt.allocator);
  if (!rt.L || uv_loop_init(&rt.loop) != 0) fatal("cannot start");
  uv_timer_init(&rt.loop, &rt.wakeup);
  lua_gc(rt.L, LUA_GCINC, kGcPause, 0, 0);
  luaL_openlibs(rt.L);
  open_limit(rt.L);
  push_arguments(rt.L, argc, argv);
  run_until_done(spawn_script(rt.L, argv[1]));
  lua_close(rt.L);
  uv_close((uv_handle_t*)&rt.wakeup, NULL);
  uv_run(&rt.loop, UV_RUN_DEFAULT);
  return uv_loop_close(&rt.loop);
}
