// The birth and death of interpreters in an application: what they cost, what they leave behind, where they print.
#include "interp/interpreter.hpp"
#include "interp/report.hpp"
#include "tests/support/inside.hpp"

#include <catch2/catch_test_macros.hpp>

#include <malloc.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <clocale>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using neap::internal::Interpreter;
using neap::internal::InterpreterOptions;
using neap::internal::Remote;
using neap::internal::tests::global_integer;
using neap::internal::tests::spawn;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

using Seconds = std::chrono::duration<double>;
using Clock = std::chrono::steady_clock;

std::size_t entries_of(const char* directory) {
  const auto all = std::filesystem::directory_iterator(directory);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// What of the process's a leak would show in.
struct Held {
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t threads = entries_of("/proc/self/task");
  std::size_t bytes = mallinfo2().uordblks;
};

/// Threads that were joined leave /proc a little later.
Held held_at_rest(std::size_t threads = 0) {
  Held now;
  for (int i = 0; i < 20 && now.threads > threads; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    now = Held();
  }
  return now;
}

/// Waits until the child has ended; it is not reaped.
void wait_for_end(pid_t child) {
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
}

/// What a script may be doing when its interpreter is destroyed.
const char* const kAtWork[] = {
    "async.sleep(100)",
    "async.get_running_loop():call_later(50, print) async.Event():wait()",
    "local server = async.start_server(print, '127.0.0.1', 0) server:serve_forever()",
    R"(local server = async.start_server(function(stream) stream:readline() end, '127.0.0.1', 0)
       local stream = async.open_connection('127.0.0.1', server:address().port)
       stream:write('x') stream:readline())",
    R"(local function numbers() for i = 1, 10 do coroutine.yield(i) async.sleep(0) end end
       for i in coroutine.wrap(numbers) do if i == 3 then async.sleep(100) end end)",
    "local files = require('neap.fs') local file = files.open('/proc/self/stat') file:read(1) async.sleep(100)",
    "local queue = async.Queue() async.spawn(queue.get, queue) queue:get()",
    R"(local ok <close> = setmetatable({}, {__close = function() async.sleep(0.0001) end}) async.sleep(100))",
    "async.gather(async.spawn(async.sleep, 9), async.spawn(async.sleep, 8))",
    "error('nobody looks at this')",
};
const char* const kProcess = "async.create_subprocess_exec('sleep', '0.1'):wait()";
const char* const kThread = "async.to_thread(function() return 1 end)";

InterpreterOptions quiet() {
  InterpreterOptions options;
  options.output = [](int, std::string_view) {};
  return options;
}

/// Makes interpreters and destroys them, every other one with work in flight, on a host's loop, or with work posted.
void make_and_destroy(int rounds, uv_loop_t* host) {
  constexpr int kProcessEvery = 500;
  constexpr int kThreadEvery = 250;
  for (int round = 0; round < rounds; ++round) {
    InterpreterOptions options = quiet();
    options.closing_grace = 0.002;
    if (round % 3 == 0) options.uv_loop = host;
    Interpreter interpreter(options);
    if (round % 2 == 0) continue;
    const auto kind = static_cast<std::size_t>(round / 2) % std::size(kAtWork);
    spawn(interpreter, kAtWork[kind]);
    if (round % kProcessEvery == 1) spawn(interpreter, kProcess);
    if (round % kThreadEvery == 1) spawn(interpreter, kThread);
    interpreter.step(0);
    interpreter.step(round % kProcessEvery == 1 ? 0.01 : 0);
    auto bytes = std::make_shared<std::string>(1000, 'x');
    interpreter.remote()->post([bytes] {});
    if (host != nullptr) uv_run(host, UV_RUN_NOWAIT);
  }
}

/// Half of them have work in flight.
void check_no_trace(int rounds) {
  uv_loop_t host;
  REQUIRE(uv_loop_init(&host) == 0);
  make_and_destroy(kSanitized ? 60 : 1000, &host);  // what is made once
  uv_run(&host, UV_RUN_DEFAULT);
  const Held before = held_at_rest();
  make_and_destroy(rounds, &host);
  uv_run(&host, UV_RUN_DEFAULT);
  const Held after = held_at_rest(before.threads);
  CHECK(after.descriptors == before.descriptors);
  CHECK(after.threads <= before.threads);
  // malloc keeps some of what was freed for the thread, and counts it as used.
  if (!kSanitized) CHECK(after.bytes < before.bytes + std::size_t{256} * 1024);
  CHECK(uv_loop_close(&host) == 0);
}

}  // namespace

TEST_CASE("lifecycle: interpreters are made and destroyed without a trace, half of them with work in flight") {
  check_no_trace(kSanitized ? 300 : 2'000);
}

// Not among those that run by themselves: it takes ten seconds, and much longer under a sanitizer.
TEST_CASE("lifecycle: ten thousand interpreters leave no trace", "[.stress]") { check_no_trace(10'000); }

TEST_CASE("lifecycle: making an interpreter takes at most a millisecond and 300 KB") {
  if (kSanitized) SKIP("the sanitizer has its own time and memory");
  { const Interpreter warm; }
  double least = 1;
  std::size_t bytes = 0;
  for (int i = 0; i < 20; ++i) {
    const std::size_t before = mallinfo2().uordblks;
    const auto began = Clock::now();
    const Interpreter interpreter;
    least = std::min(least, Seconds(Clock::now() - began).count());
    bytes = mallinfo2().uordblks - before;
  }
  CHECK(least <= 0.001);
  CHECK(bytes <= 300'000);
}

// How it ends.

TEST_CASE("lifecycle: a child that outlives its interpreter is reaped by a later one") {
  pid_t child = 0;
  {
    Interpreter interpreter(quiet());
    spawn(interpreter, "pid = async.create_subprocess_exec('sleep', '0.01').pid");
    while (child == 0) {
      interpreter.step(0.001);
      child = static_cast<pid_t>(global_integer(interpreter, "pid"));
    }
  }
  wait_for_end(child);
  Interpreter interpreter(quiet());
  spawn(interpreter, "async.create_subprocess_exec('true'):wait()");
  interpreter.run();
  CHECK(waitpid(child, nullptr, WNOHANG) == -1);
}

TEST_CASE("lifecycle: cleanup of tasks runs when the interpreter is destroyed, and may wait") {
  std::string printed;
  InterpreterOptions options;
  options.output = [&](int, std::string_view text) { printed += text; };
  {
    Interpreter interpreter(options);
    spawn(interpreter, R"(
      local guard <close> = setmetatable({}, {__close = function() async.sleep(0.001) print("closed") end})
      async.sleep(100))");
    interpreter.step(0);
  }
  CHECK(printed == "closed\n");
}

TEST_CASE("lifecycle: cleanup that takes longer than the grace is dropped") {
  std::string printed;
  InterpreterOptions options;
  options.closing_grace = 0.02;
  options.output = [&](int, std::string_view text) { printed += text; };
  const auto began = Clock::now();
  {
    Interpreter interpreter(options);
    spawn(interpreter, R"(
      local guard <close> = setmetatable({}, {__close = function() print("closing") async.sleep(100) print("no") end})
      async.sleep(100))");
    interpreter.step(0);
  }
  CHECK(printed == "closing\n");
  CHECK(Seconds(Clock::now() - began).count() < 10);
}

TEST_CASE("lifecycle: without a grace tasks are dropped where they wait") {
  std::string printed;
  InterpreterOptions options;
  options.closing_grace = 0;
  options.output = [&](int, std::string_view text) { printed += text; };
  {
    Interpreter interpreter(options);
    spawn(interpreter, R"(
      local guard <close> = setmetatable({}, {__close = function() print("closed") end}) async.sleep(100))");
    interpreter.step(0);
  }
  CHECK(printed.empty());
}

TEST_CASE("lifecycle: what a connection has under way is sent before the interpreter is gone") {
  Interpreter receiver;
  spawn(receiver, R"(
    server = async.start_server(function(stream) size = #stream:read("a") end, "127.0.0.1", 0)
    port = server:address().port)");
  receiver.step(0.01);
  const auto port = global_integer(receiver, "port");
  REQUIRE(port != 0);
  std::thread sender([port] {
    Interpreter interpreter;
    spawn(interpreter, "stream = async.open_connection('127.0.0.1', " + std::to_string(port) +
                           ") stream:write(('x'):rep(30000)) stream:close()");
    interpreter.run();
  });
  while (global_integer(receiver, "size") == 0) receiver.step(0.001);
  sender.join();
  CHECK(global_integer(receiver, "size") == 30'000);
}

TEST_CASE("lifecycle: an interpreter whose library cannot be loaded is an exception, and leaves nothing behind") {
  const auto directory = std::filesystem::temp_directory_path() / ("neap_lifecycle_" + std::to_string(getpid()));
  std::filesystem::create_directories(directory / "base");
  if (std::FILE* file = std::fopen((directory / "base" / "init.lua").c_str(), "w")) {
    std::fputs("local core = ... setmetatable({}, {__gc = function() end}) error('broken library')", file);
    std::fclose(file);
  }
  InterpreterOptions options;
  options.stdlib_directory = directory;
  const auto make = [&] { const Interpreter interpreter(options); };
  CHECK_THROWS_AS(make(), std::runtime_error);
  const Held before = held_at_rest();
  for (int i = 0; i < 10; ++i) CHECK_THROWS_AS(make(), std::runtime_error);
  const Held after = held_at_rest(before.threads);
  CHECK(after.descriptors == before.descriptors);
  std::filesystem::remove_all(directory);
}

TEST_CASE("lifecycle: interpreters live on several threads at the same time") {
  constexpr int kThreads = 4;
  const int rounds = kSanitized ? 10 : 100;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        Interpreter interpreter(quiet());
        interpreter.scheduler().set_default_handler(neap::internal::report_context);
        spawn(interpreter, "async.sleep(0.0001) sum = 0 for i = 1, 100 do sum = sum + i end warn('@on') warn('x')");
        spawn(interpreter, "error('unheard')");
        spawn(interpreter, "data = #require('neap.fs').read('/proc/self/stat')");
        interpreter.run();
        if (global_integer(interpreter, "sum") == 5050 && global_integer(interpreter, "data") > 0) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == kThreads * rounds);
}

TEST_CASE("lifecycle: threads that post while interpreters are destroyed reach no dead one") {
  const int rounds = kSanitized ? 50 : 1000;
  std::mutex mutex;
  std::shared_ptr<Remote> remote;
  std::atomic<bool> stop{false};
  std::atomic<long> accepted{0};
  std::atomic<long> gone{0};
  std::thread poster([&] {
    while (!stop) {
      std::shared_ptr<Remote> to;
      {
        const std::lock_guard lock(mutex);
        to = remote;
      }
      if (to == nullptr) continue;
      const std::shared_ptr<void> token(nullptr, [&gone](void*) { ++gone; });
      ++accepted;
      to->post([token] {});
    }
  });
  for (int round = 0; round < rounds; ++round) {
    Interpreter interpreter(quiet());
    {
      const std::lock_guard lock(mutex);
      remote = interpreter.remote();
    }
    spawn(interpreter, "async.sleep(100)");
    interpreter.step(0);
  }
  stop = true;
  poster.join();
  CHECK(accepted > 0);
  CHECK(gone == accepted);
}

TEST_CASE("lifecycle: an error that nobody has looked at is reported before the interpreter is gone") {
  int reports = 0;
  {
    Interpreter interpreter(quiet());
    const auto handler = [](void* self, lua_State*, int) { ++*static_cast<int*>(self); };
    interpreter.scheduler().set_default_handler(handler, &reports);
    spawn(interpreter, "error('unheard')");
    interpreter.step(0);
  }
  CHECK(reports == 1);
}

// What is the host's stays the host's.

TEST_CASE("lifecycle: an embedded interpreter changes no signal handler and no locale") {
  const auto handlers = [] {
    std::vector<void (*)(int)> all;
    for (int number = 1; number < 32; ++number) {
      struct sigaction action {};
      sigaction(number, nullptr, &action);
      all.push_back(action.sa_handler);
    }
    return all;
  };
  const auto before = handlers();
  const std::string locale = setlocale(LC_ALL, nullptr);
  {
    Interpreter interpreter(quiet());
    spawn(interpreter, R"(
      local call = async.spawn(async.to_thread, function() local n = 0 for i = 1, 1e7 do n = n + i end end)
      async.sleep(0.01) call:cancel())");
    spawn(interpreter, "async.create_subprocess_exec('true'):wait()");
    interpreter.run();
  }
  CHECK(handlers() == before);
  CHECK(setlocale(LC_ALL, nullptr) == locale);
}

TEST_CASE("lifecycle: a broken pipe is an error of the script where SIGPIPE would end the process") {
  struct sigaction before {};
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  REQUIRE(sigaction(SIGPIPE, &standard, &before) == 0);
  {
    Interpreter interpreter(quiet());
    spawn(interpreter, R"(
      local child = async.create_subprocess_exec("true", { stdin = async.subprocess.PIPE })
      child:wait()
      local ok, problem = pcall(function() for i = 1, 100 do child.stdin:write(("x"):rep(1000)) async.sleep(0.001) end end)
      refused = ok and 1 or 2)");
    interpreter.run();
    CHECK(global_integer(interpreter, "refused") == 2);
  }
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGPIPE) == 0);
  sigaction(SIGPIPE, &before, nullptr);
}

// Where it prints.

TEST_CASE("lifecycle: all that a script prints goes to the application's function, in order") {
  std::string out;
  std::string errors;
  InterpreterOptions options;
  options.output = [&](int stream, std::string_view text) { (stream == 1 ? out : errors) += text; };
  Interpreter interpreter(options);
  interpreter.scheduler().set_default_handler(neap::internal::report_context);
  spawn(interpreter, R"(
    print("a", 1, nil)
    io.write("b", 2, "\n")
    io.stdout:write("c\n"):write(3.5, "\n")
    async.stdout:write("d\n")
    io.stderr:write("e\n")
    async.stderr:write("f\n")
    warn("@on") warn("g", "h")
    io.output():write("z\n"))");
  interpreter.run();
  CHECK(out == "a\t1\tnil\nb2\nc\n3.5\nd\nz\n");
  CHECK(errors == "e\nf\nLua warning: gh\n");
  errors.clear();
  spawn(interpreter, "error('unheard')");
  interpreter.run();
  CHECK(errors.find("unheard") != std::string::npos);
}

TEST_CASE("lifecycle: what a worker thread prints goes to the application's function too") {
  std::string out;
  InterpreterOptions options;
  options.output = [&](int, std::string_view text) { out += text; };
  Interpreter interpreter(options);
  spawn(interpreter, "async.to_thread(function() print('from a thread') end)");
  interpreter.run();
  CHECK(out == "from a thread\n");
}

TEST_CASE("lifecycle: io.write to a file is not the application's") {
  std::string out;
  InterpreterOptions options;
  options.output = [&](int, std::string_view text) { out += text; };
  Interpreter interpreter(options);
  spawn(interpreter, R"(
    local path = os.tmpname()
    io.output(path) io.write("to the file") io.close() io.output(io.stdout)
    local file = io.open(path) size = #file:read("a") file:close() os.remove(path))");
  interpreter.run();
  CHECK(out.empty());
  CHECK(global_integer(interpreter, "size") == 11);
}

TEST_CASE("lifecycle: the exception handler of an application gets what it was set with") {
  Interpreter interpreter;
  int reports = 0;
  const auto handler = [](void* self, lua_State*, int) { ++*static_cast<int*>(self); };
  interpreter.scheduler().set_default_handler(handler, &reports);
  spawn(interpreter, "error('unheard')");
  interpreter.run();
  CHECK(reports == 1);
}
