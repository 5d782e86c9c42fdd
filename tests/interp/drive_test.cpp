// Running an interpreter from outside: on its own loop, on an application's uv_loop_t, and within any other loop.
#include "interp/interpreter.hpp"
#include "tests/support/inside.hpp"

#include <catch2/catch_test_macros.hpp>

#include <poll.h>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <thread>

using neap::internal::FutureState;
using neap::internal::Interpreter;
using neap::internal::InterpreterOptions;
using neap::internal::Task;
using neap::internal::tests::error_of;
using neap::internal::tests::global_integer;
using neap::internal::tests::spawn;

namespace {

using Seconds = std::chrono::duration<double>;

double now() { return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// An epoll-like loop of a foreign kind: waits for the descriptor, for the timeout at most, and steps.
void drive(Interpreter& interpreter) {
  while (interpreter.alive()) {
    const double timeout = interpreter.next_timeout();
    pollfd entry{interpreter.backend_fd(), POLLIN, 0};
    ::poll(&entry, 1, std::isinf(timeout) ? 10'000 : static_cast<int>(std::ceil(timeout * 1000)));
    interpreter.step(0.001);
  }
}

/// An application's loop, closed in order.
struct HostsLoop {
  HostsLoop() { uv_loop_init(&loop); }
  ~HostsLoop() {
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  HostsLoop(const HostsLoop&) = delete;
  HostsLoop& operator=(const HostsLoop&) = delete;

  uv_loop_t loop{};
};

InterpreterOptions on(HostsLoop& host) {
  InterpreterOptions options;
  options.uv_loop = &host.loop;
  return options;
}

const char* const kServerAndClient = R"(
  local server = async.start_server(function(stream) stream:write(stream:readline():upper()); stream:close() end,
                                    "127.0.0.1", 0)
  local stream = async.open_connection("127.0.0.1", server:address().port)
  stream:write("hello\n")
  answer = #stream:readline()
  stream:close()
  server:close()
)";

}  // namespace

// Steps.

TEST_CASE("drive: a step with budget 0 runs one turn, and says that more could run") {
  Interpreter interpreter;
  spawn(interpreter, "for i = 1, 1000 do count = i async.sleep(0) end");
  CHECK(interpreter.next_timeout() == 0);
  CHECK(interpreter.step(0));
  const auto first = global_integer(interpreter, "count");
  CHECK(first >= 1);
  CHECK(first < 1000);
  CHECK(interpreter.step(0));
  CHECK(global_integer(interpreter, "count") > first);
  interpreter.run();
}

TEST_CASE("drive: a step ends when nothing is left that could run at once") {
  Interpreter interpreter;
  spawn(interpreter, "async.sleep(50) slept = 1");
  CHECK_FALSE(interpreter.step(10));
  CHECK(interpreter.has_tasks());
  CHECK(interpreter.next_timeout() > 20);
  CHECK(interpreter.next_timeout() <= 50);
}

TEST_CASE("drive: a step ends soon after its budget while tasks have more to do") {
  Interpreter interpreter;
  spawn(interpreter, "while not stop do async.sleep(0) end");
  const double began = now();
  CHECK(interpreter.step(0.01));
  const double took = now() - began;
  CHECK(took >= 0.01);
  CHECK(took < 5);
}

TEST_CASE("drive: what waits for ever is no deadlock in a step, and only the descriptor can bring more") {
  Interpreter interpreter;
  spawn(interpreter, "async.Event():wait()");
  CHECK_FALSE(interpreter.step(0.001));
  CHECK_FALSE(interpreter.step(0.001));
  CHECK(interpreter.has_tasks());
  CHECK_FALSE(interpreter.alive());
  CHECK(std::isinf(interpreter.next_timeout()));
}

TEST_CASE("drive: timers, sockets and threads of the pool are driven by descriptor and timeout alone") {
  Interpreter interpreter;
  spawn(interpreter, kServerAndClient);
  spawn(interpreter, "async.sleep(0.002) slept = 1");
  spawn(interpreter, "file = #require('neap.fs').read('/proc/self/stat')");
  drive(interpreter);
  CHECK_FALSE(interpreter.has_tasks());
  CHECK(global_integer(interpreter, "answer") == 6);
  CHECK(global_integer(interpreter, "slept") == 1);
  CHECK(global_integer(interpreter, "file") > 0);
}

TEST_CASE("drive: a timer is never run before its time, whoever drives") {
  Interpreter interpreter;
  for (const double delay : {0.0003, 0.0011, 0.0047}) {
    spawn(interpreter, ("async.sleep(" + std::to_string(delay) + ") ended = true").c_str());
    const double began = now();
    drive(interpreter);
    CHECK(now() - began >= delay);
  }
}

TEST_CASE("drive: on a virtual clock steps jump over the time in which nothing happens") {
  InterpreterOptions options;
  options.virtual_clock = true;
  Interpreter interpreter(options);
  spawn(interpreter, "for i = 1, 100 do async.sleep(3600) hours = i end");
  const double began = now();
  while (interpreter.has_tasks()) interpreter.step(0.01);
  CHECK(global_integer(interpreter, "hours") == 100);
  CHECK(now() - began < 60);
}

// Runs.

TEST_CASE("drive: run_until, run and step work in any order in one interpreter") {
  Interpreter interpreter;
  Task& first = spawn(interpreter, "async.sleep(0.001) a = 1");
  spawn(interpreter, "async.sleep(0.2) b = 1");
  interpreter.run_until(first);
  CHECK(first.done());
  CHECK(interpreter.has_tasks());
  spawn(interpreter, "c = 1");
  interpreter.step(0);
  CHECK(global_integer(interpreter, "c") == 1);
  interpreter.run();
  CHECK(global_integer(interpreter, "b") == 1);
  CHECK_FALSE(interpreter.has_tasks());
  Task& last = spawn(interpreter, "async.sleep(0.001) d = 1");
  interpreter.run_until(last);
  CHECK(global_integer(interpreter, "d") == 1);
  interpreter.run();
}

TEST_CASE("drive: run_until ends a task that can never go on with a DeadlockError") {
  Interpreter interpreter;
  Task& task = spawn(interpreter, "async.Event():wait()");
  interpreter.run_until(task);
  CHECK(task.state == FutureState::failed);
  CHECK(error_of(interpreter, task).find("every task waits") != std::string::npos);
}

TEST_CASE("drive: run ends tasks that can never go on, one after the other") {
  Interpreter interpreter;
  spawn(interpreter,
        "local ok, e = pcall(function() async.Event():wait() end) first = tostring(e):find('every task') ");
  spawn(interpreter, "pcall(function() async.Event():wait() end) second = 1");
  interpreter.run();
  CHECK(global_integer(interpreter, "first") > 0);
  CHECK(global_integer(interpreter, "second") == 1);
}

TEST_CASE("drive: a run from within a run is refused") {
  Interpreter interpreter;
  int refused = 0;
  const auto try_all = [&] {
    CHECK_THROWS_AS(interpreter.step(0), std::logic_error);
    CHECK_THROWS_AS(interpreter.run(), std::logic_error);
    CHECK_THROWS_AS(interpreter.end_tasks(), std::logic_error);
    ++refused;
  };
  spawn(interpreter, "async.sleep(0.001)");
  interpreter.remote()->post(try_all);
  interpreter.run();
  spawn(interpreter, "async.sleep(0.001)");
  interpreter.remote()->post(try_all);
  interpreter.step(0.001);
  CHECK(refused == 2);
  interpreter.run();
}

TEST_CASE("drive: one interpreter may be run by a callback of another") {
  Interpreter outer;
  Interpreter inner;
  bool ran = false;
  spawn(outer, "async.sleep(0.002)");
  outer.remote()->post([&] {
    spawn(inner, "async.sleep(0.001) x = 1");
    inner.run();
    ran = true;
  });
  outer.run();
  CHECK(ran);
  CHECK(global_integer(inner, "x") == 1);
}

TEST_CASE("drive: os.exit ends the run of an interpreter and not the process") {
  Interpreter interpreter;
  Task& task = spawn(interpreter, "pcall(os.exit, 7) after = 1");
  interpreter.run_until(task);
  CHECK_FALSE(task.done());
  CHECK(interpreter.scheduler().exit_requested());
  CHECK(interpreter.scheduler().exit_status() == 7);
  CHECK(global_integer(interpreter, "after") == 0);
  CHECK_FALSE(interpreter.alive());
  CHECK_FALSE(interpreter.step(0.001));
  CHECK(std::isinf(interpreter.next_timeout()));
}

TEST_CASE("drive: os.exit where the task cannot wait ends it by an error, and the run too") {
  Interpreter interpreter;
  Task& task = spawn(interpreter, "table.sort({2, 1}, function() os.exit(true) end)");
  interpreter.run_until(task);
  CHECK(interpreter.scheduler().exit_requested());
  CHECK(interpreter.scheduler().exit_status() == 0);
}

// An application's loop.

TEST_CASE("drive: an application's loop runs tasks, timers and sockets, and ends when all is done") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  spawn(interpreter, kServerAndClient);
  spawn(interpreter, "async.sleep(0.002) slept = 1");
  CHECK(uv_run(&host.loop, UV_RUN_DEFAULT) == 0);
  CHECK_FALSE(interpreter.has_tasks());
  CHECK(global_integer(interpreter, "answer") == 6);
  CHECK(global_integer(interpreter, "slept") == 1);
}

TEST_CASE("drive: an application's loop gets on with UV_RUN_ONCE and UV_RUN_NOWAIT too") {
  for (const uv_run_mode mode : {UV_RUN_ONCE, UV_RUN_NOWAIT}) {
    HostsLoop host;
    Interpreter interpreter(on(host));
    spawn(interpreter, kServerAndClient);
    spawn(interpreter, "async.sleep(0.003) slept = 1");
    while (uv_run(&host.loop, mode) != 0) {}
    CHECK_FALSE(interpreter.has_tasks());
    CHECK(global_integer(interpreter, "answer") == 6);
    CHECK(global_integer(interpreter, "slept") == 1);
  }
}

TEST_CASE("drive: an application's loop sleeps while the interpreter has nothing to do") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  spawn(interpreter, "async.sleep(0.05)");
  int turns = 0;
  uv_prepare_t prepare;
  prepare.data = &turns;
  uv_prepare_init(&host.loop, &prepare);
  uv_prepare_start(&prepare, [](uv_prepare_t* handle) { ++*static_cast<int*>(handle->data); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare));
  const double began = now();
  uv_run(&host.loop, UV_RUN_DEFAULT);
  CHECK(now() - began >= 0.05);
  CHECK(turns < 20);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare), nullptr);
}

TEST_CASE("drive: on an application's loop a sleep is never too short") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  for (const double delay : {0.0002, 0.0013, 0.0046}) {
    spawn(interpreter, ("async.sleep(" + std::to_string(delay) + ")").c_str());
    const double began = now();
    uv_run(&host.loop, UV_RUN_DEFAULT);
    CHECK(now() - began >= delay);
    CHECK_FALSE(interpreter.has_tasks());
  }
}

TEST_CASE(
    "drive: an application's loop does not wait for a task that nothing can wake, and goes on when something does") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  spawn(interpreter, "event = async.Event() event:wait() woken = 1");
  CHECK(uv_run(&host.loop, UV_RUN_DEFAULT) == 0);
  CHECK(interpreter.has_tasks());
  spawn(interpreter, "event:set()");
  CHECK(uv_run(&host.loop, UV_RUN_DEFAULT) == 0);
  CHECK(global_integer(interpreter, "woken") == 1);
}

TEST_CASE("drive: a task made in a callback of the application's loop runs") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  uv_timer_t timer;
  timer.data = &interpreter;
  uv_timer_init(&host.loop, &timer);
  const auto fire = [](uv_timer_t* handle) {
    spawn(*static_cast<Interpreter*>(handle->data), "async.sleep(0.001) made = 1");
    uv_close(reinterpret_cast<uv_handle_t*>(handle), nullptr);
  };
  uv_timer_start(&timer, fire, 1, 0);
  uv_run(&host.loop, UV_RUN_DEFAULT);
  CHECK(global_integer(interpreter, "made") == 1);
}

TEST_CASE("drive: several interpreters share an application's loop, and may be run by themselves meanwhile") {
  HostsLoop host;
  Interpreter first(on(host));
  Interpreter second(on(host));
  spawn(first, "async.sleep(0.002) x = 1");
  spawn(second, "async.sleep(0.001) x = 2");
  second.run();
  CHECK(global_integer(second, "x") == 2);
  CHECK(global_integer(first, "x") == 0);
  spawn(second, "async.sleep(0.001) x = 3");
  uv_run(&host.loop, UV_RUN_DEFAULT);
  CHECK(global_integer(first, "x") == 1);
  CHECK(global_integer(second, "x") == 3);
}

TEST_CASE("drive: what a run has left ready goes on when the application's loop runs") {
  HostsLoop host;
  Interpreter interpreter(on(host));
  for (int i = 0; i < 2; ++i) spawn(interpreter, "for i = 1, 300 do async.sleep(0) end x = 1");
  Task& short_one = spawn(interpreter, "y = 1");
  interpreter.run_until(short_one);
  CHECK(global_integer(interpreter, "x") == 0);
  uv_run(&host.loop, UV_RUN_DEFAULT);
  CHECK(global_integer(interpreter, "x") == 1);
}

TEST_CASE("drive: destroying an interpreter runs no callback of the application's loop") {
  HostsLoop host;
  int fired = 0;
  uv_timer_t timer;
  timer.data = &fired;
  uv_timer_init(&host.loop, &timer);
  uv_timer_start(
      &timer, [](uv_timer_t* handle) { ++*static_cast<int*>(handle->data); }, 0, 0);
  {
    Interpreter interpreter(on(host));
    spawn(interpreter, "async.start_server(print, '127.0.0.1', 0):serve_forever()");
    interpreter.step(0.01);
  }
  CHECK(fired == 0);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
}

// Posting.

TEST_CASE("drive: work posted from another thread wakes each kind of loop") {
  HostsLoop host;
  Interpreter own;
  Interpreter hosted(on(host));
  Interpreter stepped;
  for (Interpreter* interpreter : {&own, &hosted, &stepped}) {
    bool ran = false;
    interpreter->loop().hold();  // something outside may bring work
    std::thread poster([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      interpreter->remote()->post([&, interpreter] {
        ran = true;
        interpreter->loop().release();
      });
    });
    if (interpreter == &own) {
      while (!ran) interpreter->run_until(spawn(own, "async.sleep(0.01)"));
    } else if (interpreter == &hosted) {
      spawn(hosted, "done = 1");
      uv_run(&host.loop, UV_RUN_DEFAULT);
    } else {
      drive(stepped);
    }
    CHECK(ran);
    poster.join();
  }
}
