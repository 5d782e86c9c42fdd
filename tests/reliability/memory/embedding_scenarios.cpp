// The scenarios of an application that uses the C++ API.
#include "interp/embed/host.hpp"
#include "neap/neap.hpp"
#include "tests/reliability/memory/scenario.hpp"

#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <thread>

namespace neap::internal::tests::memory {

namespace {

struct Point {
  double x = 0;
  double y = 0;
  [[nodiscard]] double sum() const { return x + y; }
};

neap::Async<int> add_slowly(int a, int b) {
  co_await neap::sleep(0.001);
  co_return a + b;
}

std::string check_use(neap::Interpreter& lua) {
  try {
    lua.cancel_tasks();
    const int sum = lua.run_string<int>(R"(
      local function double(x) async.sleep(0.001) return 2 * x end
      local both = async.gather(async.spawn(double, 1), async.spawn(double, 2))
      return both[1] + both[2])");
    if (sum != 6) return "afterwards: a wrong sum";
    return lua.task_count() == 0 ? "" : "tasks are left";
  } catch (const std::exception& error) {
    return std::string("afterwards: ") + error.what();
  }
}

template <class Use>
Scenario embedding(const char* name, Use use) {
  return {std::string("embedding: ") + name, [use](const Run& run) {
            Outcome outcome;
            neap::Options options;
            options.virtual_clock = true;
            options.output = [](neap::Stream, std::string_view) {};
            neap::Interpreter lua(options);
            watch(&lua.host()->inside().allocator());
            if (run.warm) use(lua);
            try {
              arm(run.plan, run.n);
              use(lua);
              disarm();
            } catch (const std::bad_alloc&) {
              disarm();
              outcome.error = "not enough memory";
            } catch (const std::exception& error) {
              disarm();
              outcome.error = error.what();
            }
            outcome.problem = check_use(lua);
            watch(nullptr);
            return outcome;
          }};
}

void expect(bool holds) {
  if (!holds) throw std::logic_error("the scenario went wrong");
}

}  // namespace

std::vector<Scenario> embedding_scenarios() {
  std::vector<Scenario> all;
  all.push_back(embedding("values and calls", [](neap::Interpreter& lua) {
    lua.set("config.level", 3);
    lua.set("config.names", std::vector<std::string>{"a", "bb", std::string(100, 'c')});
    lua.run_string("function add(a, b) return a + b, { a, b } end");
    expect(lua.call<int>("add", 1, 2) == 3);
    const auto names = lua.get<std::vector<std::string>>("config.names");
    expect(names.size() == 3 && lua.get<int>("config.level") == 3);
    const auto table = lua.run_string<std::map<std::string, int>>("return { x = 1, y = 2 }");
    expect(table.size() == 2);
  }));
  all.push_back(embedding("functions of C++", [](neap::Interpreter& lua) {
    lua.set_function("twice", [](const std::string& text) { return text + text; });
    lua.set_function("fail", [](int) -> int { throw std::runtime_error("as agreed"); });
    lua.set_function("apply", [](const neap::Function& f, int x) { return f.call<int>(x); });
    expect(lua.run_string<std::string>("return twice('ab')") == "abab");
    expect(lua.run_string<bool>("return (pcall(fail, 1))") == false);
    expect(lua.run_string<int>("return apply(function(x) return x + 1 end, 41)") == 42);
  }));
  all.push_back(embedding("a class", [](neap::Interpreter& lua) {
    // A second time in the same interpreter it is known.
    try {
      lua.add_class(neap::Class<Point>("Point").constructor<>().property("x", &Point::x).method("sum", &Point::sum));
    } catch (const std::logic_error&) {}
    lua.run_string("local p = Point() p.x = 5 assert(p:sum() == 5)");
  }));
  all.push_back(embedding("tasks and coroutines of C++", [](neap::Interpreter& lua) {
    lua.set_function("add", add_slowly);
    neap::Task task = lua.spawn(lua.load_string("local a = add(1, 2) return add(a, 3)"));
    neap::Task other = lua.spawn(add_slowly(1, 1));
    expect(lua.run_until<int>(task) == 6);
    expect(lua.run_until<int>(other) == 2);
    lua.run();
  }));
  all.push_back(embedding("completions", [](neap::Interpreter& lua) {
    std::vector<neap::Completion<std::string>> asked;
    lua.set_function("ask", [&asked](neap::Completion<std::string> done) { asked.push_back(std::move(done)); });
    neap::Task good = lua.spawn(lua.load_string("return ask() .. '!'"));
    neap::Task bad = lua.spawn(lua.load_string("return (pcall(ask))"));
    lua.step();
    if (asked.size() != 2) throw std::bad_alloc();  // the call that is missing has failed
    asked[0].resolve("yes");
    asked[1].reject(neap::Error("ValueError", "no"));
    expect(lua.run_until<std::string>(good) == "yes!");
    expect(!lua.run_until<bool>(bad));
  }));
  all.push_back(embedding("posts", [](neap::Interpreter& lua) {
    int done = 0;
    const neap::Remote remote = lua.remote();
    for (int i = 0; i < 3; ++i) {
      remote.post([&done](neap::Interpreter& inside) {
        inside.run_string<void>("");
        ++done;
      });
    }
    for (int i = 0; i < 3; ++i) lua.step();
  }));
  all.push_back(embedding("errors", [](neap::Interpreter& lua) {
    try {
      lua.run_string("local function f() error(async.ValueError('bad', { code = 5 })) end f()");
    } catch (const neap::Error& error) {
      expect(error.class_name() == "ValueError" || std::string(error.what()).find("memory") != std::string::npos);
    }
    try {
      (void)lua.load_string("return return");
    } catch (const neap::Error&) {}
  }));
  return all;
}

}  // namespace neap::internal::tests::memory
