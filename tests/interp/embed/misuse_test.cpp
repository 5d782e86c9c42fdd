// What an application does wrong with the C++ interface: each is an exception that says so.
#include "neap/lua.hpp"
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;

/// The message of the E that `work` throws.
template <class E, class Work>
std::string message_of(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const E& error) {
    return error.what();
  }
  FAIL("nothing was thrown");
  return {};
}

/// An interpreter whose reports are kept.
struct Reporting {
  Reporting() {
    neap::Options options;
    options.on_error = [this](const neap::ErrorReport& report) {
      reports.push_back(report.error != nullptr ? report.error->what() : report.message);
    };
    lua.emplace(std::move(options));
  }

  std::vector<std::string> reports;
  std::optional<neap::Interpreter> lua;
};

neap::Async<int> number() { co_return 1; }

}  // namespace

// Moved-from and empty objects.

TEST_CASE("misuse: a value that was moved from is nil", "[embed]") {
  neap::Interpreter lua;
  auto value = lua.run_string<neap::Value>("return {1, 2}");
  const neap::Value taken = std::move(value);
  CHECK(value.is_nil());              // NOLINT(bugprone-use-after-move)
  CHECK(value == neap::Value());      // NOLINT(bugprone-use-after-move)
  CHECK(value.to_string() == "nil");  // NOLINT(bugprone-use-after-move)
  CHECK(taken.as<std::vector<int>>() == std::vector{1, 2});
  value = taken;
  value = std::move(value);  // NOLINT(clang-diagnostic-self-move)
  CHECK(value == taken);
}

TEST_CASE("misuse: a table or function that was moved from is refused wherever it is used", "[embed]") {
  neap::Interpreter lua;
  neap::Table table{lua.run_string<neap::Value>("return {1, 2}")};
  const neap::Table other = std::move(table);
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK_THAT(message_of<neap::ConversionError>([&] { (void)table.size(); }), ContainsSubstring("expected table"));
  CHECK_THROWS_AS((void)table.get(1), neap::ConversionError);
  CHECK_THROWS_AS(table.set(1, 2), neap::ConversionError);
  CHECK_THROWS_AS(table.begin(), neap::ConversionError);
  neap::Function function = lua.load_string("return 1");
  const neap::Function kept = std::move(function);
  CHECK_THAT(message_of<neap::ConversionError>([&] { function(); }), ContainsSubstring("expected function"));
  CHECK_THROWS_AS(lua.call(function), neap::ConversionError);
  CHECK_THROWS_AS(lua.spawn(function), neap::Error);
  // NOLINTEND(bugprone-use-after-move)
  CHECK(lua.call<int>(kept) == 1);
}

TEST_CASE("misuse: a task that was moved from stands for none, like an empty one", "[embed]") {
  neap::Interpreter lua;
  neap::Task task = lua.spawn(lua.load_string("return 1"));
  const neap::Task kept = std::move(task);
  for (const neap::Task& none : {task, neap::Task()}) {  // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(none);
    CHECK_THROWS_AS((void)none.done(), neap::InvalidState);
    CHECK_THROWS_AS((void)none.cancelled(), neap::InvalidState);
    CHECK_THROWS_AS(none.cancel(), neap::InvalidState);
    CHECK_THROWS_AS(none.result<int>(), neap::InvalidState);
    CHECK_THROWS_AS(none.retrieve(), neap::InvalidState);
    CHECK_THROWS_AS((void)none.name(), neap::InvalidState);
    CHECK_THROWS_AS(none.set_name("x"), neap::InvalidState);
    CHECK_THROWS_AS(none.on_done([](const neap::Task&) {}), neap::InvalidState);
    CHECK_THROWS_AS(lua.run_until<int>(none), neap::InvalidState);
  }
  CHECK(lua.run_until<int>(kept) == 1);
}

TEST_CASE("misuse: a coroutine that awaits an empty task gets InvalidState", "[embed]") {
  neap::Interpreter lua;
  const auto waits = []() -> neap::Async<int> { co_return (co_await neap::Task()).as<int>(); };
  CHECK_THROWS_AS(lua.run_until(waits()), neap::InvalidState);
}

TEST_CASE("misuse: a coroutine is begun once, and not when it was moved from", "[embed]") {
  neap::Interpreter lua;
  neap::Async<int> coroutine = number();
  neap::Async<int> other = std::move(coroutine);
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK_THROWS_AS(lua.run_until(std::move(coroutine)), neap::InvalidState);
  CHECK_THROWS_AS(lua.spawn(std::move(coroutine)), neap::InvalidState);
  const auto awaits = [](neap::Async<int> inner) -> neap::Async<int> { co_return co_await std::move(inner); };
  CHECK_THROWS_AS(lua.run_until(awaits(std::move(coroutine))), neap::InvalidState);
  // NOLINTEND(bugprone-use-after-move)
  const auto twice = [](neap::Async<int> inner) -> neap::Async<int> {
    const int first = co_await std::move(inner);
    co_return first + co_await std::move(inner);
  };
  CHECK_THROWS_AS(lua.run_until(twice(std::move(other))), neap::InvalidState);
}

TEST_CASE("misuse: a completion that was moved from completes nothing", "[embed]") {
  neap::Interpreter lua;
  std::optional<neap::Completion<int>> kept;
  lua.set_function("wait", [&](neap::Completion<int> done) {
    neap::Completion<int> taken = std::move(done);
    // NOLINTBEGIN(bugprone-use-after-move)
    CHECK_FALSE(done.resolve(1));
    CHECK_FALSE(done.reject(neap::Error("ValueError", "x")));
    CHECK_FALSE(done.cancelled());
    done.on_cancel([] {});
    // NOLINTEND(bugprone-use-after-move)
    kept = taken;
    taken.resolve(2);
  });
  CHECK(lua.run_string<int>("return wait()") == 2);
  CHECK_FALSE(kept->resolve(3));
}

TEST_CASE("misuse: a remote that was moved from is closed", "[embed]") {
  neap::Interpreter lua;
  neap::Remote remote = lua.remote();
  const neap::Remote kept = std::move(remote);
  // NOLINTBEGIN(bugprone-use-after-move)
  CHECK(remote.closed());
  CHECK_FALSE(remote.post([](neap::Interpreter&) {}));
  CHECK_THROWS_AS(remote.submit([](neap::Interpreter&) { return 1; }).get(), neap::Closed);
  CHECK_THROWS_AS(remote.run_coroutine_threadsafe("f").get(), neap::Closed);
  remote.stop();
  // NOLINTEND(bugprone-use-after-move)
  CHECK_FALSE(kept.closed());
}

TEST_CASE("misuse: the result of a remote call is given once", "[embed]") {
  neap::Interpreter lua;
  auto call = lua.remote().run_coroutine_threadsafe<double>("math.sqrt", 4);
  while (!call.done()) lua.step(0.001);
  CHECK(call.get() == 2.0);
  CHECK_THROWS_AS(call.get(), std::future_error);
  CHECK_THROWS_AS(call.done(), std::future_error);
  call.cancel();
}

TEST_CASE("misuse: a loan that was moved from lends nothing", "[embed]") {
  struct Thing {
    int x = 1;
  };
  neap::Interpreter lua;
  lua.add_class(neap::Class<Thing>("Thing").property("x", &Thing::x));
  Thing thing;
  neap::Loan<Thing> loan(thing);
  neap::Loan<Thing> kept = std::move(loan);
  CHECK_THROWS_AS(lua.set("thing", loan), neap::InvalidState);  // NOLINT(bugprone-use-after-move)
  lua.set("thing", kept);
  CHECK(lua.run_string<int>("return thing.x") == 1);
  kept = std::move(kept);  // NOLINT(clang-diagnostic-self-move)
  CHECK(lua.run_string<int>("return thing.x") == 1);
}

// Empty functions, names that do not exist.

TEST_CASE("misuse: an empty function is refused where it is given", "[embed]") {
  neap::Interpreter lua;
  int (*no_pointer)(int) = nullptr;
  int (std::string::*no_member)() = nullptr;
  CHECK_THAT(message_of<std::invalid_argument>([&] { lua.set_function("f", no_pointer); }), ContainsSubstring("'f'"));
  CHECK_THROWS_AS(lua.set_function("f", no_member), std::invalid_argument);
  CHECK_THROWS_AS(lua.set_function("f", std::function<void()>()), std::invalid_argument);
  CHECK_THROWS_AS(neap::Module("m").function("f", std::function<void()>()), std::invalid_argument);
  lua.set("f", std::function<void()>());  // as a value it is nil
  CHECK(lua.run_string<bool>("return f == nil"));
}

TEST_CASE("misuse: empty callbacks are errors of where they would be called, or nothing", "[embed]") {
  Reporting r;
  neap::Task task = r.lua->spawn(r.lua->load_string("return 1"));
  CHECK_THROWS_AS(task.on_done(nullptr), std::invalid_argument);
  r.lua->remote().post(std::function<void(neap::Interpreter&)>());
  auto submitted = r.lua->remote().submit(std::function<int(neap::Interpreter&)>());
  // NOLINTNEXTLINE(performance-unnecessary-value-param): by value is how a function asks for one
  r.lua->set_function("wait", [](neap::Completion<int> done) {
    done.on_cancel(nullptr);
    done.resolve(1);
    done.on_cancel(nullptr);
  });
  r.lua->run_string("wait()");
  while (submitted.wait_for(std::chrono::seconds(0)) != std::future_status::ready) r.lua->step(0.001);
  CHECK_THROWS_AS(submitted.get(), std::bad_function_call);
  CHECK(r.reports.size() == 1);
  const auto nothing = []() -> neap::Async<int> { co_return co_await neap::suspend<int>(nullptr); };
  CHECK_THROWS_AS(r.lua->run_until(nothing()), std::bad_function_call);
}

TEST_CASE("misuse: names that do not exist, or stand for something else", "[embed]") {
  neap::Interpreter lua;
  lua.run_string("number = 5 text = 'x' callable = setmetatable({}, {__call = print})");
  for (const char* name : {"nothing", "nothing.at.all", "", ".", "a..b", "string.nothing"}) {
    CAPTURE(name);
    CHECK(lua.get(name).is_nil());
    CHECK_THAT(message_of<neap::Error>([&] { lua.call(name); }), ContainsSubstring("there is no function"));
    CHECK_THROWS_AS(lua.spawn(name), neap::Error);
  }
  CHECK_THROWS_AS(lua.call("number"), neap::ConversionError);
  CHECK_THROWS_AS(lua.call("number.field"), neap::Error);
  CHECK_THROWS_AS((void)lua.get("number.field"), neap::Error);
  CHECK_THROWS_AS(lua.set("number.field", 1), neap::Error);
  CHECK_THROWS_AS((void)lua.get<std::string>("number"), neap::ConversionError);
  lua.set(std::string("a\0b", 3), 1);
  CHECK(lua.get<int>(std::string("a\0b", 3)) == 1);
  CHECK_THROWS_AS(lua.run_file("no such file.lua"), neap::Error);
  CHECK_THROWS_AS(lua.run_file(""), neap::Error);
  CHECK(lua.run_string<int>("return 1", "") == 1);
}

// Exceptions thrown through callbacks.

TEST_CASE("misuse: whatever a callback throws arrives, and the interpreter goes on", "[embed]") {
  Reporting r;
  r.lua->set_function("number", [] { throw 5; });
  CHECK_THAT(message_of<neap::Error>([&] { r.lua->run_string("number()"); }), ContainsSubstring("unknown C++"));
  const neap::Task task = r.lua->spawn(r.lua->load_string("return 1"));
  task.on_done([](const neap::Task&) { throw 5; });
  r.lua->remote().post([](neap::Interpreter&) { throw std::string("x"); });
  // NOLINTNEXTLINE(performance-unnecessary-value-param): by value is how a function asks for one
  r.lua->set_function("later", [](neap::Completion<int> done) { done.reject(std::make_exception_ptr(5)); });
  CHECK_THROWS_AS(r.lua->run_string("later()"), neap::Error);
  for (int i = 0; i < 1000 && r.reports.size() < 2; ++i) r.lua->step(0.001);
  CHECK(r.reports.size() == 2);
  CHECK(r.lua->run_string<int>("return 1") == 1);
}

TEST_CASE("misuse: what on_cancel throws is reported", "[embed]") {
  Reporting r;
  std::optional<neap::Completion<int>> kept;
  r.lua->set_function("wait", [&](neap::Completion<int> done) {
    done.on_cancel([] { throw std::runtime_error("from on_cancel"); });
    kept = std::move(done);
  });
  CHECK_THROWS_AS(r.lua->run_string("async.timeout(0.001, wait)"), neap::Error);
  REQUIRE(r.reports.size() == 1);
  CHECK_THAT(r.reports[0], ContainsSubstring("from on_cancel"));
  CHECK(r.lua->run_string<int>("return 1") == 1);
}

TEST_CASE("misuse: what Options::output throws is reported, and the script goes on", "[embed]") {
  std::vector<std::string> reports;
  neap::Options options;
  options.output = [](neap::Stream, std::string_view) { throw std::runtime_error("from output"); };
  options.on_error = [&](const neap::ErrorReport& report) {
    reports.emplace_back(report.error != nullptr ? report.error->what() : "");
  };
  neap::Interpreter lua(std::move(options));
  CHECK(lua.run_string<int>("print('x') io.write('y') warn('@on') warn('z') return 1") == 1);
  REQUIRE(reports.size() >= 2);
  CHECK_THAT(reports[0], ContainsSubstring("from output"));
}

TEST_CASE("misuse: what Options::on_error throws is written to standard error, and everything goes on", "[embed]") {
  int called = 0;
  neap::Options options;
  options.on_error = [&](const neap::ErrorReport& report) {
    ++called;
    if (report.error != nullptr) throw neap::Error(*report.error);
    throw 5;
  };
  neap::Interpreter lua(std::move(options));
  lua.run_string("async.spawn(error, 'lost') async.sleep(0) collectgarbage()");
  lua.run();
  CHECK(called == 1);
  CHECK(lua.run_string<int>("return 1") == 1);
}

TEST_CASE("misuse: an output function that uses the interpreter", "[embed]") {
  neap::Interpreter* inner = nullptr;
  std::string text;
  neap::Options options;
  options.output = [&](neap::Stream, std::string_view bytes) {
    text += bytes;
    if (inner != nullptr && text.size() < 20) inner->call("seen", std::string(bytes));
  };
  neap::Interpreter lua(std::move(options));
  inner = &lua;
  lua.run_string("function seen(x) count = (count or 0) + 1 print('!') end");
  lua.run_string("print('x')");
  CHECK(lua.get<int>("count") >= 1);
  CHECK_THAT(text, ContainsSubstring("x\n"));
}

// Calls from within callbacks.

TEST_CASE("misuse: what runs the loop is refused in code that runs in it", "[embed]") {
  neap::Interpreter lua;
  std::vector<std::function<void()>> calls{
      [&] { lua.run(); },
      [&] { lua.run_forever(); },
      [&] { lua.step(); },
      [&] { lua.cancel_tasks(); },
      [&] { lua.run_string("return 1"); },
      [&] { lua.run_until(lua.spawn(lua.load_string("return 1"))); },
      [&] { lua.run_until(number()); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    lua.set_function("nested", [&] { calls[i](); });
    CHECK_THAT(message_of<neap::Error>([&] { lua.run_string("nested()"); }), ContainsSubstring("within its own run"));
    lua.cancel_tasks();
    CHECK(lua.run_string<int>("async.sleep(0) return 1") == 1);
  }
}

TEST_CASE("misuse: run_forever within run_forever leaves the outer one as it is", "[embed]") {
  neap::Interpreter lua;
  std::string refused;
  lua.remote().post([&](neap::Interpreter& inner) {
    refused = message_of<std::exception>([&] { inner.run_forever(); });
    inner.remote().post([](neap::Interpreter& again) { again.stop(); });
  });
  lua.run_forever();
  CHECK_THAT(refused, ContainsSubstring("within its own run"));
  CHECK(lua.task_count() == 0);
}

TEST_CASE("misuse: run_forever that os.exit has ended leaves no task, and stop is for the next one", "[embed]") {
  Reporting r;
  r.lua->spawn(r.lua->load_string("async.sleep(0) os.exit(3)"));
  CHECK_THROWS_AS(r.lua->run_forever(), neap::Exit);
  CHECK(r.reports.empty());
}

// Other threads.

TEST_CASE("misuse: every call from another thread is WrongThread, and none but these is affected", "[embed]") {
  struct Thing {};
  neap::Interpreter lua;
  const neap::Value value = lua.run_string<neap::Value>("return {}");
  const neap::Table table(value);
  const neap::Function function = lua.load_string("return 1");
  const neap::Task task = lua.spawn(function);
  const std::vector<std::function<void()>> calls{
      [&] { (void)lua.load_string("return 1"); },
      [&] { (void)lua.load_file("x"); },
      [&] { lua.run_string("return 1"); },
      [&] { lua.run_file("x"); },
      [&] { lua.run_until(task); },
      [&] { lua.run_until(number()); },
      [&] { lua.run(); },
      [&] { lua.run_forever(); },
      [&] { lua.stop(); },
      [&] { lua.cancel_tasks(); },
      [&] { lua.call("print"); },
      [&] { lua.call(function); },
      [&] { lua.spawn(function); },
      [&] { lua.spawn("print"); },
      [&] { lua.spawn(number()); },
      [&] { lua.set("x", 1); },
      [&] { lua.set("x", table); },
      [&] { lua.set_function("x", [] {}); },
      [&] { (void)lua.get("x"); },
      [&] { lua.add_module(neap::Module("m")); },
      [&] { lua.add_class(neap::Class<Thing>("Thing")); },
      [&] { lua.step(); },
      [&] { (void)lua.next_timeout(); },
      [&] { (void)lua.backend_fd(); },
      [&] { (void)lua.task_count(); },
      [&] { (void)lua.memory_in_use(); },
      [&] { (void)neap::lua_state(lua); },
      [&] { (void)neap::running_state(lua); },
      [&] { (void)neap::uv_loop(lua); },
      [&] { (void)value.to_string(); },
      [&] { (void)value.type_name(); },
      [&] { (void)value.as<std::vector<int>>(); },
      [&] { (void)value.is<int>(); },
      [&] { (void)table.size(); },
      [&] { (void)table.get(1); },
      [&] { table.set(1, 1); },
      [&] { (void)table.begin(); },
      [&] { function(); },
      [&] { (void)task.done(); },
      [&] { (void)task.cancelled(); },
      [&] { task.cancel(); },
      [&] { task.result(); },
      [&] { task.on_done([](const neap::Task&) {}); },
      [&] { task.retrieve(); },
      [&] { (void)task.name(); },
      [&] { task.set_name("x"); },
      [&] { (void)neap::Task(value); },
  };
  std::vector<std::string> wrong;
  std::thread([&] {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      try {
        calls[i]();
        wrong.push_back(std::to_string(i) + ": nothing");
      } catch (const neap::WrongThread&) {
      } catch (const std::exception& error) {
        wrong.push_back(std::to_string(i) + ": " + error.what());
      }
    }
  }).join();
  CHECK(wrong == std::vector<std::string>());
  CHECK(lua.run_until<int>(task) == 1);
}

TEST_CASE("misuse: a std::function made of a Lua function is WrongThread elsewhere, and Closed afterwards", "[embed]") {
  std::function<int(int)> twice;
  std::optional<neap::Interpreter> lua(std::in_place);
  twice = lua->run_string<std::function<int(int)>>("return function(x) return 2 * x end");
  CHECK(twice(2) == 4);
  std::thread([&] { CHECK_THROWS_AS(twice(2), neap::WrongThread); }).join();
  lua.reset();
  CHECK_THROWS_AS(twice(2), neap::Closed);
}

// Another interpreter's.

TEST_CASE("misuse: values, functions and tasks of another interpreter are refused", "[embed]") {
  neap::Interpreter lua;
  neap::Interpreter other;
  const neap::Table table(other.run_string<neap::Value>("return {}"));
  const neap::Function function = other.load_string("return 1");
  const neap::Task task = other.spawn(function);
  lua.run_string("function f() end t = {}");
  CHECK_THAT(message_of<std::invalid_argument>([&] { lua.set("x", table); }), ContainsSubstring("another interpreter"));
  CHECK_THROWS_AS(lua.call("f", table), std::invalid_argument);
  CHECK_THROWS_AS(lua.spawn("f", table), std::invalid_argument);
  CHECK_THROWS_AS(lua.spawn(function), std::invalid_argument);
  CHECK_THROWS_AS(lua.call(function), std::invalid_argument);
  CHECK_THROWS_AS(lua.run_until(task), std::invalid_argument);
  CHECK_THROWS_AS(lua.get<neap::Table>("t").set("x", table), std::invalid_argument);
  const auto awaits = [](neap::Task foreign) -> neap::Async<int> { co_return (co_await foreign).as<int>(); };
  CHECK_THROWS_AS(lua.run_until(awaits(task)), std::invalid_argument);
  lua.set_function("give", [&] { return table; });
  CHECK_THROWS_AS(lua.run_string("give()"), neap::Error);
  CHECK_FALSE(table == lua.get("t"));
  CHECK(other.run_until<int>(task) == 1);
  CHECK(lua.task_count() == 0);
}

// The end.

TEST_CASE("misuse: calls of a finalizer's function while the interpreter is destroyed are Closed", "[embed]") {
  std::vector<std::string> messages;
  {
    neap::Interpreter lua;
    lua.set_function("last", [&](neap::Interpreter& inner) {
      for (const auto& call : std::vector<std::function<void()>>{
               [&] { inner.run_string("return 1"); }, [&] { inner.call("print"); }, [&] { inner.set("x", 1); },
               [&] { inner.stop(); }, [&] { (void)inner.task_count(); }, [&] { inner.spawn(number()); }}) {
        messages.push_back(message_of<neap::Closed>(call));
      }
      CHECK(inner.remote().closed());
      CHECK_FALSE(inner.remote().post([](neap::Interpreter&) {}));
    });
    lua.run_string("local last = last kept = setmetatable({}, {__gc = function() last() end})");
  }
  CHECK(messages.size() == 6);
}

TEST_CASE("misuse: what a function has captured may use the interpreter when it dies, and gets Closed", "[embed]") {
  struct Captured {
    neap::Interpreter* lua;
    int* closed;
    ~Captured() {
      try {
        lua->set("x", 1);
      } catch (const neap::Closed&) {
        ++*closed;
      }
    }
  };
  int closed = 0;
  {
    neap::Interpreter lua;
    lua.set_function("f", [captured = std::shared_ptr<Captured>(new Captured{&lua, &closed})] { (void)captured; });
  }
  CHECK(closed == 1);
}

TEST_CASE("misuse: threads submit, post and call while the interpreter is destroyed", "[embed]") {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> go{false};
    std::atomic<int> kept_promises{0};
    std::vector<std::thread> threads;
    {
      neap::Interpreter lua;
      lua.run_string("function double(x) async.sleep(0) return 2 * x end");
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&go, &kept_promises, remote = lua.remote()] {
          while (!go) std::this_thread::yield();
          for (int i = 0; i < 30; ++i) {
            auto value = std::make_shared<int>(i);
            remote.post([value](neap::Interpreter& inner) { inner.set("x", *value); });
            auto submitted =
                remote.submit([value](neap::Interpreter& inner) { return inner.call<int>("math.abs", *value); });
            auto call = remote.run_coroutine_threadsafe<int>("double", i);
            try {
              kept_promises += submitted.get() >= 0 ? 1 : 0;
            } catch (const neap::Closed&) {
              ++kept_promises;
            }
            call.cancel();
            try {
              call.get();
            } catch (const std::exception&) {}
            ++kept_promises;
            remote.stop();
          }
        });
      }
      go = true;
      for (int i = 0; i < 5; ++i) lua.step(0.0005);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(kept_promises == 4 * 30 * 2);
  }
}

TEST_CASE("misuse: another thread may destroy the interpreter, and runs its cleanup", "[embed]") {
  auto lua = std::make_unique<neap::Interpreter>();
  bool cleaned = false;
  lua->set_function("clean", [&](neap::Interpreter& inner) { cleaned = inner.call<int>("math.abs", -1) == 1; });
  lua->run_string(R"(
    async.spawn(function()
      local guard <close> = setmetatable({}, {__close = function() async.sleep(0.001) clean() end})
      async.sleep(3600)
    end)
    async.sleep(0))");
  std::thread([&] { lua.reset(); }).join();
  CHECK(cleaned);
}

#if !defined(__SANITIZE_THREAD__)
namespace {

/// What a process says that destroys its interpreter by a C++ function of the name "destroy", called by `use`; "" when
/// it does not end by abort.
std::string said_at_destruction(const std::function<void(std::unique_ptr<neap::Interpreter>&)>& use) {
  int ends[2];
  if (::pipe(ends) != 0) return "";
  const pid_t pid = ::fork();
  if (pid == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(SIGABRT, SIG_DFL);
    ::dup2(ends[1], STDERR_FILENO);
    auto lua = std::make_unique<neap::Interpreter>();
    lua->set_function("destroy", [&] { lua.reset(); });
    use(lua);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char bytes[1000];
  for (ssize_t count = 0; (count = ::read(ends[0], bytes, sizeof bytes)) > 0;)
    said.append(bytes, static_cast<std::size_t>(count));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? said : "";
}

}  // namespace

TEST_CASE("misuse: an interpreter that its own code destroys ends the process with a message", "[embed]") {
  using Lua = std::unique_ptr<neap::Interpreter>;
  const std::vector<std::function<void(Lua&)>> uses{
      [](Lua& lua) { lua->run_string("destroy()"); },
      [](Lua& lua) { lua->call("destroy"); },
      [](Lua& lua) { lua->call(lua->load_string("coroutine.wrap(destroy)()")); },
      [](Lua& lua) {
        lua->call(lua->load_string("setmetatable(_G, {__index = destroy})"));
        (void)lua->get("x");
      },
      [](Lua& lua) {
        lua->spawn(lua->load_string("return 1")).on_done([&](const neap::Task&) { lua.reset(); });
        lua->run();
      },
      [](Lua& lua) {
        lua->remote().post([&](neap::Interpreter&) { lua.reset(); });
        lua->step();
      },
  };
  for (std::size_t i = 0; i < uses.size(); ++i) {
    CAPTURE(i);
    CHECK_THAT(said_at_destruction(uses[i]), ContainsSubstring("destroyed by code that it runs"));
  }
}
#endif

#if defined(__linux__)
TEST_CASE("misuse: an isolate that outlives its interpreter answers Closed, and dies quietly", "[embed][isolate]") {
  std::optional<neap::Interpreter> lua(std::in_place);
  neap::IsolateOptions options;
  options.confine = false;
  options.program = NEAP_BINARY;
  std::optional<neap::Isolate> box(std::in_place, *lua, options);
  std::thread([&] {
    CHECK_THROWS_AS(box->running(), neap::WrongThread);
    CHECK_THROWS_AS(box->call("print"), neap::WrongThread);
  }).join();
  lua.reset();
  CHECK_THROWS_AS(box->running(), neap::Closed);
  CHECK_THROWS_AS(box->call("print"), neap::Closed);
  CHECK_THROWS_AS(box->spawn("print"), neap::Closed);
  CHECK_THROWS_AS(box->set_function("f", [] {}), neap::Closed);
  CHECK_THROWS_AS(box->close(), neap::Closed);
  box.reset();
}
#endif
