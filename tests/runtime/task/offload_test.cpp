// Work on the thread pool: what becomes of a job whose task ends in every possible way.
#include "runtime/task/offload.hpp"

#include "interp/interpreter.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

using namespace neap::internal;

namespace {

/// What the jobs of a test do and have done.
struct Script {
  std::atomic<int> alive{0};
  std::atomic<int> worked{0};
  std::atomic<bool> saw_kept{true};
  std::atomic<bool> stay{false};  // one that was told to wait does so although it is given up
  std::counting_semaphore<100> started{0};
  std::counting_semaphore<100> go{0};  // a job that was told to wait goes on
};

Script* script = nullptr;

enum class Kind { quick, held, raising, stubborn };

class TestJob final : public Job {
 public:
  TestJob(Kind kind, std::string_view kept) : kind_(kind), kept_(kept) { ++script->alive; }
  ~TestJob() override { --script->alive; }

  void work() noexcept override {
    script->started.release();
    if (kind_ == Kind::held || kind_ == Kind::stubborn) {
      while (!script->go.try_acquire_for(std::chrono::milliseconds(5))) {
        if (abandoned() && kind_ == Kind::held && !script->stay) break;
      }
    }
    for (const char byte : kept_) {
      if (byte != 'k') script->saw_kept = false;
    }
    ++script->worked;
  }

  int answer(lua_State* L) override {
    if (kind_ == Kind::raising) raise(L, ErrorKind::value, "from the answer");
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "done");
    return 2;
  }

  [[nodiscard]] bool must_run() const override { return kind_ == Kind::stubborn; }

 private:
  Kind kind_;
  std::string_view kept_;
};

constexpr WaitKind kWork = offload_wait("work");

/// work(kind, text): the kind's name and "done". The text is kept alive for the job.
int work(lua_State* L) {
  static const char* const kNames[] = {"quick", "held", "raising", "stubborn", nullptr};
  const auto kind = static_cast<Kind>(luaL_checkoption(L, 1, "quick", kNames));
  const std::string_view text = lua_isstring(L, 2) != 0 ? check_view(L, 2) : std::string_view();
  if (kind == Kind::stubborn) return offload_always(L, kWork, std::make_unique<TestJob>(kind, text));
  Task& task = check_can_wait(L, kWork.name);
  return offload(L, task, kWork, std::make_unique<TestJob>(kind, text), text.empty() ? 0 : 2);
}

/// apart(kind): the same on a thread of its own.
int work_apart(lua_State* L) {
  const Kind kind = std::string_view(luaL_checkstring(L, 1)) == "held" ? Kind::held : Kind::quick;
  Task& task = check_can_wait(L, kWork.name);
  return offload_apart(L, task, kWork, std::make_unique<TestJob>(kind, ""));
}

/// started(): waits, blocking, until one more job has begun. go(): lets one more held job go on.
int wait_started(lua_State*) {
  script->started.acquire();
  return 0;
}
int let_go(lua_State*) {
  script->go.release();
  return 0;
}

/// deliver(): polls, in the middle of a step, until no job is under way.
int deliver(lua_State* L) {
  Loop& loop = scheduler_of(L).loop();
  while (loop.alive()) loop.poll();
  return 0;
}

struct Run {
  explicit Run(const InterpreterOptions& options = {}) : interpreter(std::make_unique<Interpreter>(options)) {
    script = &own;
    lua_State* L = interpreter->state();
    open_offload(L);
    lua_register(L, "work", bound<work>);
    lua_register(L, "apart", bound<work_apart>);
    lua_register(L, "started", bound<wait_started>);
    lua_register(L, "go", bound<let_go>);
    lua_register(L, "deliver", bound<deliver>);
  }

  /// Runs the chunk as the main task; "" or the text of its error.
  std::string operator()(const char* code) const {
    lua_State* L = interpreter->state();
    if (luaL_loadstring(L, code) != LUA_OK) FAIL(lua_tostring(L, -1));
    const Task& task = interpreter->run_main(0);
    std::string text;
    if (task.state != FutureState::finished) {
      push_exception(L, -1);
      text = luaL_tolstring(L, -1, nullptr);
      lua_pop(L, 2);
    }
    lua_settop(L, 0);
    return text;
  }

  Script own{};
  std::unique_ptr<Interpreter> interpreter;
};

}  // namespace

TEST_CASE("offload: a task waits for its job and gets the answer", "[offload]") {
  const Run run;
  CHECK(run("local a, b = work('quick') assert(a == 'quick' and b == 'done')") == "");
  CHECK(run.own.worked == 1);
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload: a job whose answer raises is deleted, and the error is the task's", "[offload]") {
  const Run run;
  CHECK(run("work('raising')") == "ValueError: from the answer");
  CHECK(run("assert(not pcall(work, 'raising'))") == "");
  CHECK(run("async.timeout(9, coroutine.wrap(function() work('raising') end))") == "ValueError: from the answer");
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload: other tasks run while a job works", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(work, 'held') async.sleep(0) started() "
            "for _ = 1, 100 do async.sleep(0) end assert(not t:done()) go() await(t)") == "");
}

TEST_CASE("offload: a job under way is no deadlock", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(work, 'held') async.sleep(0) "
            "async.get_running_loop():call_soon(go) assert(await(t) == 'held')") == "");
  CHECK(run("work('quick') await(async.Future())").find("DeadlockError") == 0);
}

TEST_CASE("offload: a virtual clock stands still while a job works", "[offload]") {
  InterpreterOptions options;
  options.virtual_clock = true;
  const Run run(options);
  CHECK(run("local loop = async.get_running_loop() local start = loop:time() "
            "local sleeper = async.spawn(async.sleep, 3600) "
            "for _ = 1, 20 do work('quick') end "
            "assert(loop:time() == start and not sleeper:done())") == "");
}

TEST_CASE("offload: a cancelled task goes on at once, and the job is deleted when it ends", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(work, 'held') async.sleep(0) started() t:cancel() "
            "local ok, err = async.catch(await, t) assert(async.is(err, async.CancelledError))") == "");
  while (run.own.alive != 0) run.interpreter->loop().wait();
  CHECK(run.own.worked == 1);
}

TEST_CASE("offload: work that has not begun when its task is cancelled is never begun", "[offload]") {
  const Run run;
  CHECK(run("local held = {} "
            "for i = 1, 4 do held[i] = async.spawn(work, 'held') end "  // all threads of the pool
            "async.sleep(0) for _ = 1, 4 do started() end "
            "local queued = async.spawn(work, 'quick') async.sleep(0) queued:cancel() "
            "for _ = 1, 4 do go() end async.gather(held) async.wait{queued} assert(queued:cancelled())") == "");
  CHECK(run.own.worked == 4);
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload: a completion that comes too late wakes nobody", "[offload]") {
  const Run run;
  CHECK(run("local woken = 0 "
            "local t = async.spawn(function() "
            "  async.catch(work, 'held') "
            "  async.sleep(0.03) woken = woken + 1 async.Future():cancel() end) "
            "async.sleep(0) started() t:cancel() async.sleep(0) go() "
            "async.sleep(0.01) assert(woken == 0) await(t) assert(woken == 1)") == "");
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload: a result that has arrived wins over a later cancel", "[offload]") {
  const Run run;
  CHECK(run("local result "
            "local t = async.spawn(function() result = work('held') async.sleep(1) end) "
            "async.sleep(0) go() deliver() t:cancel() async.wait{t} "
            "assert(result == 'held' and t:cancelled())") == "");
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload: the bytes that a job uses outlive its task", "[offload]") {
  const Run run;
  CHECK(run("for _ = 1, 20 do "
            "  local t = async.spawn(function() work('held', ('k'):rep(100000)) end) "
            "  async.sleep(0) started() t:cancel() async.wait{t} t = nil "
            "  collectgarbage() collectgarbage() local junk = ('x'):rep(100000) go() "
            "end") == "");
  while (run.own.alive != 0) run.interpreter->loop().wait();
  CHECK(run.own.saw_kept);
}

TEST_CASE("offload: an interpreter dies while jobs are queued, working and done", "[offload]") {
  Run run;
  lua_State* L = run.interpreter->state();
  // The exit leaves the tasks where they are.
  REQUIRE(luaL_loadstring(L,
                          "for _ = 1, 10 do async.spawn(work, 'held', ('k'):rep(100000)) end "
                          "async.sleep(0) started() started() go() async.sleep(0.02) os.exit(0, true)") == LUA_OK);
  run.interpreter->run_main(0);
  CHECK(run.interpreter->scheduler().exit_requested());
  run.interpreter.reset();
  CHECK(run.own.alive == 0);
  CHECK(run.own.saw_kept);
}

TEST_CASE("offload_always: the work is done although its task is cancelled before and meanwhile", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(function() async.current_task():cancel() work('stubborn') end) "
            "async.wait{t} assert(t:cancelled()) started() go()") == "");
  while (run.own.alive != 0) run.interpreter->loop().wait();
  CHECK(run.own.worked == 1);
  CHECK(run("local held = {} for i = 1, 4 do held[i] = async.spawn(work, 'held') end async.sleep(0) "
            "for _ = 1, 4 do started() end "
            "local t = async.spawn(work, 'stubborn') async.sleep(0) t:cancel() async.wait{t} assert(t:cancelled()) "
            "for _ = 1, 5 do go() end async.gather(held)") == "");
  while (run.own.alive != 0) run.interpreter->loop().wait();
  CHECK(run.own.worked == 6);
}

TEST_CASE("offload: nothing is begun where nothing can wait", "[offload]") {
  const Run run;
  CHECK(run("table.sort({1, 2}, function() work('quick') end)").find("RuntimeError: work: cannot wait inside") == 0);
  CHECK(run.own.alive == 0);
  CHECK(run.own.worked == 0);
}

TEST_CASE("run_detached: the job is run and deleted, whatever the state does", "[offload]") {
  Run run;
  run_detached(run.interpreter->loop().uv(), std::make_unique<TestJob>(Kind::quick, ""));
  run.interpreter.reset();
  CHECK(run.own.worked == 1);
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload_apart: a task waits for its job and gets the answer, and others run meanwhile", "[offload]") {
  const Run run;
  CHECK(run("local a, b = apart('quick') assert(a == 'quick' and b == 'done')") == "");
  CHECK(run("local t = async.spawn(apart, 'held') async.sleep(0) started() started() "
            "for _ = 1, 100 do async.sleep(0) end assert(not t:done()) go() assert(await(t) == 'held')") == "");
  CHECK(run.own.worked == 2);
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload_apart: a job under way is no deadlock, and one that has ended keeps nothing alive", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(apart, 'held') async.sleep(0) "
            "async.get_running_loop():call_soon(go) assert(await(t) == 'held')") == "");
  CHECK_FALSE(run.interpreter->loop().alive());
  CHECK(run("apart('quick') await(async.Future())").find("DeadlockError") == 0);
}

TEST_CASE("offload_apart: a virtual clock stands still while a job works", "[offload]") {
  InterpreterOptions options;
  options.virtual_clock = true;
  const Run run(options);
  CHECK(run("local loop = async.get_running_loop() local start = loop:time() "
            "local sleeper = async.spawn(async.sleep, 3600) "
            "for _ = 1, 20 do apart('quick') end "
            "assert(loop:time() == start and not sleeper:done())") == "");
}

TEST_CASE("offload_apart: jobs that hang take nothing of the pool", "[offload]") {
  const Run run;
  CHECK(run("local held = {} "
            "for i = 1, 8 do held[i] = async.spawn(apart, 'held') end "
            "async.sleep(0) for _ = 1, 8 do started() end "
            "assert(work('quick') == 'quick') "
            "for _ = 1, 8 do go() end async.gather(held)") == "");
}

TEST_CASE("offload_apart: a cancelled task goes on at once, and the job is deleted when it ends", "[offload]") {
  const Run run;
  CHECK(run("local t = async.spawn(apart, 'held') async.sleep(0) started() t:cancel() "
            "local ok, err = async.catch(await, t) assert(async.is(err, async.CancelledError))") == "");
  while (run.interpreter->loop().alive()) run.interpreter->loop().wait();
  CHECK(run.own.worked == 1);
  CHECK(run.own.alive == 0);
}

TEST_CASE("offload_apart: an interpreter dies while a job works, and does not wait for it", "[offload]") {
  Run run;
  lua_State* L = run.interpreter->state();
  REQUIRE(luaL_loadstring(L,
                          "for _ = 1, 3 do async.spawn(apart, 'held') end async.spawn(apart, 'quick') "
                          "async.sleep(0) for _ = 1, 4 do started() end os.exit(0, true)") == LUA_OK);
  run.own.stay = true;
  run.interpreter->run_main(0);
  run.interpreter.reset();
  CHECK(run.own.alive >= 3);
  run.own.go.release(3);
  while (run.own.alive != 0) std::this_thread::yield();
  CHECK(run.own.worked == 4);
}
