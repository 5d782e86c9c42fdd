// Waits for many futures at once, as cheaply as gather can: futures for which nobody else waits yet are counted, and
// nothing is linked. Whatever a Gathering cannot do, a Watch does.
//
// A Gathering is a userdata with a number; a pending future that it counts holds the number in place of `result_count`.
// User value 1 is the list of futures, which in the end becomes the list of results.
//
// Invariants
//  1. A pending future is counted by one Gathering at most, which was the first to wait for it: it is told first.
//  2. `pending` is how many futures hold the number; with the last of them it is free again, and the list is not
//     needed.
#pragma once

#include "runtime/task/task.hpp"

namespace neap::internal {

struct Gathering;

/// Called by the scheduler when a future that the Gathering counts has just been completed.
void gathered_future_done(Scheduler& scheduler, Gathering& gathering, const Future& future);

/// The task that waits for the future by a Gathering, null when none does.
Task* gathering_task(Scheduler& scheduler, const Future& future);

/// Lua function `gathering(list, count)`: a Gathering and the list of its futures, a copy; nothing when an item is no
/// future, or is one for which somebody waits already.
int new_gathering(lua_State* L);
/// Makes the type. Methods: `wait(mode)` with all_completed or first_failure, `first_failure()`.
void open_gathering(lua_State* L);

}  // namespace neap::internal
