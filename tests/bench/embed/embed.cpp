// What a call between C++ and Lua costs, in both directions: neap_bench_embed [ROW [N]]. Prints one line of JSON per row.
#include "interp/embed/call.hpp"
#include "neap/class.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

struct Vec {
  double x = 3;
  double y = 4;
  [[nodiscard]] double dot(double a, double b) const { return x * a + y * b; }
};

neap::Function load(neap::detail::Host& host, const char* code) {
  lua_State* L = host.inside().state();
  if (luaL_loadstring(L, code) != LUA_OK) std::abort();
  return neap::Function(neap::detail::pop_value(L));
}

/// Runs one row `n` times.
using Row = void (*)(neap::detail::Host& host, std::int64_t n);

/// A call of a Lua function from C++: two integers, one result.
void call(neap::detail::Host& host, std::int64_t n) {
  const auto add = load(host, "return function(a, b) return a + b end").call<neap::Function>();
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += add.call<std::int64_t>(i, 1);
  if (sum == 0) std::abort();
}

/// The same with a string in and out.
void call_string(neap::detail::Host& host, std::int64_t n) {
  const auto same = load(host, "return function(a) return a end").call<neap::Function>();
  const std::string text = "twenty bytes of text";
  for (std::int64_t i = 0; i < n; ++i) {
    if (same.call<std::string>(text).size() != text.size()) std::abort();
  }
}

/// A loop of Lua's that calls what it is given; `empty` is the loop alone.
void loop(neap::detail::Host& host, const char* body, const neap::Value& function, std::int64_t n) {
  load(host, (std::string("local f, n, v = ... for i = 1, n do ") + body + " end").c_str()).call(function, n, Vec());
}

void empty(neap::detail::Host& host, std::int64_t n) { loop(host, "local x = i + 1", nullptr, n); }

/// The least that a call from Lua costs: a C function written for Lua.
void callback_plain(neap::detail::Host& host, std::int64_t n) {
  lua_State* L = host.inside().state();
  lua_pushcfunction(L, [](lua_State* state) {
    lua_pushinteger(state, luaL_checkinteger(state, 1) + luaL_checkinteger(state, 2));
    return 1;
  });
  loop(host, "local x = f(i, 1)", neap::detail::pop_value(L), n);
}

/// A call of a C++ function from Lua: two integers, one result.
void callback(neap::detail::Host& host, std::int64_t n) {
  loop(host, "local x = f(i, 1)",
       neap::detail::make_function(host, "add", [](std::int64_t a, std::int64_t b) { return a + b; }), n);
}

void callback_double(neap::detail::Host& host, std::int64_t n) {
  loop(host, "local x = f(0.5, 1.5)",
       neap::detail::make_function(host, "add", [](double a, double b) { return a + b; }), n);
}

void callback_string(neap::detail::Host& host, std::int64_t n) {
  loop(host, "local x = f('twenty bytes of text')",
       neap::detail::make_function(host, "size", [](std::string_view text) { return text.size(); }), n);
}

/// A method of an object: two numbers, one result.
void method(neap::detail::Host& host, std::int64_t n) { loop(host, "local x = v:dot(1.5, 2.5)", nullptr, n); }

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
             {"method", method}};

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t n = argc > 2 ? std::atoll(argv[2]) : 3'000'000;
  const auto host = std::make_shared<neap::detail::Host>(neap::internal::InterpreterOptions());
  neap::detail::add_class(*host, neap::Class<Vec>("Vec").method("dot", &Vec::dot).take());
  for (const auto& row : kRows) {
    if (argc > 1 && std::strcmp(argv[1], row.name) != 0) continue;
    const auto start = std::chrono::steady_clock::now();
    row.run(*host, n);
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
    std::printf("{\"row\": \"%s\", \"n\": %lld, \"ns\": %.1f}\n", row.name, static_cast<long long>(n),
                time.count() / static_cast<double>(n));
  }
  host->close();
}
