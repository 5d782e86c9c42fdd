// A result that comes later, and those who wait for it.
//
//   pending ──> finished | failed | cancelled
//
// A Future is a full userdata of Lua: the collector owns it. It is a plain struct without a destructor.
//
// Invariants
//  1. Outside `pending` the state never changes and `waiters` is empty.
//  2. User value kResult holds the only result, or a list of all when there are `result_count` > 1, or the
//     error of a failed future, or the CancelledError of a cancelled one (nil until somebody asks for it).
//  3. User value kExtras holds nil or a table of what few futures have: name, callbacks, traceback, message
//     of a cancel request, note of an error that nobody retrieved.
#pragma once

#include "runtime/task/waiter.hpp"

#include <lua.hpp>

#include <cstdint>

namespace neap::internal {

class Scheduler;

enum class FutureState : std::uint8_t { pending, finished, failed, cancelled };

/// By whom a future is completed: a Task only by its own end.
enum class FutureKind : std::uint8_t { future, task };

struct Future {
  explicit Future(FutureKind future_kind) : kind(future_kind) {}

  [[nodiscard]] bool done() const { return state != FutureState::pending; }

  WaitList waiters;
  FutureState state = FutureState::pending;
  FutureKind kind;
  bool retrieved = false;         // somebody has seen the error
  std::int32_t result_count = 0;  // while it is pending the number of the Gathering that counts it, or 0
};

/// Something in C++ that is told when a future ends, whoever ended it: a call in another thread, which nobody waits for
/// then. It is taken out of the future's waiters first. It may live outside Lua's memory, as long as it is unlinked
/// before it dies, or the state is closed.
struct FutureHook : Waiter {
  FutureHook() : Waiter(WaiterKind::hook) {}

  void (*ended)(Scheduler&, FutureHook&) = nullptr;
};

inline constexpr int kResult = 1;
inline constexpr int kExtras = 2;
inline constexpr int kFutureValues = 2;

/// The Future (or Task) at `index`, or null.
Future* to_future(lua_State* L, int index);
/// The same of a userdata whose metatable is known.
Future* to_future(lua_State* L, void* userdata, const void* metatable);
/// The same; TypeError for anything else.
Future& check_future(lua_State* L, int index);

/// Pushes a new pending Future.
Future& new_future(lua_State* L);

/// Completes the future at `index`, a positive one, with the `count` values on the top of the stack, and pops them.
void finish_future(lua_State* L, Scheduler& scheduler, Future& future, int index, int count);
/// Completes it with the error on the top of the stack, and pops that. A CancelledError cancels it.
void fail_future(lua_State* L, Scheduler& scheduler, int index);
/// Cancels a pending Future that is no Task. The message (a string, or nil) is on the top; it is popped.
void cancel_future(lua_State* L, Scheduler& scheduler, int index);

/// Pushes the results of the done future at `index` and returns their number, or raises its error.
int push_result_or_raise(lua_State* L, int index);
/// Pushes the error of a failed or cancelled future.
void push_exception(lua_State* L, int index);

/// Pushes the value of `key` in the extras of the future at `index`: nil when there is none.
void push_extra(lua_State* L, int index, const char* key);
/// Sets `key` in the extras of the future at `index` to the value on the top of the stack, and pops it.
void set_extra(lua_State* L, int index, const char* key);

}  // namespace neap::internal
