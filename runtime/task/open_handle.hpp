// What a script opens and must close: files, and whatever else holds something of the system's.
//
// An OpenHandle is a base of the C++ object behind such a thing. While it is open it is in its scheduler's list,
// so that a test runner can tell which a test has left behind, and debug mode which were never closed.
//
// Invariants
//  1. It is in the list exactly while it is open: from `opened` to `closed` or to the destructor.
//  2. It dies before its scheduler, on the scheduler's thread, and stays where it is while it is open.
#pragma once

#include "runtime/task/waiter.hpp"

#include <lua.hpp>

#include <cstdint>
#include <string>

namespace neap::internal {

class Scheduler;
struct LimitGroup;

class OpenHandle : public WaitLink {
 public:
  /// `kind`: a word that lives for ever, "file".
  explicit OpenHandle(const char* kind) : kind_(kind) {}
  virtual ~OpenHandle() { closed(); }
  OpenHandle(const OpenHandle&) = delete;
  OpenHandle& operator=(const OpenHandle&) = delete;

  [[nodiscard]] const char* kind() const { return kind_; }
  /// What it is, for people: "File 'notes.txt'".
  [[nodiscard]] virtual std::string description() const = 0;
  /// Where it was opened, an index into Scheduler's places; 0 when unknown.
  [[nodiscard]] std::uint32_t place() const { return place_; }
  [[nodiscard]] bool is_open() const { return next != nullptr; }

  /// It is open now, by a call from the script that runs in `L`. No error of Lua's comes out of it.
  void opened(lua_State* L);
  /// It is closed now. It may be called again.
  void closed();
  /// To be called by the finalizer: in debug mode nobody having closed it is warned of.
  void collected(Scheduler& scheduler);

 private:
  friend class Scheduler;

  const char* kind_;
  std::uint32_t place_ = 0;
  LimitGroup* limit_ = nullptr;  // where it counts
  bool watched_ = false;         // opened in debug mode, and not warned of yet
};

/// Lua function `open_handles{timers=}`: a list of {kind=, description=, place=} of what is open, in the order of
/// opening; with `timers` also of the callbacks set by call_later and call_at, the next one first. `place` is
/// "file:line", or nil; that of a timer is known in debug mode.
int open_handles(lua_State* L);

}  // namespace neap::internal
