// A Host for tests of the values, and what looks at errors.
#pragma once

#include "interp/embed/call.hpp"
#include "neap/function.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <memory>
#include <string>
#include <utility>

namespace embed_test {

/// An interpreter whose stack must be as it was at the end of the test.
class Inside {
 public:
  Inside() : Inside(virtual_clock()) {}
  explicit Inside(const neap::internal::InterpreterOptions& options)
      : host_(std::make_shared<neap::detail::Host>(options)) {}
  ~Inside() {
    if (!host_->closed()) {
      CHECK(lua_gettop(host_->running()) == 0);
      host_->close();
    }
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  neap::detail::Host& host() { return *host_; }
  lua_State* state() { return host_->inside().state(); }

  /// A function of the chunk.
  neap::Function load(const std::string& code) {
    lua_State* L = state();
    if (luaL_loadbuffer(L, code.data(), code.size(), "=test") != LUA_OK) FAIL(lua_tostring(L, -1));
    return neap::Function(neap::detail::pop_value(L));
  }
  /// What the chunk returns.
  template <class R = void, class... A>
  R run(const std::string& code, A&&... arguments) {
    return load(code).template call<R>(std::forward<A>(arguments)...);
  }
  template <class F>
  neap::Function function(const char* name, F&& function) {
    return neap::detail::make_function(*host_, name, std::forward<F>(function));
  }
  /// Runs the chunk as the main task, with the arguments; true when it has finished without an error.
  template <class... A>
  bool run_task(const std::string& code, A&&... arguments) {
    lua_State* L = state();
    if (luaL_loadbuffer(L, code.data(), code.size(), "=test") != LUA_OK) FAIL(lua_tostring(L, -1));
    neap::Writer writer;
    (writer.write(std::forward<A>(arguments)), ...);
    const int count = neap::detail::push(L, writer);
    const bool finished = host_->inside().run_main(count).state == neap::internal::FutureState::finished;
    if (!finished) {
      neap::internal::push_exception(L, -1);
      UNSCOPED_INFO(luaL_tolstring(L, -1, nullptr));
    }
    lua_settop(L, 0);
    return finished;
  }
  void collect() { lua_gc(state(), LUA_GCCOLLECT); }

 private:
  static neap::internal::InterpreterOptions virtual_clock() {
    neap::internal::InterpreterOptions options;
    options.virtual_clock = true;
    return options;
  }

  std::shared_ptr<neap::detail::Host> host_;
};

/// The message of the Error that `function` throws; fails when there is none.
template <class E = neap::Error, class F>
std::string message_of(F&& function) {
  try {
    std::forward<F>(function)();
  } catch (const E& error) {
    return error.what();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace embed_test
