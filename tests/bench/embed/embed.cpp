// What calls between C++ and Lua cost: neap_bench_embed [ROW [N]]. Prints one line of JSON per row.
#include <neap/lua.hpp>
#include <neap/neap.hpp>

#include <lua.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration time) { return std::chrono::duration<double, std::nano>(time).count(); }

struct Vec {
  double x = 3;
  double y = 4;
  [[nodiscard]] double dot(double a, double b) const { return x * a + y * b; }
};

/// Runs a row `n` times; nanoseconds for one.
using Row = double (*)(neap::Interpreter& lua, std::int64_t n);

template <class F>
double timed(std::int64_t n, const F& work) {
  const auto start = Clock::now();
  work();
  return nanoseconds(Clock::now() - start) / static_cast<double>(n);
}

/// A call of a Lua function from C++: two integers, one result.
double call(neap::Interpreter& lua, std::int64_t n) {
  const auto add = lua.run_string<neap::Function>("return function(a, b) return a + b end");
  return timed(n, [&] {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += add.call<std::int64_t>(i, 1);
    if (sum == 0) std::abort();
  });
}

/// The same with a string in and out.
double call_string(neap::Interpreter& lua, std::int64_t n) {
  const auto same = lua.run_string<neap::Function>("return function(a) return a end");
  const std::string text = "twenty bytes of text";
  return timed(n, [&] {
    for (std::int64_t i = 0; i < n; ++i) {
      if (same.call<std::string>(text).size() != text.size()) std::abort();
    }
  });
}

/// A loop of Lua's that calls the global `f`; `empty` is the loop alone.
double loop(neap::Interpreter& lua, const char* body, std::int64_t n) {
  const auto run = lua.load_string(std::string("local f, n, v = f, ..., v for i = 1, n do ") + body + " end");
  return timed(n, [&] { run.call(n); });
}

double empty(neap::Interpreter& lua, std::int64_t n) { return loop(lua, "local x = i + 1", n); }

/// The least that a call from Lua costs: a C function written for Lua.
double callback_plain(neap::Interpreter& lua, std::int64_t n) {
  lua_State* L = neap::lua_state(lua);
  lua_pushcfunction(L, [](lua_State* state) {
    lua_pushinteger(state, luaL_checkinteger(state, 1) + luaL_checkinteger(state, 2));
    return 1;
  });
  lua_setglobal(L, "f");
  return loop(lua, "local x = f(i, 1)", n);
}

/// A call of a C++ function from Lua: two integers, one result.
double callback(neap::Interpreter& lua, std::int64_t n) {
  lua.set_function("f", [](std::int64_t a, std::int64_t b) { return a + b; });
  return loop(lua, "local x = f(i, 1)", n);
}

double callback_double(neap::Interpreter& lua, std::int64_t n) {
  lua.set_function("f", [](double a, double b) { return a + b; });
  return loop(lua, "local x = f(0.5, 1.5)", n);
}

double callback_string(neap::Interpreter& lua, std::int64_t n) {
  lua.set_function("f", [](std::string_view text) { return text.size(); });
  return loop(lua, "local x = f('twenty bytes of text')", n);
}

/// A method of an object: two numbers, one result.
double method(neap::Interpreter& lua, std::int64_t n) {
  lua.set("v", Vec());
  return loop(lua, "local x = v:dot(1.5, 2.5)", n);
}

/// A thread that resolves one completion at a time, and notes when.
class Resolver {
 public:
  ~Resolver() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void add(neap::Completion<> done) {
    {
      const std::lock_guard lock(mutex_);
      next_ = std::move(done);
    }
    changed_.notify_one();
  }

  Clock::time_point resolved;

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return next_ || ended_; });
      if (!next_) return;
      const neap::Completion<> done = *std::exchange(next_, std::nullopt);
      lock.unlock();
      resolved = Clock::now();
      done.resolve();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<neap::Completion<>> next_;
  bool ended_ = false;
  std::thread thread_{&Resolver::run, this};
};

/// From `resolve` on another thread until the task of Lua's that waits goes on; and from its call until then, printed
/// beside it.
double completion(neap::Interpreter& lua, std::int64_t n) {
  n /= 100;  // a round trip between threads takes thousands of nanoseconds
  Resolver resolver;
  Clock::duration sum{};
  lua.set_function("wait", [&](neap::Completion<> done) { resolver.add(std::move(done)); });
  lua.set_function("woken", [&] { sum += Clock::now() - resolver.resolved; });
  const double round_trip =
      timed(n, [&] { lua.run_string("local n = ... for _ = 1, n do wait() woken() end", "=bench", n); });
  std::printf("{\"row\": \"completion_round_trip\", \"n\": %lld, \"ns\": %.1f}\n", static_cast<long long>(n),
              round_trip);
  return nanoseconds(sum) / static_cast<double>(n);
}

constexpr struct {
  const char* name;
  Row run;
} kRows[] = {{"call", call},
             {"call_string", call_string},
             {"empty", empty},
             {"callback_plain", callback_plain},
             {"callback", callback},
             {"callback_double", callback_double},
             {"callback_string", callback_string},
             {"method", method},
             {"completion", completion}};

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 3'000'000;
  neap::Interpreter lua;
  lua.add_class(neap::Class<Vec>("Vec").method("dot", &Vec::dot));
  for (const auto& row : kRows) {
    if (argc > 1 && std::strcmp(argv[1], row.name) != 0) continue;
    std::printf("{\"row\": \"%s\", \"n\": %lld, \"ns\": %.1f}\n", row.name, static_cast<long long>(n), row.run(lua, n));
  }
}
