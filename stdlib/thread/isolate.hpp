// A Lua state of its own, with loop, scheduler and library, for one thread.
//
// The library cannot make one: that takes an interpreter, which knows the library and not the other way round. So the
// interpreter hands over a factory when it installs the library, and a worker thread asks it for its Isolate.
#pragma once

#include "runtime/task/scheduler.hpp"

#include <lua.hpp>

#include <memory>

namespace neap::internal::stdlib::thread {

/// Made, used and destroyed on one thread.
class Isolate {
 public:
  Isolate() = default;
  virtual ~Isolate() = default;
  Isolate(const Isolate&) = delete;
  Isolate& operator=(const Isolate&) = delete;

  [[nodiscard]] virtual lua_State* state() = 0;
  [[nodiscard]] virtual Scheduler& scheduler() = 0;
};

class IsolateFactory {
 public:
  IsolateFactory() = default;
  virtual ~IsolateFactory() = default;
  IsolateFactory(const IsolateFactory&) = delete;
  IsolateFactory& operator=(const IsolateFactory&) = delete;

  /// A state with the options of the one whose interpreter made the factory. Any thread. Throws std::runtime_error.
  [[nodiscard]] virtual std::unique_ptr<Isolate> make() const = 0;
};

/// Tells the state from where its worker threads get theirs. The pointer must be good as long as the state is.
void set_isolates(lua_State* L, const std::shared_ptr<const IsolateFactory>* factory);

}  // namespace neap::internal::stdlib::thread
