#include "stdlib/thread/home.hpp"

#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"
#include "stdlib/thread/pool.hpp"

#include <algorithm>
#include <cstdio>
#include <new>
#include <utility>

namespace neap::internal::stdlib::thread {

namespace {

const char kHome = 0;      // registry key: the userdata that holds the Home
const char kIsolates = 0;  // registry key: the factory

using Factory = std::shared_ptr<const IsolateFactory>;

int home_gc(lua_State* L) {
  auto& home = *static_cast<std::shared_ptr<Home>*>(lua_touserdata(L, 1));
  home->close();
  home.reset();
  return 0;
}

void new_home(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kIsolates);
  const auto* factory = static_cast<const Factory*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  if (factory == nullptr) raise(L, ErrorKind::runtime, "this interpreter has no threads");
  auto* home = new (lua_newuserdatauv(L, sizeof(std::shared_ptr<Home>), 0)) std::shared_ptr<Home>();
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, bound<home_gc>);
  lua_setfield(L, -2, "__gc");
  *home = std::make_shared<Home>(L, *factory);
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHome);
}

/// A call of the queue, or of what runs, has been taken back: the Future was completed by somebody else.
void call_dropped(Scheduler&, FutureHook& hook) {
  auto& call = static_cast<Call&>(hook);
  call.dropped = true;
  call.pool->home()->forget(call);
  const std::shared_ptr<Pool> pool = call.pool;  // drop may delete the call
  pool->drop(call);
}

/// Pushes the trace of the other thread, which ends with where the call was made.
void push_trace(lua_State* L, Scheduler& scheduler, const Call& call) {
  const std::string& place = scheduler.place(call.place);
  lua_pushfstring(L, "%s%s\t-- thread of %s, called at %s", call.trace.c_str(), trail_joint(call.trace),
                  call.pool->name().c_str(), place.empty() ? "?" : place.c_str());
}

/// Protected: pushes the results of the call, a light userdata at index 1.
int unpack_answer(lua_State* L) {
  const Call& call = *static_cast<Call*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  return unpack(L, call.answer);
}

/// Completes the Future at index 2 with results that need modules of which some are not loaded. They may load; but here
/// their bodies cannot wait.
void deliver_with_modules(lua_State* L, Scheduler& scheduler, Future& future) {
  lua_pushcfunction(L, bound<unpack_answer>);
  lua_pushvalue(L, 1);
  if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK) return finish_future(L, scheduler, future, 2, lua_gettop(L) - 2);
  luaL_tolstring(L, -1, nullptr);
  lua_pushfstring(L, "the result is made of a module that has to be required before the call: %s", lua_tostring(L, -1));
  wrap_message(L, ErrorKind::runtime);
  fail_future(L, scheduler, 2);
}

/// Pushes the error of a call that is lost.
void push_problem(lua_State* L, Scheduler& scheduler, const Call& call) {
  const char* code = call.problem_code != 0 ? system_error_name(call.problem_code) : nullptr;
  const char* problem = call.problem.empty() ? "not enough memory" : call.problem.c_str();
  lua_pushfstring(L, "%s: %s", call.pool->name().c_str(), problem);
  wrap_message(L, code != nullptr ? error_kind_of_code(code) : ErrorKind::runtime);
  push_trace(L, scheduler, call);
  lua_setfield(L, -2, "traceback");
  if (code == nullptr) return;
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  lua_pushinteger(L, -call.problem_code);
  lua_setfield(L, -2, "errno");
}

/// Protected: completes the Future of the call, a light userdata at index 1.
int deliver_call(lua_State* L) {
  Call& call = *static_cast<Call*>(lua_touserdata(L, 1));
  Scheduler& scheduler = scheduler_of(L);
  scheduler.push_anchored(L, call.anchor);
  auto& future = *static_cast<Future*>(lua_touserdata(L, 2));
  if (call.linked()) call.unlink();
  switch (call.outcome) {
    case Call::Outcome::returned:
      if (needs_modules(L, call.answer)) {
        deliver_with_modules(L, scheduler, future);
      } else {
        finish_future(L, scheduler, future, 2, unpack(L, call.answer));
      }
      break;
    case Call::Outcome::raised:
      push_trace(L, scheduler, call);
      set_extra(L, 2, "traceback");
      unpack(L, call.answer);
      fail_future(L, scheduler, 2);
      break;
    case Call::Outcome::cancelled:
      lua_pushnil(L);
      cancel_future(L, scheduler, 2);
      break;
    case Call::Outcome::lost:
      push_problem(L, scheduler, call);
      fail_future(L, scheduler, 2);
      break;
  }
  return 0;
}

/// Protected: completes the Future at index 1 with nothing.
int deliver_end(lua_State* L) {
  auto& future = *static_cast<Future*>(lua_touserdata(L, 1));
  if (!future.done()) finish_future(L, scheduler_of(L), future, 1, 0);
  return 0;
}

}  // namespace

void set_isolates(lua_State* L, const Factory* factory) {
  lua_pushlightuserdata(L, const_cast<Factory*>(factory));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kIsolates);
}

Home& Home::of(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHome) == LUA_TNIL) {
    lua_pop(L, 1);
    new_home(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kHome);
  }
  Home& home = **static_cast<std::shared_ptr<Home>*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return home;
}

Home::Home(lua_State* L, Factory factory)
    : scheduler_(scheduler_of(L)),
      main_(scheduler_.main_thread()),
      factory_(std::move(factory)) {}

Home::~Home() = default;

// Calls.

std::unique_ptr<Call>& Home::draft() {
  if (!draft_) draft_ = std::make_unique<Call>();
  return draft_;
}

void Home::expect(lua_State* L, int future, Call& call) {
  call.told = prepare_delivery();
  lua_pushvalue(L, future);
  call.anchor = scheduler_.anchor(L);
  call.ended = call_dropped;
  static_cast<Future*>(lua_touserdata(L, future))->waiters.push_back(call);
  if (call.endless) {
    scheduler_.loop().hold();
  } else {
    scheduler_.loop().begin_request();
    ++expected_;
    scheduler_.expect_post();
  }
}

void Home::forget(Call& call) {
  if (call.linked()) call.unlink();
  if (call.endless) {
    scheduler_.loop().release();
  } else {
    scheduler_.loop().end_request();
    --expected_;
  }
  scheduler_.release(main_, std::exchange(call.anchor, 0));
}

void Home::call_ended(std::unique_ptr<Call> call) {
  lock_awake(mutex_);
  const std::lock_guard lock(mutex_, std::adopt_lock);
  if (!open_) return;
  Call& ended = *call;
  answers_.push_back(std::move(call));
  post_delivery(ended.told);
}

Remote::Posting Home::prepare_delivery() {
  return Remote::prepare([self = shared_from_this()] { self->deliver(); });
}

/// Under the mutex: has `deliver` called on the loop's thread, if it is not to be already.
void Home::post_delivery(Remote::Posting& told) {
  if (!std::exchange(posted_, true)) scheduler_.loop().post_prepared(std::move(told));
}

void Home::deliver() {
  {
    lock_awake(mutex_);
    const std::lock_guard lock(mutex_, std::adopt_lock);
    posted_ = false;
    if (!open_) return;
    inbox_.take(answers_);
  }
  // That of a call by which nothing was told, for others were told of already. Of a batch there is mostly one.
  Remote::Posting again;
  for (std::size_t i = 0; !inbox_.empty() && (i < kBatch || again.empty()); ++i) {
    const std::unique_ptr<Call> call = inbox_.pop_front();
    if (again.empty()) again.swap(call->told);
    if (!call->dropped) deliver(*call);
  }
  while (Runner* runner = take_ended()) bury(runner);
  if (expected_ != 0) scheduler_.expect_post();
  if (inbox_.empty()) return;
  const std::lock_guard lock(mutex_);
  post_delivery(again);
}

/// One whose thread has ended, or null.
Runner* Home::take_ended() {
  const std::lock_guard lock(mutex_);
  if (ended_runners_.empty()) return nullptr;
  Runner* runner = ended_runners_.front();
  ended_runners_.erase(ended_runners_.begin());  // it keeps its room
  return runner;
}

void Home::deliver(Call& call) {
  lua_pushcfunction(main_, bound<deliver_call>);
  lua_pushlightuserdata(main_, &call);
  if (lua_pcall(main_, 1, 0, 0) != LUA_OK) {  // there is no memory for the answer
    scheduler_.push_anchored(main_, call.anchor);
    lua_insert(main_, -2);
    fail_future(main_, scheduler_, -2);
    lua_pop(main_, 1);
  }
  forget(call);
}

void Home::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (open_) scheduler_.loop().post(std::move(work));
}

// Threads.

int Home::start_thread(Pool& pool, Call& first) {
  auto runner = std::make_unique<Runner>(pool.shared_from_this());
  runner->told = prepare_delivery();
  runners_.reserve(runners_.size() + 1);
  pool.make_room();
  {
    const std::lock_guard lock(mutex_);
    ended_runners_.reserve(runners_.size() + 1);
  }
  runner->current = &first;
  runner->has_call.store(true, std::memory_order_relaxed);
  first.runner = runner.get();
  first.state = Call::State::running;
  if (const int error = runner->start(); error != 0) {
    first.runner = nullptr;
    return error;
  }
  ++pool.threads;
  runners_.push_back(runner.release());
  return 0;
}

void Home::thread_ended(Runner* runner) {
  std::unique_ptr<Runner> own;
  const std::lock_guard lock(mutex_);
  if (left_behind_) {
    own.reset(runner);
    return;
  }
  ended_runners_.push_back(runner);
  if (open_) post_delivery(runner->told);
  ended_.notify_all();
}

/// The thread has ended, or is about to.
void Home::bury(Runner* runner) {
  runner->join();
  const std::unique_ptr<Runner> own(runner);
  std::erase(runners_, runner);
  Pool& pool = own->pool();
  if (--pool.threads != 0 || pool.ending_anchor == 0) return;
  const int anchor = std::exchange(pool.ending_anchor, 0);
  scheduler_.loop().end_request();
  lua_pushcfunction(main_, bound<deliver_end>);
  scheduler_.push_anchored(main_, anchor);
  if (lua_pcall(main_, 1, 0, 0) != LUA_OK) lua_pop(main_, 1);
  scheduler_.release(main_, anchor);
}

// Interruptions.

void Home::watch_interrupts() {
  if (timer_ == nullptr) {
    timer_ = new uv_timer_t();
    timer_->data = this;
    uv_timer_init(scheduler_.loop().uv(), timer_);
    uv_unref(reinterpret_cast<uv_handle_t*>(timer_));
  }
  const auto on_tick = [](uv_timer_t* timer) { static_cast<Home*>(timer->data)->repeat_interrupts(); };
  uv_timer_start(timer_, on_tick, static_cast<std::uint64_t>(kTick.count()), 0);
}

void Home::interrupt(const Pool& pool, Stop level) {
  for (Runner* runner : runners_) {
    if (&runner->pool() == &pool) runner->pool().interrupt(*runner, level);
  }
  watch_interrupts();
}

void Home::repeat_interrupts() {
  bool any = false;
  for (Runner* runner : runners_) {
    if (!runner->is_interrupted()) continue;
    runner->pool().interrupt_again(*runner);
    any = true;
  }
  if (any) watch_interrupts();
}

// The end.

void Home::close() {
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  if (timer_ != nullptr) {
    uv_close(reinterpret_cast<uv_handle_t*>(timer_),
             [](uv_handle_t* timer) { delete reinterpret_cast<uv_timer_t*>(timer); });
    timer_ = nullptr;
  }
  draft_.reset();
  inbox_.clear();
  for (Runner* runner : runners_) {
    for (Call* call : runner->pool().shut_down(true)) delete call;
  }
  for (Runner* runner : runners_) runner->pool().interrupt(*runner, Stop::cancel);
  wait_for_threads();
  const std::lock_guard lock(mutex_);
  answers_.clear();
}

void Home::wait_for_threads() {
  const auto began = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  for (;;) {
    for (Runner* runner : ended_runners_) {
      runner->join();
      std::erase(runners_, runner);
      delete runner;
    }
    ended_runners_.clear();
    if (runners_.empty()) return;
    ended_.wait_for(lock, kTick);
    const auto waited = std::chrono::steady_clock::now() - began;
    if (waited > kGrace) break;
    if (!ended_runners_.empty()) continue;
    lock.unlock();
    for (Runner* runner : runners_) {
      if (waited > kPatience) {
        runner->pool().interrupt(*runner, Stop::kill);
      } else {
        runner->pool().interrupt_again(*runner);
      }
    }
    lock.lock();
  }
  leave_behind();
}

/// Under the mutex.
void Home::leave_behind() {
  left_behind_ = true;
  for (Runner* runner : runners_) {
    if (std::find(ended_runners_.begin(), ended_runners_.end(), runner) != ended_runners_.end()) continue;
    const std::string& place = scheduler_.place(runner->pool().place_of(*runner));
    char text[512];
    std::snprintf(text, sizeof text,
                  "neap: a call in another thread, made at %s, has not ended %d seconds after the program, and is left "
                  "behind\n",
                  place.empty() ? "?" : place.c_str(), static_cast<int>(kGrace.count()));
    scheduler_.write_error(text);
    runner->detach();
  }
  for (Runner* runner : ended_runners_) {
    runner->join();
    delete runner;
  }
  ended_runners_.clear();
  runners_.clear();
}

}  // namespace neap::internal::stdlib::thread
