#include "runtime/task/offload.hpp"

#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <latch>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace neap::internal {

namespace {

constexpr UserdataType kOffloadsType{"Offloads"};
const char kOffloads = 0;  // registry key: the state's list of requests

struct Link {
  void unlink() {
    prev->next = next;
    next->prev = prev;
    prev = next = this;
  }

  Link* prev = this;
  Link* next = this;
};

struct Request : Link {
  explicit Request(std::shared_ptr<Job> owned) : job(std::move(owned)) { work.data = this; }
  ~Request() { unlink(); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  uv_work_t work{};
  std::shared_ptr<Job> job;        // with a thread of its own, until that has done it
  Scheduler* scheduler = nullptr;  // null once the state is being closed
  Task* task = nullptr;            // null when nobody waits
  int anchor = 0;                  // of the value kept alive
  bool in_pool = false;            // from uv_queue_work until the loop's callback
  bool apart = false;              // while a thread of its own works
  std::atomic<bool> worked{false};
};

/// How threads of their own tell that they are done.
struct Mailbox {
  explicit Mailbox(Loop& of) : loop(&of) {}

  std::mutex mutex;
  Loop* loop;  // null once the state is being closed
};

/// What such a thread knows.
struct Errand {
  std::shared_ptr<Job> job;
  std::shared_ptr<Mailbox> mailbox;
  Request* request;  // for the loop's thread, while the mailbox has a loop
  Remote::Posting told;
};

/// A userdata in the registry, so that closing the state finds what is still under way.
struct Offloads {
  /// Unlinks and returns the first request, or null.
  Request* take_first() {
    if (requests.next == &requests) return nullptr;
    auto* first = static_cast<Request*>(requests.next);
    first->unlink();  // NOLINT(clang-analyzer-cplusplus.NewDelete): every request unlinks itself before it dies
    return first;
  }

  Link requests;
  std::shared_ptr<Mailbox> mailbox;
};

Offloads& offloads_of(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kOffloads);
  auto& offloads = *static_cast<Offloads*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return offloads;
}

/// True when the work will never be begun; the loop's callback comes all the same.
bool detach(Request& request) {
  request.task = nullptr;
  request.job->abandon();
  return request.in_pool && !request.job->must_run() && uv_cancel(reinterpret_cast<uv_req_t*>(&request.work)) == 0;
}

void do_work(uv_work_t* work) {
  auto* request = static_cast<Request*>(work->data);
  request->job->work();
  request->worked.store(true, std::memory_order_release);
  request->worked.notify_one();
}

/// The job's part is over; on the loop's thread.
void request_ended(Request* request) {
  if (request->anchor != 0) {
    request->scheduler->release(request->scheduler->main_thread(), request->anchor);
    request->anchor = 0;
  }
  if (request->task == nullptr) {
    delete request;
    return;
  }
  request->scheduler->wake(*request->task);  // the continuation deletes the request
}

void work_ended(uv_work_t* work, int) {
  auto* request = static_cast<Request*>(work->data);
  request->in_pool = false;
  request_ended(request);
}

void queue(uv_loop_t* loop, Request& request) {
  request.in_pool = true;
  uv_queue_work(loop, &request.work, do_work, work_ended);  // fails only without a work function
}

void errand_ended(const Mailbox& mailbox, Request* request) {
  if (mailbox.loop == nullptr) return;  // the state has been closed, and the request is gone
  mailbox.loop->end_request();
  request->apart = false;
  request_ended(request);
}

/// A thread of its own.
void do_errand(void* raw) {
  const std::unique_ptr<Errand> errand(static_cast<Errand*>(raw));
  errand->job->work();
  errand->job.reset();
  const std::shared_ptr<Mailbox> mailbox = errand->mailbox;
  const std::lock_guard lock(mailbox->mutex);
  if (mailbox->loop == nullptr) return;
  mailbox->loop->post_prepared(std::move(errand->told));
}

/// Starts a thread that nobody joins and that gets no signal. 0, or libuv's error code.
int start_detached(uv_thread_cb body, void* argument) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  uv_thread_t thread{};
  const int error = uv_thread_create(&thread, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) pthread_detach(thread);
  return error;
}

/// libuv makes as many threads, at the first work; this is how it finds their number.
int pool_size() {
  constexpr int kStandard = 4;
  constexpr int kMost = 1024;
  const char* wanted = std::getenv("UV_THREADPOOL_SIZE");  // NOLINT(concurrency-mt-unsafe): nothing of neap's sets it
  return wanted == nullptr ? kStandard : std::clamp(std::atoi(wanted), 1, kMost);
}

/// Starts and ends as many threads as the pool will have: 0, or the error of the one that could not be made.
int try_threads(int count) {
  std::latch all_made(1);
  std::vector<uv_thread_t> threads(static_cast<std::size_t>(count));
  const auto wait = [](void* latch) { static_cast<std::latch*>(latch)->wait(); };
  int made = 0;
  int error = 0;
  while (made < count && error == 0) {
    error = uv_thread_create(&threads[static_cast<std::size_t>(made)], wait, &all_made);
    if (error == 0) ++made;
  }
  all_made.count_down();
  for (int i = 0; i < made; ++i) uv_thread_join(&threads[static_cast<std::size_t>(i)]);
  return error;
}

Request& new_request(lua_State* L, std::unique_ptr<Job> job) {
  Offloads& offloads = offloads_of(L);
  auto* request = new Request(std::move(job));
  request->scheduler = &scheduler_of(L);
  request->prev = offloads.requests.prev;
  request->next = &offloads.requests;
  request->prev->next = request->next->prev = request;
  return *request;
}

Request& queue_job(lua_State* L, std::unique_ptr<Job> job, int keep) {
  Scheduler& scheduler = scheduler_of(L);
  Request* request = &new_request(L, std::move(job));
  if (keep != 0) {  // this may raise: the list owns the request until the state is closed
    lua_pushvalue(L, keep);
    request->anchor = scheduler.anchor(L);
  }
  queue(scheduler.loop().uv(), *request);
  return *request;
}

/// Arguments: the job, and the binding's first argument.
int run_answer(lua_State* L) {
  auto* job = static_cast<Job*>(lua_touserdata(L, 1));
  lua_remove(L, 1);
  return job->answer(L);
}

int offload_resumed(lua_State* L, int, lua_KContext context) {
  finish_wait(L);  // when it raises, the request is not ours any more
  auto* request = reinterpret_cast<Request*>(context);
  const int before = lua_gettop(L);
  if (lua_checkstack(L, 3) == 0) {
    delete request;
    return luaL_error(L, "not enough memory for the stack");
  }
  lua_pushcfunction(L, bound<run_answer>);
  lua_pushlightuserdata(L, request->job.get());
  if (before != 0) lua_pushvalue(L, 1);
  const int status = lua_pcall(L, before != 0 ? 2 : 1, LUA_MULTRET, 0);
  delete request;
  return status == LUA_OK ? lua_gettop(L) - before : lua_error(L);
}

[[noreturn]] void raise_no_thread(lua_State* L, int error) {
  raise_os_error(L, error, system_error_name(error), system_error_text(error), "pthread_create", nullptr);
}

/// Starts the job on a thread of its own.
Request& begin_errand(lua_State* L, std::unique_ptr<Job> job) {
  int error = 0;
  {
    std::unique_ptr<Request> request(&new_request(L, std::move(job)));
    const std::shared_ptr<Mailbox> mailbox = offloads_of(L).mailbox;
    auto told = Remote::prepare([mailbox, raw = request.get()] { errand_ended(*mailbox, raw); });
    std::unique_ptr<Errand> errand(new Errand{request->job, mailbox, request.get(), std::move(told)});
    error = start_detached(do_errand, errand.get());
    if (error == 0) {
      errand.release();  // NOLINT(bugprone-unused-return-value): the thread's
      return *request.release();
    }
  }
  raise_no_thread(L, error);
}

int wait_for(lua_State* L, Task& task, const WaitKind& wait, Request& request) {
  request.task = &task;
  return park(L, task, wait, &request, offload_resumed, reinterpret_cast<lua_KContext>(&request));
}

/// Runs when the state is closed.
int offloads_gc(lua_State* L) {
  auto& offloads = *static_cast<Offloads*>(lua_touserdata(L, 1));
  {
    const std::lock_guard lock(offloads.mailbox->mutex);
    offloads.mailbox->loop = nullptr;
  }
  while (Request* request = offloads.take_first()) {
    if (request->apart) {
      request->scheduler->loop().end_request();
      request->job->abandon();
    }
    if (!request->in_pool) {  // on a thread of its own, or ended and its task never came to run again
      delete request;
      continue;
    }
    const bool never_begun = detach(*request);
    const int anchor = std::exchange(request->anchor, 0);
    request->scheduler = nullptr;
    // The bytes that were kept alive are about to be freed: work that has begun is waited for.
    if (anchor != 0 && !never_begun) request->worked.wait(false, std::memory_order_acquire);
  }
  offloads.~Offloads();
  return 0;
}

}  // namespace

std::atomic<bool> Job::process_ending{false};

void abandon_offload(Scheduler&, Task& task) { detach(*static_cast<Request*>(task.wait_object)); }

void open_offload(lua_State* L) {
  [[maybe_unused]] static const int kRegistered = std::atexit([] { Job::process_ending = true; });
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kOffloads) == LUA_TNIL) {
    new_type(L, kOffloadsType);
    static const luaL_Reg kMethods[] = {{"__gc", bound<offloads_gc>}};
    set_functions(L, kMethods);
    lua_pop(L, 1);
    auto* offloads = new (lua_newuserdatauv(L, sizeof(Offloads), 0)) Offloads();
    offloads->mailbox = std::make_shared<Mailbox>(scheduler_of(L).loop());
    set_type(L, kOffloadsType);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kOffloads);
  }
  lua_pop(L, 1);
}

int start_pool() {
  static std::atomic<bool> started{false};
  if (started.load(std::memory_order_relaxed)) return 0;
  const int error = try_threads(pool_size());
  if (error == 0) started.store(true, std::memory_order_relaxed);
  return error;
}

int offload(lua_State* L, Task& task, const WaitKind& wait, std::unique_ptr<Job> job, int keep) {
  if (const int error = start_pool(); error != 0) {
    job.reset();
    raise_no_thread(L, error);
  }
  return wait_for(L, task, wait, queue_job(L, std::move(job), keep));
}

int offload_apart(lua_State* L, Task& task, const WaitKind& wait, std::unique_ptr<Job> job) {
  Request& request = begin_errand(L, std::move(job));
  request.apart = true;
  request.scheduler->loop().begin_request();
  return wait_for(L, task, wait, request);
}

int offload_always(lua_State* L, const WaitKind& wait, std::unique_ptr<Job> job) {
  Request& request = queue_job(L, std::move(job), 0);
  return wait_for(L, check_can_wait(L, wait.name), wait, request);
}

void run_detached(uv_loop_t* loop, std::unique_ptr<Job> job) {
  auto* request = new Request(std::move(job));
  request->job->abandon();
  queue(loop, *request);
}

}  // namespace neap::internal
