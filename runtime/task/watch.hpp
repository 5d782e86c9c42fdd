// Waits for several futures at once: what gather, wait and as_completed are made of.
//
// A Watch is a userdata with one entry for each future, linked into that future's waiters. User value 1 is
// the list of futures. It is unlinked by `release`, or when it is collected.
#pragma once

#include "runtime/task/task.hpp"

namespace neap::internal {

/// When a wait on a Watch ends. A cancelled future is a failure but no exception, as in asyncio.
enum class WatchMode : std::uint8_t { first_completed, first_exception, first_failure, all_completed };

/// Called by the scheduler for the entry of a future that has just been completed.
void watched_future_done(Scheduler& scheduler, Waiter& waiter);

/// The task that waits by the entry, null when none does.
Task* watching_task(const Waiter& waiter);

/// Lua function `watch(list)`: the futures of the list; those already done count as completed first.
int new_watch(lua_State* L);
/// Makes the type. Methods: `wait(mode)`, `first_failure()`, `next()`, `release()`.
void open_watch(lua_State* L);

}  // namespace neap::internal
